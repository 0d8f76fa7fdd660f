"""What ends a run and is all of a report: outputs written, verdicts on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from study.report.outputs import REPORT, write_outputs
from study.report.render import describe_scale, verdict_rows
from study.search.plan import Plan
from study.spec.registration import claim_notes, describe_notes
from study.spec.study import Study
from study.store.folder import Folder
from study.store.records import RecordStore
from study.table.units import NOTHING


def conclude(study: Study, plan: Plan, results: Folder, console: Console) -> None:
    """Write the study's folder from the records, and say what was found and where the report is.

    Args:
        results: holds the records; the lock of the study's folder in it must be held.
    """
    folder = results / study.name
    verdicts = write_outputs(study, plan, RecordStore(results), folder)
    print_verdicts(verdict_rows(study, verdicts), console)
    notes = claim_notes(study.claims, plan.claims)
    for warning in filter(None, (describe_notes(notes), describe_scale(plan.budget))):
        console.print(escape(warning), style="dim", highlight=False)
    console.print(f"report: {escape(f'{folder}/{REPORT}')}", highlight=False, soft_wrap=True)


def print_verdicts(rows: list[dict[str, str]], console: Console) -> None:
    """Each claim with its verdict, and below it what was found."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for row in rows:
        images = f", over test images {row['images']}" * (row["images"] != NOTHING)
        effect = f"{row['found']} ({row['interval']}{images})"
        found = f"{effect}, {row['n']} seeds, p {row['p']} after Holm"
        details = [found] * (row["n"] != "0") + [row["reason"]] * bool(row["reason"])
        grid.add_row(f"{row['symbol']} {row['verdict']}", escape(row["text"]))
        grid.add_row("", f"[dim]{escape('; '.join(details))}[/dim]")
    console.print("[bold]Verdicts[/bold] (mean over seeds, its 95 % interval)", highlight=False)
    console.print(grid, highlight=False)
