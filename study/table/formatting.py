"""How the table's columns and their values are written for people: names, units, numbers."""

import math
from typing import Any

import numpy as np

from study.table.columns import COLUMNS, Column, all_columns, config_columns

NOTHING = "–"  # where there is no number
POINTS = "percentage points"
DECIMALS = 9  # of what is shown: a half that arithmetic moved is rounded as the half it is


def find_column(name: str) -> Column:
    """What is declared of a column; one without unit for a name that the table does not have."""
    known = COLUMNS.get(name) or all_columns().get(name) or config_columns().get(name)
    return known or Column("Float64", "", "")


def column_name(column: str) -> str:
    """What a column is called, without its unit."""
    return find_column(column).label or column.replace("_", " ")


def column_unit(column: str) -> str:
    """The unit that people read: % for a share, percentage points for a difference of shares."""
    found = find_column(column)
    if found.unit == "share":
        return POINTS if found.is_difference else "%"
    return "s" if found.unit == "seconds" else found.unit


def display_factor(column: str) -> float:
    """What a value is multiplied by before it is shown: 100 for a share."""
    return 100.0 if find_column(column).unit == "share" else 1.0


def format_value(column: str, value: float, difference: bool = False) -> str:
    """A number of the column with its unit; a difference of two carries its sign.

    A share is given in percent, a difference of shares in percentage points.
    """
    if math.isnan(value):
        return NOTHING
    number, unit = _number(column, value, difference), _unit(column, difference)
    if unit == POINTS and abs(_shown(column, value)) == 1:
        return f"{number.removesuffix('.0')} percentage point"
    return f"{number} {unit}".rstrip()


def format_setting(value: Any) -> str:
    """A hyper-parameter's value: whole numbers in full, others to three digits, text as it is."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"


def format_range(
    column: str, low: float, high: float, difference: bool = False, with_unit: bool = True
) -> str:
    """Two numbers of the column with their common unit."""
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    ends = (_number(column, low, difference), _number(column, high, difference))
    unit = _unit(column, difference) if with_unit else ""
    return f"{' to '.join(ends)} {unit}".rstrip()


def _unit(column: str, difference: bool) -> str:
    unit = column_unit(column)
    return POINTS if unit == "%" and difference else unit


def _shown(column: str, value: float) -> float:
    """The value in the unit that people read, without the noise of arithmetic."""
    return round(display_factor(column) * value, DECIMALS)


def _number(column: str, value: float, difference: bool) -> str:
    """The number alone: one decimal of a percentage, three of a loss, whole counts; no -0."""
    found, value = find_column(column), _shown(column, value)
    sign = "+" if difference or found.is_difference else ""
    if found.unit == "share":
        text = f"{value:{sign}z.1f}"
    elif found.unit == "nats":
        text = f"{value:{sign}z.3f}"
    elif found.unit == "seconds":
        text = f"{value:{sign}.3g}" if abs(value) < 1000 else f"{value:{sign},.0f}"
    elif abs(value) >= 1e6:
        text = f"{value / 1e6:{sign},.1f} M"
    elif value == round(value):
        text = f"{value:{sign},.0f}"
    else:
        text = f"{value:{sign}.3g}"
    return text.replace("-", "−")
