"""Tables on the terminal: what stands in them cannot act on it, wherever it came from."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from hw3.text import printable

WIDEST = 10_000  # characters of a row


def print_columns(
    console: Console,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str] = (),
) -> None:
    """Print rows under headings.

    Args:
        headings: none are printed where all are empty.
        numbers: headings of the columns that are flush right.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.show_header = any(headings)
    for heading in headings:
        justify = "right" if heading in numbers else "left"
        table.add_column(plain(heading), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(plain, row))
    with _as_wide_as(table, console):
        console.print(table, highlight=False)


@contextmanager
def _as_wide_as(table: Table, console: Console) -> Iterator[None]:
    """Where it is no terminal that prints, no row is broken: a row is a line to grep and tail."""
    width = console.width
    if not console.is_terminal:
        room = console.options.update(max_width=WIDEST)
        console.width = max(width, Measurement.get(console, room, table).maximum)
    try:
        yield
    finally:
        console.width = width


def print_heading(console: Console, text: str) -> None:
    """Print a line in bold."""
    console.print(f"[bold]{plain(text)}[/bold]", highlight=False)


def print_plain(console: Console, text: str) -> None:
    """Print text as it is, long lines broken between words."""
    console.print(plain(text), highlight=False)


def print_line(console: Console, text: str) -> None:
    """Print text that is to be pasted: on one line, however wide the terminal is."""
    console.print(plain(text), highlight=False, soft_wrap=True)


def plain(text: object) -> str:
    """The text as rich prints it unchanged, control characters as their escapes."""
    return escape(printable(text))


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
