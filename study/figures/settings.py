"""Hyper-parameters along an axis: numbers on a scale, text and yes or no each at a place."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from study.figures.theme import scale_log_x
from study.table.formatting import find_column, format_setting

BY_RATIO = ("config_learning_rate", "config_weight_decay")  # besides sizes, which are whole numbers


def setting_values(values: Any, column: str) -> Any:
    """Values of a config column, as a series, as an axis takes them: floats, or words."""
    if find_column(column).is_numeric:
        return values.astype(float)
    return values.astype(object).map(format_setting, na_action="ignore").astype(object)


def words_of(values: Iterable[Any]) -> list[str]:
    """The different words in order; none where the values are numbers."""
    return sorted({value for value in values if isinstance(value, str)})


def place_words(values: Any, words: Sequence[str]) -> Any:
    """The place of each word of a series, from 0; NaN where missing. Without words, the series."""
    return values.map({word: float(n) for n, word in enumerate(words)}) if words else values


def label_words(ax: Axes, words: Sequence[str]) -> None:
    """Name the places of the x axis."""
    ax.set_xticks(range(len(words)), words)
    ax.set_xlim(-0.5, len(words) - 0.5)


def scale_setting(ax: Axes, column: str, x: np.ndarray, logarithmic: bool | None) -> None:
    """A log scale where the search has one; where that is not known, where ratios matter."""
    if logarithmic is None:
        logarithmic = find_column(column).dtype == "Int64" or column in BY_RATIO
    if logarithmic:
        scale_log_x(ax, x, max_ticks=4)
