"""The line of a model that always gives the same answer, in every panel of accuracies."""

from collections.abc import Iterable
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from study.figures.theme import INK
from study.table.constant import Constant
from study.table.formatting import display_factor

LINE = {"color": INK, "linestyle": ":", "linewidth": 1.2, "zorder": 1.2}


def add_constant(frame: pd.DataFrame, scores: Iterable[str], constant: Constant | None) -> str:
    """Give a figure's frame what `draw_constant` draws, and its note the values, which stand there
    alone where they lie beyond an axis.

    Args:
        frame: with its `attrs["note"]`.
        scores: the columns that the figure's axes show.
        constant: None where it is not known.

    Returns:
        The values in words; empty where there are none.
    """
    said = constant.describe(scores) if constant else ""
    if said:
        frame.attrs |= {"constant": constant, "note": f"{frame.attrs['note']}; {said}"}
    return said


def draw_constant(
    ax: Axes, frame: pd.DataFrame, score: str, along: Literal["x", "y"] = "y"
) -> dict[str, Line2D]:
    """A thin line at what the constant answer scores, where the axis reaches so far: it must not
    press what is drawn together. To be called when all else is drawn.

    Args:
        score: the column that the axis shows.
        along: the axis.

    Returns:
        The line by its label in the legend; empty where there is none.
    """
    constant: Constant | None = frame.attrs.get("constant")
    level = constant.accuracy(score) if constant else None
    if constant is None or level is None:
        return {}
    place = level * display_factor(score)
    low, high = sorted(ax.get_xlim() if along == "x" else ax.get_ylim())
    if not low <= place <= high:
        return {}
    draw = ax.axvline if along == "x" else ax.axhline
    return {constant.name: draw(place, **LINE)}
