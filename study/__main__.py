"""`python -m study`: lists what a study is made of; `submit` and `cluster check` for clusters."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import study
from study.cli.command import fail
from study.spec.errors import StudyError
from study.spec.study import Study, unknown_name

TASKS = tuple(
    module.name for module in iter_modules(study.__path__) if module.name.startswith("task_")
)
JOBS_ADDRESS = "http://127.0.0.1:8265"  # of the tunnel that `ray dashboard` makes


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hw3-study", prog_name="hw3-study")
@click.pass_context
def main(context: click.Context) -> None:
    """List tasks, data sources, model families and samplers."""
    if context.invoked_subcommand is None:
        list_everything()


@main.command("submit", context_settings={"ignore_unknown_options": True})
@click.argument("task")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE TASK]...")
@click.option("--address", default=JOBS_ADDRESS, show_default=True, help="Of Ray's jobs API.")
def submit_command(task: str, arguments: tuple[str, ...], address: str) -> None:
    """Submit a task to a cluster and follow its log; the same command finds the job again.

    TASK is task_a, task_b, task_c or a module of your own in `study`.
    """
    from study.cli.command import command
    from study.cli.options import Options
    from study.cluster.submit import check_passwords, check_results, submit

    try:
        context = command(find_study(task)).make_context(f"study.{task}", list(arguments))
        options = Options(**context.params)
        check_results(options.results)
        check_passwords(arguments)
        sys.exit(submit(task, arguments, options.deciding(), address))
    except StudyError as error:
        fail(error)


@main.command("records")
@click.option("--results", default="results", show_default=True, help="Folder or URI of records.")
@click.option("--remove", metavar="CODE", help="Delete the records that this code trained.")
def records_command(results: str, remove: str | None) -> None:
    """List finished trainings by the code that trained them: a run uses only those of its own."""
    from study.cli.records import list_records, remove_records
    from study.store.open import open_folder

    try:
        folder, console = open_folder(results), Console()
        if remove is None:
            list_records(folder, console)
        else:
            remove_records(folder, remove, console)
    except (StudyError, OSError) as error:
        fail(error)


@main.command("verify")
@click.argument("task")
@click.argument("digest")
@click.option("--results", default="results", show_default=True, help="Folder or URI of the run.")
def verify_command(task: str, digest: str, results: str) -> None:
    """Check that a run's claims have a published DIGEST and stood before its trainings.

    `plan` prints the digest of a task's claims.
    """
    from study.cli.verify import verify
    from study.store.open import open_folder

    try:
        verify(find_study(task), digest, open_folder(results), Console())
    except (StudyError, OSError) as error:
        fail(error)


@main.group("cluster")
def cluster_group() -> None:
    """Look at the hosts of a cluster before it is started."""


@cluster_group.command("check")
@click.argument("config", type=click.Path(path_type=Path), default=Path("cluster.yaml"))
@click.option("--results", help="Path that all hosts share, to be tried on each.")
def check_command(config: Path, results: str | None) -> None:
    """Check whether `ray up CONFIG` would work: the file, the token, and every host.

    Prints a line for each check; exit code 1 if one fails.
    """
    from study.cluster.check import check_cluster

    try:
        sys.exit(check_cluster(config, results, Console()))
    except StudyError as error:
        fail(error)


def find_study(task: str) -> Study:
    """The study of a task's module.

    Raises:
        StudyError: there is no such module, or it holds no such study.
    """
    from study.cli.command import check_name

    module = f"study.{task}"
    if not task.isidentifier() or find_spec(module) is None:
        raise StudyError(
            f"{unknown_name('task', task, TASKS)} One of your own is a module in `study` that "
            "defines STUDY."
        )
    try:
        found = getattr(importlib.import_module(module), "STUDY", None)
    except Exception as error:  # whatever a module of somebody's own raises
        raise StudyError(
            f"{module} cannot be imported: {type(error).__name__}: {error}. "
            f"python -c 'import {module}' says where."
        ) from error
    if not isinstance(found, Study):
        raise StudyError(f"{module} defines no study: it needs STUDY = Study(...)")
    check_name(found, module)
    return found


def list_everything() -> None:
    """List tasks, data sources, model families and samplers, each with its description."""
    from hw3.data import SOURCES
    from hw3.models import FAMILIES
    from study.search.samplers import SAMPLERS

    console = Console()
    for title, rows in (
        ("Tasks: python -m study.NAME", {name: _describe(name) for name in TASKS}),
        ("Data sources: --data", {name: source.takes for name, source in SOURCES.items()}),
        ("Model families", {name: family.title for name, family in FAMILIES.items()}),
        ("Samplers: --sampler", dict.fromkeys(SAMPLERS, "")),
    ):
        table = Table.grid(padding=(0, 2))
        for name, text in rows.items():
            table.add_row(f"  [bold]{name}[/bold]", escape(text))
        console.print(f"[bold]{title}[/bold]", highlight=False)
        console.print(table, highlight=False)


def _describe(task: str) -> str:
    """What the task asks, or what is wrong with its module."""
    try:
        return find_study(task).question
    except StudyError as error:
        return f"error: {error}"


if __name__ == "__main__":
    main(prog_name="python -m study")
