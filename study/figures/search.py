"""The searches: best validation loss so far over the epochs spent, one line each."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.axis_labels import axis_label
from study.figures.theme import COLOURS, LINES, MARKERS, WIDTH, add_legend, scale_log_loss
from study.table.formatting import format_value
from study.table.trials import explored_ends


def frame_of_search(table: pd.DataFrame) -> pd.DataFrame:
    """Explored trials in the order of their proposal; empty where none reached its full length.

    Returns:
        One row per trial: candidate, label, key, number, status, epochs (of the trial), spent
        (epochs of the search up to its end), val_loss (nats, missing unless at full length) and
        best (the least val_loss so far).
    """
    ends = explored_ends(table)
    complete = ends["status"] == "complete"
    if True not in complete.tolist():
        return pd.DataFrame()
    frame = ends[["candidate", "label", "key", "number", "status"]].assign(
        epochs=ends["epoch"],
        val_loss=ends["val_loss"].where(complete).astype(float),
    )
    searches = frame.groupby("candidate", sort=False)
    frame = frame.assign(
        spent=searches["epochs"].cumsum(), best=searches["val_loss"].cummin()
    ).reset_index(drop=True)
    frame["best"] = frame.groupby("candidate", sort=False)["best"].ffill()
    frame.attrs["note"] = (
        "Dots: trials at full length, one seed each, in the order of proposal; lines: best so far"
    )
    return frame


def draw_search(frame: pd.DataFrame, figure: Figure) -> None:
    """Steps of the best so far, and a dot at the end of each trial of full length."""
    figure.set_size_inches(WIDTH, 3.2)
    ax = figure.subplots()
    handles = {}
    for place, (_, search) in enumerate(frame.groupby("candidate", sort=False)):
        color, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        style = LINES[place % len(LINES)]
        spent, best, loss = (search[name].to_numpy(float) for name in ("spent", "best", "val_loss"))
        ax.plot(spent, best, drawstyle="steps-post", color=color, linewidth=2, linestyle=style)
        ax.plot(spent, loss, linestyle="none", marker=marker, color=color, alpha=0.45)
        handles[search["label"].iloc[0]] = Line2D(
            [], [], color=color, linestyle=style, marker=marker
        )
    scale_log_loss(ax, "y")
    ax.set_xlabel("epochs spent in the search, stopped trials included")
    ax.set_ylabel(axis_label("val_loss"))
    add_legend(figure, handles)


def describe_search(frame: pd.DataFrame) -> str:
    """Each search's end in words."""
    ends = frame.groupby("label", sort=False).last()
    said = [
        f"{label}: {format_value('val_loss', best)} after {spent:,} epochs"
        for label, best, spent in zip(ends.index, ends["best"], ends["spent"], strict=True)
    ]
    return f"Best validation loss: {'; '.join(said)}."
