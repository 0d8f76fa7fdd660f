"""A score against what it costs, and the Pareto front: what nothing beats in both.

Beside the candidates, which are means over seeds, stand the single trials of the searches that ran
to their end. These show what lies between, and that is all: the best of many single trials looks
better than it is.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from hw3.cost import MEASURES
from hw3.models import FAMILIES
from study.figures.axis_labels import axis_label
from study.figures.constant import draw_constant
from study.figures.marker_labels import place_labels
from study.figures.theme import FAINT, FAMILY_STYLES, LogTicks, add_legend
from study.table.formatting import column_name, display_factor, find_column, format_value
from study.table.seeds import (
    confirmed_finals,
    describe_left_out,
    describe_same,
    describe_seeds,
    name_once,
    summarise_seeds,
)

PANEL = 3.1  # inches
SMALL = "; small: single trials of a search, pale where another one beats them in both"


def frame_of_pareto(table: pd.DataFrame, *, y: str, xs: Sequence[str]) -> pd.DataFrame:
    """Final score and cost of every candidate; empty where none was confirmed.

    Args:
        y: the score, a column.
        xs: the costs, columns; one panel each.

    Returns:
        One row per cost and candidate, then one per cost and trial of a search: stage ("confirm",
        "explore"), cost, score (the columns' names), candidate, label, family, x, x_low, x_high,
        mean, low, high, n, exact (see `summarise_seeds`) and on_front, of a trial whether it is on
        its search's. Candidates of one configuration are one.
    """
    finals = name_once(confirmed_finals(table))
    scores = summarise_seeds(finals, ["candidate", "label", "family"], y)
    panels = []
    for x in xs:
        costs = summarise_seeds(finals, ["candidate"], x)[["candidate", "mean", "low", "high"]]
        costs.columns = ["candidate", "x", "x_low", "x_high"]
        panel = scores.merge(costs.loc[costs["x"] > 0], on="candidate").assign(stage="confirm")
        panels += [_with_front(each, x, y) for each in (panel, *_trials(table, x, y)) if len(each)]
    frame = pd.concat(panels, ignore_index=True) if panels else scores
    if panels:
        note = describe_seeds(scores, "bar") + describe_same(scores["label"])
        note += describe_left_out(table, list(scores["candidate"]))
        frame.attrs["note"] = note + SMALL * _has_trials(frame)
    elif len(scores):
        names = " and ".join(column_name(x) for x in xs)
        frame.attrs["found"] = f"{names} of these models are not known"
    return frame


def _trials(table: pd.DataFrame, x: str, y: str) -> Iterator[pd.DataFrame]:
    """The trials of each search that ran to their end, where their cost is one of the model. What
    they took beside others says more of the machine's load than of them."""
    if x not in MEASURES:
        return
    ends = table.loc[(table["stage"] == "explore") & table["is_final"]]
    ends = ends.loc[(ends["status"] == "complete") & (ends[x] > 0) & ends[y].notna()]
    for _, rows in ends.groupby("candidate", sort=False):
        cost, score = rows[x].astype(float), rows[y].astype(float)
        same = {"x": cost, "x_low": cost, "x_high": cost, "mean": score, "low": score}
        yield rows[["candidate", "label", "family"]].assign(
            **same, high=score, n=1, exact=False, stage="explore"
        )


def _with_front(panel: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    cost, score = (panel[name].to_numpy(float) for name in ("x", "mean"))
    on_front = pareto_front(cost, score, find_column(y).higher_is_better)
    return panel.assign(cost=x, score=y, on_front=on_front)


def _has_trials(frame: pd.DataFrame) -> bool:
    return bool((frame["stage"] == "explore").any())


def pareto_front(cost: np.ndarray, score: np.ndarray, higher_is_better: bool) -> list[bool]:
    """Whether each is on the Pareto front: no other is at least as good in both and better in one.

    Args:
        cost: of each, the lower the better, (N,).
        score: of each, (N,).
    """
    gain = score if higher_is_better else -score
    return [
        not (((cost <= c) & (gain >= g)) & ((cost < c) | (gain > g))).any()
        for c, g in zip(cost, gain, strict=True)
    ]


def draw_pareto(frame: pd.DataFrame, figure: Figure) -> None:
    """One panel per cost, on a log scale, every candidate with its label; trials are small."""
    costs = frame["cost"].unique()
    figure.set_figheight(PANEL * len(costs))
    axes = figure.subplots(len(costs), 1, squeeze=False)[:, 0]
    handles = {
        FAMILIES[family].title: Line2D([], [], linestyle="none", **_dot(family))
        for family in frame["family"].unique()
    }
    handles["Pareto front: nothing is both cheaper and better"] = Line2D([], [], **FRONT_LINE)
    lines = {}
    for cost, ax in zip(costs, axes, strict=True):
        lines[cost] = _draw_panel(ax, frame.loc[frame["cost"] == cost])
        constant = draw_constant(ax, frame, str(frame["score"].iloc[0]))
        handles |= constant
        for line in constant.values():
            ends = np.column_stack([ax.get_xlim(), np.ravel(line.get_ydata())])
            lines[cost] = np.concatenate([lines[cost], ends[None]])
    add_legend(figure, handles)
    figure.draw_without_rendering()  # labels are placed when the panels have their sizes
    for cost, ax in zip(costs, axes, strict=True):
        rows = frame.loc[(frame["cost"] == cost) & (frame["stage"] == "confirm")]
        middles = rows[["x", "mean"]].to_numpy(float) * [1, display_factor(rows["score"].iloc[0])]
        place_labels(ax, rows["label"].tolist(), middles, lines[cost])


FRONT_LINE = {"color": FAINT, "linestyle": "--", "linewidth": 1.4, "zorder": 1}


def describe_pareto(frame: pd.DataFrame) -> str:
    """The Pareto front of each cost in words."""
    said = []
    for cost, rows in frame.loc[frame["stage"] == "confirm"].groupby("cost", sort=False):
        front = rows.loc[rows["on_front"]].sort_values("x")
        candidates = [
            f"{label} ({format_value(str(cost), x)}, {format_value(score, mean)})"
            for label, x, score, mean in zip(
                front["label"], front["x"], front["score"], front["mean"], strict=True
            )
        ]
        said.append(f"Pareto front by {column_name(str(cost))}: {', '.join(candidates)}.")
    return " ".join(said)


def _draw_panel(ax: Axes, rows: pd.DataFrame) -> np.ndarray:
    """Markers, bars and front; the ends of all lines, (M, 2, 2), for the labels to keep clear."""
    cost, score = str(rows["cost"].iloc[0]), str(rows["score"].iloc[0])
    factor = display_factor(score)
    lines, trials = [], rows.loc[rows["stage"] == "explore"]
    for (family, on_front), points in trials.groupby(["family", "on_front"], sort=False):
        style = _small_dot(str(family), alpha=0.9 if on_front else 0.3)
        ax.plot(points["x"], points["mean"] * factor, **style)
    rows = rows.loc[rows["stage"] == "confirm"]
    for row in rows.to_dict("records"):
        style, x, mean = _dot(row["family"]), row["x"], row["mean"] * factor
        upright = [(x, row["low"] * factor), (x, row["high"] * factor)]
        level = [(row["x_low"], mean), (row["x_high"], mean)]
        ax.plot(x, mean, **style, zorder=3)
        ax.add_collection(LineCollection([upright, level], colors=style["color"], linewidths=2))
        lines += [upright, level]
    ax.set_xscale("log")
    ax.margins(x=0.12, y=0.15)
    ax.autoscale_view()
    ax.set_xlim(ax.get_xlim())
    ax.set_ylim(ax.get_ylim())
    front = rows.loc[rows["on_front"]].sort_values("x")
    corners = _staircase(front["x"], front["mean"] * factor, right=ax.get_xlim()[1])
    ax.plot(*zip(*corners, strict=True), **FRONT_LINE)
    ax.xaxis.set_major_locator(LogTicks())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: short_number(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(axis_label(cost))
    ax.set_ylabel(axis_label(score))
    return np.array(lines + list(pairwise(corners)), dtype=float)


def _staircase(x: pd.Series, y: pd.Series, right: float) -> list[tuple[float, float]]:
    """Corners of the steps from marker to marker, level first, and on to the right edge."""
    corners = []
    for left, height, end in zip(x, y, [*x[1:], right], strict=True):
        corners += [(left, height), (end, height)]
    return corners


def short_number(value: float) -> str:
    """Three digits and a magnitude: 1,500 is 1.5 k."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _small_dot(family: str, alpha: float) -> dict:
    small = {"markersize": 5, "alpha": alpha, "markeredgewidth": 0, "zorder": 2}
    return FAMILY_STYLES[family] | small | {"linestyle": "none"}


def _dot(family: str) -> dict:
    return FAMILY_STYLES[family] | {"markersize": 9, "markeredgecolor": "white"}
