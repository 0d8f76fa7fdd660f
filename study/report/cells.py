"""Cells of the report's tables, and the rows of the frames that they are made from."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from study.report.blocks import Cell
from study.table.formatting import NOTHING, format_value


def number_cell(column: str, value: float, *small: str) -> Cell:
    """A number with the unit of a column of the study's table."""
    return Cell(format_value(column, value), small, order=value)


def count_cell(count: int, planned: int = 0) -> Cell:
    """A count, and how many were planned where it is less."""
    return Cell(f"{count:,}", [f"of {planned:,}"] * (count < planned), order=count)


def sourced(cells: Iterable[Cell], source: str) -> list[Cell]:
    """The cells, with what their numbers come from wherever there is one."""
    return [cell if cell.text == NOTHING else replace(cell, source=source) for cell in cells]


def frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
