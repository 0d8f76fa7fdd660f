"""The blocks that a report is made of; HTML and Markdown are rendered from the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from study.figures.draw import DrawnFigure


@dataclass(frozen=True)
class Text:
    """A paragraph; `faint` where it only explains the block above it."""

    kind: ClassVar = "text"
    text: str
    faint: bool = False


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    kind: ClassVar = "code"
    text: str


@dataclass(frozen=True)
class Pairs:
    """Names and values, a line each."""

    kind: ClassVar = "pairs"
    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """A figure of the study, or in its place the reason why it was not drawn."""

    kind: ClassVar = "picture"
    figure: DrawnFigure


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: its first line.
        small: further lines, in small print.
        order: number by which its column is sorted, NaN last; by the text where None.
        sign: symbol in front of the text.
        style: class of the cell in the style sheet, without the prefix "style-".
        folded: text that is shown where a reader asks for it.
    """

    text: str
    small: Sequence[str] = ()
    order: float | None = None
    sign: str = ""
    style: str = ""
    folded: str = ""


@dataclass(frozen=True)
class Column:
    """The head of a table's column; numbers are aligned to the right."""

    name: str
    number: bool = True


@dataclass(frozen=True)
class Table:
    """Rows with one cell per column."""

    kind: ClassVar = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


Block = Text | Code | Pairs | Picture | Table


@dataclass(frozen=True)
class Section:
    """A heading and the blocks below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """All that a report says.

    Attributes:
        title, question: of the study.
        warnings: what a reader must know before any number.
        counts: how many claims got which verdict, in a sentence.
        sections: in the reader's order.
    """

    title: str
    warnings: Sequence[str]
    question: str
    counts: str
    sections: Sequence[Section]
