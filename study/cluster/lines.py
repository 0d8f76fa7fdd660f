"""What a check has found, a line for each thing that it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.text import printable

Level = Literal["ok", "note", "warning", "wrong"]
SIGNS: dict[Level, str] = {  # told apart by shape and word, not by colour alone
    "ok": "[green]✓[/green]",
    "note": "–",
    "warning": "[yellow]! warning[/yellow]",
    "wrong": "[red]✗ problem[/red]",
}


@dataclass(frozen=True)
class Line:
    """One check and its result; `fix` says what to do where it failed."""

    where: str
    what: str
    level: Level
    fact: str
    fix: str = ""


def print_lines(lines: Sequence[Line], console: Console) -> None:
    """What a host said is shown as text, whatever it would mean to a terminal or to rich."""
    table = Table.grid(padding=(0, 2))
    with_place = any(line.where for line in lines)
    for _ in range(3 + with_place):
        table.add_column(overflow="fold")
    for line in lines:
        fact = f"{line.fact.rstrip('.')}. {line.fix}" if line.fix else line.fact
        texts = [escape(printable(text)) for text in (line.where, line.what, fact)]
        table.add_row(SIGNS[line.level], *texts[not with_place :])
    console.print(table, highlight=False)
