"""The blocks that a report is made of; HTML and Markdown are rendered from the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from study.figures.draw import DrawnFigure


@dataclass(frozen=True)
class Text:
    """A paragraph: "lead" where it is an answer, "faint" where it explains what is above it."""

    kind: ClassVar = "text"
    text: str
    style: Literal["", "lead", "faint"] = ""


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
class Pictures:
    """Drawn figures, side by side where the page is wide enough."""

    kind: ClassVar = "pictures"
    figures: Sequence[DrawnFigure]


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


Block = Text | Code | Pairs | Pictures | Table


@dataclass(frozen=True)
class Section:
    """A heading and the blocks below it."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """What links to it name."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True)
class Running:
    """That a report is of a run which has not reached its end.

    Attributes:
        state: "running" until it is known that the run has ended.
        words: how far it is, in a sentence without a full stop; why it failed, of one that did.
        written: when, ISO 8601 in UTC.
        next_in: seconds after which the page is written again at the latest.
        command: that makes the run, and resumes it.
    """

    state: Literal["running", "finished", "interrupted", "failed"]
    words: str
    written: str
    next_in: float
    command: str


@dataclass(frozen=True)
class Report:
    """All that a report says.

    Attributes:
        title, question: of the study.
        warnings: what a reader must know before any number.
        sections: in the reader's order.
        running: None for a run that has reached its end.
    """

    title: str
    warnings: Sequence[str]
    question: str
    sections: Sequence[Section]
    running: Running | None = None
