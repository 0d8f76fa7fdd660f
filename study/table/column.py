"""What is declared of a column, and the kinds of columns that there are several of."""

import math
from dataclasses import dataclass
from typing import Literal

Dtype = Literal["string", "boolean", "Int64", "Float64"]
Unit = Literal["", "pixels", "epochs", "share", "nats", "seconds", "bytes"]


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        dtype: of pandas; each of them has a missing value.
        unit: of its values; empty for counts and text. A share is from 0 to 1.
        meaning: what it holds.
        label: what axes and reports call it, without the unit; the column's name where empty.
        is_difference: whether it is one score minus another, so that its sign is always written.
        higher_is_better: whether the greater of two values is the better one; not so for losses,
            gaps and costs, nor where neither is better.
        least, most: what no number of it is below or above; infinite where there is no bound.
        values: the texts that it holds; empty where it may be any.
    """

    dtype: Dtype
    unit: Unit
    meaning: str
    label: str = ""
    is_difference: bool = False
    higher_is_better: bool = False
    least: float = -math.inf
    most: float = math.inf
    values: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """Which values it may have, in words: "0 to 1", "0 or more"; empty where any."""
        if self.dtype == "boolean":
            return "True or False"
        if not self.is_numeric:
            return ", ".join(self.values)
        least, most = (f"{bound:,.12g}" for bound in (self.least, self.most))
        if math.isfinite(self.most):
            return f"{least} to {most}" if math.isfinite(self.least) else f"{most} or less"
        return f"{least} or more" if math.isfinite(self.least) else ""

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers, so that a claim or a figure can be about it."""
        return self.dtype in ("Int64", "Float64")


def text_column(meaning: str, values: tuple[str, ...] = ()) -> Column:
    return Column("string", "", meaning, values=values)


def flag_column(meaning: str) -> Column:
    return Column("boolean", "", meaning)


def count_column(meaning: str, unit: Unit = "", label: str = "", least: int = 0) -> Column:
    return Column("Int64", unit, meaning, label, least=least)


def loss_column(meaning: str, label: str = "") -> Column:
    return Column("Float64", "nats", meaning, label, least=0)


def score_column(meaning: str, label: str) -> Column:
    return Column("Float64", "share", meaning, label, higher_is_better=True, least=0, most=1)


def gap_column(unit: Unit, meaning: str, label: str) -> Column:
    most = 1 if unit == "share" else math.inf
    return Column("Float64", unit, meaning, label, is_difference=True, least=-most, most=most)


def seconds_column(meaning: str, label: str = "") -> Column:
    return Column("Float64", "seconds", meaning, label, least=0)
