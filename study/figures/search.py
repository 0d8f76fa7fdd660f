"""The searches: the best so far of what they optimise over the epochs spent, one line each."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.axis_labels import axis_label
from study.figures.theme import COLOURS, LINES, MARKERS, add_legend, scale_objective
from study.table.formatting import column_name, find_column, format_value
from study.table.trials import explored_ends, objective_of


def frame_of_search(table: pd.DataFrame) -> pd.DataFrame:
    """Explored trials in the order of their proposal; empty where none reached its full length.

    Returns:
        One row per trial: candidate, label, key, number, status, epochs (of the trial), spent
        (epochs of the search up to its end), the objective's column (val_loss in nats; missing
        unless at full length) and best (the best of it so far).
    """
    ends = explored_ends(table)
    objective = objective_of(ends)
    complete = (ends["status"] == "complete") & ends[objective].notna()
    if True not in complete.tolist():
        return pd.DataFrame()
    frame = ends[["candidate", "label", "key", "number", "status"]].assign(
        epochs=ends["epoch"],
        **{objective: ends[objective].where(complete).astype(float)},
    )
    searches = frame.groupby("candidate", sort=False)
    higher = find_column(objective).higher_is_better
    best = searches[objective].cummax() if higher else searches[objective].cummin()
    frame = frame.assign(spent=searches["epochs"].cumsum(), best=best).reset_index(drop=True)
    frame["best"] = frame.groupby("candidate", sort=False)["best"].ffill()
    frame.attrs["objective"] = objective
    frame.attrs["note"] = (
        "Dots: trials at full length, one seed each, in the order of proposal; lines: best so far"
    )
    return frame


def draw_search(frame: pd.DataFrame, figure: Figure) -> None:
    """Steps of the best so far, and a dot at the end of each trial of full length."""
    figure.set_figheight(3.2)
    ax, objective = figure.subplots(), frame.attrs["objective"]
    handles = {}
    for place, (_, search) in enumerate(frame.groupby("candidate", sort=False)):
        color, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        style = LINES[place % len(LINES)]
        spent, best, each = (search[name].to_numpy(float) for name in ("spent", "best", objective))
        ax.plot(spent, best, drawstyle="steps-post", color=color, linewidth=2, linestyle=style)
        ax.plot(spent, each, linestyle="none", marker=marker, color=color, alpha=0.45)
        handles[search["label"].iloc[0]] = Line2D(
            [], [], color=color, linestyle=style, marker=marker
        )
    scale_objective(ax, objective, "y")
    ax.set_xlabel("epochs spent in the search, stopped trials included")
    ax.set_ylabel(axis_label(objective))
    add_legend(figure, handles)


def describe_search(frame: pd.DataFrame) -> str:
    """Each search's end in words."""
    ends, objective = frame.groupby("label", sort=False).last(), frame.attrs["objective"]
    said = [
        f"{label}: {format_value(objective, best)} after {spent:,} epochs"
        for label, best, spent in zip(ends.index, ends["best"], ends["spent"], strict=True)
    ]
    return f"Best {column_name(objective)}: {'; '.join(said)}."
