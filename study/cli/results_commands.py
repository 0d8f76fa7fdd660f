"""`python -m study list` and `diff`: what lies in results folders."""

import click
from rich.console import Console

from study.cli.command import fail
from study.spec.errors import StudyError


@click.command("list")
@click.option("--results", default="results", show_default=True, help="Folder or URI of runs.")
def list_command(results: str) -> None:
    """List the studies of a results folder: state, trials, verdicts, and when they last ran.

    States: running; finished; unfinished, ended with trainings that failed or are missing;
    interrupted, by a user or by what killed it. For the last two the command that goes on is said.
    """
    from study.cli.shelf import list_studies
    from study.store.open import open_folder

    try:
        list_studies(open_folder(results), Console())
    except (StudyError, OSError) as error:
        fail(error)


@click.command("diff")
@click.argument("first")
@click.argument("second")
@click.option("--study", "name", help="Compare this study alone  [default: all that both have]")
def diff_command(first: str, second: str, name: str | None) -> None:
    """Say which verdicts, effects and settings differ between two runs, and why they may.

    FIRST and SECOND are results folders or their URIs, a study's folder in one, or a file of such a
    folder (verdicts.json, report.html). The exit code says nothing of what was found.
    """
    from study.cli.diff import diff

    try:
        diff(first, second, name, Console())
    except (StudyError, OSError) as error:
        fail(error)
