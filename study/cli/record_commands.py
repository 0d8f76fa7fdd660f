"""`python -m study records`: records found, shown, compared and deleted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

import click
from rich.console import Console

from study.cli.command import fail
from study.spec.errors import StudyError
from study.spec.status import Status
from study.store.folder import Folder
from study.store.reading import MAX_INTEGER

if TYPE_CHECKING:
    from study.store.records import Record  # imports PyTorch, which takes seconds

STAGES = ("explore", "confirm", "timing")
EXAMPLES = """
\b
python -m study records                                  by the code that trained them
python -m study records find --stage confirm --text dropout=0.5
python -m study records show 0b81e9f8
python -m study records compare 0b81e9f8 f441b260
python -m study records delete --status failed
"""


@click.group("records", invoke_without_command=True, epilog=EXAMPLES)
@click.option("--results", default="results", show_default=True, help="Folder or URI of records.")
@click.option("--remove", metavar="CODE", help="Delete the records that this code trained.")
@click.pass_context
def records_command(context: click.Context, results: str, remove: str | None) -> None:
    """List, find, show, compare and delete the records of finished trainings.

    Without a command they are listed by the code that trained them: a run uses only those of its
    own.
    """
    from study.cli.records import list_records, remove_records

    if context.invoked_subcommand is not None:
        if remove is not None:
            raise click.UsageError("--remove deletes by code and takes no command beside it")
        return
    with _said_errors():
        folder, console = _folder(results), Console()
        if remove is None:
            list_records(folder, console)
        else:
            remove_records(folder, remove, console)


def _results(command: Callable[..., None]) -> Callable[..., None]:
    """Give a subcommand the option --results, which may also stand before its name."""
    return click.option(
        "--results", help="Folder or URI of records.  [default: results]", callback=_folder_of
    )(command)


def _folder_of(context: click.Context, _option: click.Parameter, value: str | None) -> Folder:
    before = context.parent.params["results"] if context.parent else "results"
    with _said_errors():
        return _folder(before if value is None else value)


def _folder(location: str) -> Folder:
    from study.store.open import open_folder

    return open_folder(location)


def _wanted(command: Callable[..., None]) -> Callable[..., None]:
    """Give a subcommand the options that say which records are meant."""
    options = (
        click.option("--family", help="Model family."),
        click.option("--stage", type=click.Choice(STAGES), help="What it was trained for."),
        click.option("--status", type=click.Choice(get_args(Status)), help="How it ended."),
        click.option("--seed", type=click.IntRange(0, MAX_INTEGER), help="Seed of the training."),
        click.option("--host", help="Name of the machine that trained it."),
        click.option("--study", help="Study that trained it; confirmed trainings know theirs."),
        click.option(
            "--text",
            multiple=True,
            help="Part of the hyper-parameters, dropout=0.5 for example; may be given again.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@records_command.command("find")
@_results
@_wanted
def find_command(results: Folder, **given: Any) -> None:
    """List the records that fit all options, those finished last at the end."""
    from study.cli.record_search import print_records

    with _said_errors():
        print_records(_find(results, given), Console())


@records_command.command("show")
@click.argument("key")
@_results
def show_command(key: str, results: Folder) -> None:
    """Show a record: what decides its numbers, curve, cost, and where it comes from.

    KEY may be the first digits of a key.
    """
    from study.cli.record_search import find_by_keys
    from study.cli.record_view import show_record

    with _said_errors():
        (record,) = find_by_keys(results, [key])
        show_record(record, results, Console())


@records_command.command("compare")
@click.argument("first")
@click.argument("second")
@_results
def compare_command(first: str, second: str, results: Folder) -> None:
    """Show what differs between two records, and their curves side by side.

    FIRST and SECOND may be the first digits of keys.
    """
    from study.cli.record_search import find_by_keys
    from study.cli.record_view import compare_records

    with _said_errors():
        found = find_by_keys(results, [first, second])
        if len(found) < 2 or found[0].key == found[1].key:
            raise StudyError(f"{first} and {second} are one record: name two")
        compare_records(found[0], found[1], Console())


@records_command.command("delete")
@click.argument("keys", nargs=-1)
@_results
@_wanted
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_command(keys: Sequence[str], results: Folder, yes: bool, **given: Any) -> None:
    """Delete records with their weights: the next run that needs them trains them again.

    Those of KEYS, which may be the first digits of keys, or those that fit all options.
    """
    from study.cli.record_search import find_by_keys
    from study.cli.records import delete_records

    is_described = any(value for value in given.values() if value is not None)
    if bool(keys) == is_described:
        raise click.UsageError(
            "name the records to delete, either by their KEYS or by options such as --status "
            "failed. python -m study records find takes the same options, and lists them"
        )
    with _said_errors():
        found = find_by_keys(results, keys) if keys else _find(results, given)
        _ask(found, results, yes)
        delete_records(results, found, Console())


def _find(results: Folder, given: dict[str, Any]) -> "list[Record]":
    from study.cli.record_search import Wanted, find_records

    return find_records(results, Wanted(**given))


def _ask(records: "Sequence[Record]", results: Folder, yes: bool) -> None:
    """Say what is to be deleted and what follows; raise StudyError unless the user agrees."""
    from study.cli.record_search import print_records
    from study.cli.records import what_follows

    if yes:
        return
    console = Console()
    print_records(records, console)
    console.print(what_follows(records), highlight=False, markup=False)
    try:
        agreed = click.confirm(f"Delete from {results}?")
    except click.Abort:  # nobody is there who could answer
        click.echo()
        agreed = False
    if not agreed:
        raise StudyError("nothing was deleted. With --yes it is done without a question")


@contextmanager
def _said_errors() -> Iterator[None]:
    """Errors of the context are one line, and exit code 1."""
    try:
        yield
    except (StudyError, OSError) as error:
        fail(error)
