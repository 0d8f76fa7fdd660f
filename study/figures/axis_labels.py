"""The label of an axis: what a column is called, with its unit."""

from study.table.formatting import column_name, column_unit


def axis_label(column: str) -> str:
    """Name and unit, for an axis."""
    unit = column_unit(column)
    return f"{column_name(column)} ({unit})" if unit else column_name(column)
