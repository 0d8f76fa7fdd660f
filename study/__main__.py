"""`python -m study`: what there is; `submit` and `cluster check` for clusters."""

import importlib
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from study.spec.errors import StudyError
from study.spec.study import Study

TASKS = ("task_a", "task_b", "task_c")
JOBS_ADDRESS = "http://127.0.0.1:8265"


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """What there is: tasks, data sources, model families and samplers."""
    if context.invoked_subcommand is None:
        list_everything()


@main.command("submit", context_settings={"ignore_unknown_options": True})
@click.argument("task")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE TASK]...")
@click.option("--address", default=JOBS_ADDRESS, show_default=True, help="Of Ray's jobs API.")
def submit_command(task: str, arguments: tuple[str, ...], address: str) -> None:
    """Hand a task to a cluster and follow its log; the same command finds it again.

    TASK is task_a, task_b, task_c or a module of your own in `study`.
    """
    from study.cli.command import command
    from study.cluster.submit import check_results, submit

    try:
        options = command(find_study(task)).make_context(f"study.{task}", list(arguments)).params
        check_results(options)
        sys.exit(submit(task, arguments, options, address))
    except StudyError as error:
        fail(error)


@main.group("cluster")
def cluster_group() -> None:
    """A cluster's hosts, before they are used."""


@cluster_group.command("check")
@click.argument("config", type=click.Path(path_type=Path), default=Path("cluster.yaml"))
@click.option("--results", help="The path that all hosts share, to be tried on each.")
def check_command(config: Path, results: str | None) -> None:
    """Look whether `ray up CONFIG` would work: the file, the token, and every host.

    One line for each thing that was looked at; exit code 1 where one is wrong.
    """
    from study.cluster.check import check_cluster

    try:
        sys.exit(check_cluster(config, results, Console()))
    except StudyError as error:
        fail(error)


def find_study(task: str) -> Study:
    """The study of a task's module.

    Raises:
        StudyError: there is no such module.
    """
    try:
        return importlib.import_module(f"study.{task}").STUDY
    except (ImportError, AttributeError) as error:
        raise StudyError(
            f"no task {task!r}. There are {', '.join(TASKS)}; one of your own is a module in "
            "`study` with a STUDY."
        ) from error


def fail(error: StudyError) -> None:
    click.echo(f"error: {error}", err=True)
    sys.exit(1)


def list_everything() -> None:
    """List tasks, data sources, model families and samplers, each with its description."""
    from hw3.data import SOURCES
    from hw3.models import FAMILIES
    from study.search.samplers import SAMPLERS

    studies = [find_study(name) for name in TASKS]
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
    main(prog_name="python -m study")
