"""`python -m study`: what there is."""

import importlib

from rich.console import Console
from rich.table import Table

TASKS = ("task_a", "task_b", "task_c")


def main() -> None:
    """List tasks, data sources, model families and samplers, each with its description."""
    from hw3.data import SOURCES
    from hw3.models import FAMILIES
    from study.samplers import SAMPLERS

    studies = [importlib.import_module(f"study.{name}").STUDY for name in TASKS]
    console = Console()
    for title, rows in (
        ("Tasks: python -m study.NAME", {study.name: study.question for study in studies}),
        ("Data sources: --data", {name: source.takes for name, source in SOURCES.items()}),
        ("Model families", {name: family.title for name, family in FAMILIES.items()}),
        ("Samplers: --sampler", dict.fromkeys(SAMPLERS, "")),
    ):
        table = Table.grid(padding=(0, 2))
        for name, text in rows.items():
            table.add_row(f"  [bold]{name}[/bold]", text)
        console.print(f"[bold]{title}[/bold]", highlight=False)
        console.print(table, highlight=False)


if __name__ == "__main__":
    main()
