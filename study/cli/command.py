"""A study's command: its arguments, its errors, its exit code."""

import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, get_args, get_type_hints

import click
from click.core import ParameterSource
from rich.console import Console

from hw3.text import printable
from study.cli.interrupt import keyboard_interrupts
from study.cli.options import Options, command_line, main_module, with_options
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.spec.study import Study

STUDY_ERROR, INTERRUPTED, TERMINATED = 1, 130, 143
ACTIONS = get_args(get_type_hints(Options)["action"])


def main(study: Study) -> None:
    """Run the study's command line on this process's arguments, and exit."""
    try:
        check_name(study, main_module())
    except StudyError as error:
        fail(error)
    command(study)(prog_name=f"python -m study.{study.name}")


def check_name(study: Study, module: str) -> None:
    """A task's results are kept under its study's name, which is therefore its module's.

    Args:
        module: full name, `study.task_c`. Modules of other packages may be named as they like.

    Raises:
        StudyError: a module of `study` holds a study of another name.
    """
    package, _, name = module.rpartition(".")
    if package == "study" and study.name != name:
        raise StudyError(
            f"the study of {module} is named {study.name!r}, under which its results would be kept "
            f"beside or in place of another's. Its name must be that of its module: {name!r}."
        )


def command(study: Study, words: Sequence[str] = ()) -> click.Command:
    """The command of one study.

    Args:
        words: those that run it, for a user to type; `python -m study.NAME` unless given.
    """
    runs = tuple(words) or ("python", "-m", f"study.{study.name}")

    @click.command(
        help=f"{study.title}.\n\n{study.question}\n\n"
        "run (the default) explores, confirms, judges and reports; it resumes where an earlier run "
        "was interrupted. plan says what a run would do and cost, and trains nothing. report "
        "judges and draws again from the records.",
        context_settings={
            "help_option_names": ["-h", "--help"],
            "max_content_width": 100,
            "default_map": {"data": study.data, "image_size": study.image_size},
        },
    )
    @click.argument("action", type=click.Choice(ACTIONS), default="run")
    @with_options
    @click.version_option(package_name="hw3-study", prog_name="hw3-study")
    def study_command(**given: Any) -> None:
        if given["quiet"] and given["verbose"]:
            raise click.UsageError("-q and -v exclude each other.")
        if given["action"] == "report":
            _refuse_deciding(click.get_current_context())
        sys.exit(_answer(study, Options(**given, command=runs)))

    return study_command


def _refuse_deciding(context: click.Context) -> None:
    """End with a usage error where an option is given that decides what a run trains: a report is
    of the run that was."""
    given = [
        f"--{name.replace('_', '-')}"
        for name in Options().deciding()
        if name != "results" and context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"report judges and draws the last run in --results as it was, and does not take "
            f"{', '.join(given)}. Leave out what it does not take, or use run."
        )


def _answer(study: Study, options: Options) -> int:
    """Do what is asked; the exit code."""
    with keyboard_interrupts() as received:
        try:
            return _act(study, options)
        except KeyboardInterrupt:
            return _interrupted(options, TERMINATED if signal.SIGTERM in received else INTERRUPTED)


def _act(study: Study, options: Options) -> int:
    from hw3.splits import DataError
    from study.cli import run

    actions = {"run": run.run_study, "plan": run.show_plan, "report": run.rewrite_report}
    try:
        actions[options.action](study, options, Console())
    except (DataError, StudyError) as error:
        fail(error)
    except OSError as error:
        fail(error, "Fix this, then run the same command again.")
    return 0


def fail(error: Exception, remedy: str = "") -> NoReturn:
    """Say what is wrong, and exit; names and contents of files in it cannot act on a terminal,
    and passwords are masked.

    Args:
        remedy: what to do next, where the error does not say it.
    """
    said = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename:
        said = f"{error.filename}: {error.strerror}"
    if remedy:
        said = f"{said.rstrip('.')}. {remedy}"
    click.echo(f"error: {printable(mask(said))}", err=True)
    sys.exit(STUDY_ERROR)


def _interrupted(options: Options, code: int) -> int:
    """Say what an interruption left behind, and how to go on."""
    if options.action == "run":
        click.echo(
            f"\ninterrupted; every finished trial is recorded. Resume with:\n  {command_line()}",
            err=True,
        )
    else:
        click.echo("\ninterrupted", err=True)
    return code
