"""Slices: what the searches optimise, of the explored trials over each searched hyper-parameter."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.axis_labels import axis_label
from study.figures.settings import (
    label_words,
    place_words,
    scale_setting,
    setting_values,
    words_of,
)
from study.figures.theme import (
    COLOURS,
    INK,
    add_legend,
    scale_objective,
    wrap_label,
)
from study.table.formatting import column_name, find_column, format_value
from study.table.trials import (
    LOGARITHMIC,
    best_first,
    explored_ends,
    is_logarithmic,
    name_searched,
    objective_of,
    searched_columns,
)

ACROSS, PANEL = 3, 2.5  # panels beside each other, inches of one's height
# columns of the frame, between which that of the objective stands
FRAME = ("candidate", "label", "column", "name", "key", "number", "status", "epoch", "x")
MARKED = ("chosen", "hand_picked")
BEFORE = {"linestyle": "none", "marker": "o", "markersize": 6, "color": COLOURS[0]}
RING = {"linestyle": "none", "color": INK, "markerfacecolor": "none", "markeredgewidth": 1.6}
# entry of the legend: (which rows, style)
MARKS = {
    "stopped, at its last epoch": ("stopped", BEFORE | {"markerfacecolor": "white"}),
    "full length": ("complete", BEFORE),
    "hand-picked": ("hand_picked", RING | {"marker": "D", "markersize": 11}),
    "chosen": ("chosen", RING | {"marker": "s", "markersize": 14}),
}


def frame_of_slices(table: pd.DataFrame, *, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Explored trials with a loss, along each hyper-parameter that their search varied.

    Args:
        names: config column -> what it is called, where its own name does not say enough (one
            that sets several).

    Returns:
        The columns of FRAME, the objective's (val_loss in nats) and those of MARKED, one row per
        searched column and trial: x is the column's value, a number or words, the objective that
        of the trial's last epoch, status complete or stopped. `chosen` is the best full-length
        trial of its search, `hand_picked` one that the search names. Empty where no search has
        two different trials.
    """
    ends = explored_ends(table)
    objective = objective_of(ends)
    columns = [*FRAME, objective, *MARKED]
    ends = ends.loc[ends["status"].isin(["complete", "stopped"]) & ends[objective].notna()]
    parts = []
    for _, trials in ends.groupby("candidate", sort=False):
        full = best_first(trials.loc[trials["status"] == "complete"], objective)
        marked = trials.assign(
            chosen=trials["key"].isin(full["key"].head(1)),
            hand_picked=trials["hand_picked"].fillna(False),
        )
        for column, tied in searched_columns(trials).items():
            name = name_searched(column, tied, names or {})
            mine = marked.assign(column=column, name=name, x=setting_values(trials[column], column))
            parts.append(mine.dropna(subset=["x"]))
    if not parts:
        return pd.DataFrame(columns=columns)
    frame = pd.concat(parts, ignore_index=True).loc[:, columns]
    frame.attrs[LOGARITHMIC] = table.attrs.get(LOGARITHMIC, {})
    frame.attrs["objective"] = objective
    trials = frame.drop_duplicates(["candidate", "key"])
    counts = trials["status"].value_counts()
    frame.attrs["note"] = (
        f"One seed per trial; n = {counts.get('complete', 0)} trials at full length, "
        f"{counts.get('stopped', 0)} stopped early"
    )
    return frame


def draw_slices(frame: pd.DataFrame, figure: Figure) -> None:
    """A panel for each searched hyper-parameter of each search, one loss axis for all; the search's
    name stands over the first of its panels."""
    panels = list(frame.groupby(["candidate", "column"], sort=False))
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure.set_figheight(PANEL * down + 0.2)
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    titled = ""
    for ax, (_, rows) in zip(grid.flat, panels, strict=False):
        search, column = rows["candidate"].iloc[0], rows["column"].iloc[0]
        _draw_panel(ax, rows, frame.attrs["objective"], is_logarithmic(frame, search, column))
        if search != titled:
            ax.set_title(wrap_label(rows["label"].iloc[0], 26))
            titled = search
    for ax in grid[:, 0]:
        ax.set_ylabel(axis_label(frame.attrs["objective"]))
    for ax in grid.flat[len(panels) :]:
        ax.set_axis_off()
    handles = {
        label: Line2D([], [], **style)
        for label, (which, style) in MARKS.items()
        if _is_marked(frame, which).any()
    }
    add_legend(figure, handles)


def _draw_panel(ax: Axes, rows: pd.DataFrame, objective: str, logarithmic: bool | None) -> None:
    words = words_of(rows["x"])
    places = place_words(rows["x"], words)
    for which, style in MARKS.values():
        is_mine = _is_marked(rows, which)
        ax.plot(places.loc[is_mine].astype(float), rows.loc[is_mine, objective], **style)
    ax.margins(0.12)
    scale_objective(ax, objective, "y")
    if words:
        label_words(ax, words)
    else:
        scale_setting(ax, rows["column"].iloc[0], places.to_numpy(float), logarithmic)
    ax.set_xlabel(wrap_label(rows["name"].iloc[0], 24))


def _is_marked(rows: pd.DataFrame, which: str) -> np.ndarray:
    """Whether each row is of a status, or of the chosen or hand-picked."""
    marked = rows[which] if which in rows else rows["status"] == which
    return marked.to_numpy(bool)


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def describe_slices(frame: pd.DataFrame) -> str:
    """What each search chose, in words."""
    said, objective = [], frame.attrs["objective"]
    for _, rows in frame.loc[frame["chosen"].astype(bool)].groupby("candidate", sort=False):
        values = [f"{row['name']} {_short(row['x'])}" for row in rows.to_dict("records")]
        score = format_value(objective, rows[objective].iloc[0])
        said.append(f"{rows['label'].iloc[0]}: {', '.join(values)} with {score}")
    trials = frame.drop_duplicates(["candidate", "key"])
    best = "Greatest" if find_column(objective).higher_is_better else "Least"
    return f"{len(trials)} explored trials. {best} {column_name(objective)}: {'; '.join(said)}."
