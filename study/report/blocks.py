"""The blocks that a report is made of; HTML and Markdown are rendered from the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from study.figures.draw import DrawnFigure


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        style: "lead" of an answer, "faint" of what only explains the block above it.
        sources: keys of the `Source` records that its numbers come from.
    """

    kind: ClassVar = "text"
    text: str
    style: Literal["", "lead", "faint"] = ""
    sources: Sequence[str] = ()


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
        source: key of the `Source` that the number comes from.
    """

    text: str
    small: Sequence[str] = ()
    order: float | None = None
    sign: str = ""
    style: str = ""
    folded: str = ""
    source: str = ""


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


@dataclass(frozen=True)
class Source:
    """Where numbers of the report come from.

    Attributes:
        key: by which cells and texts name it.
        title: which numbers they are.
        records: those that they were computed from.
        command: what computes them again.
    """

    key: str
    title: str
    records: str
    command: str


@dataclass(frozen=True)
class Sources:
    """A numbered list; the page shows an entry wherever one of its numbers is pointed at."""

    kind: ClassVar = "sources"
    items: Sequence[Source]


Block = Text | Code | Pairs | Pictures | Table | Sources


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

    @property
    def places(self) -> dict[str, int]:
        """The number of each source in their list, by its key."""
        blocks = [block for section in self.sections for block in section.blocks]
        sources = [one for block in blocks if isinstance(block, Sources) for one in block.items]
        return {source.key: place for place, source in enumerate(sources, 1)}
