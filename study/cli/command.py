"""A study's command: its arguments, its errors, its exit code."""

import signal
import sys
from types import FrameType
from typing import Any, get_args, get_type_hints

import click
from rich.console import Console

from study.cli.options import Options, command_line, with_options
from study.spec.errors import StudyError
from study.spec.study import Study

STUDY_ERROR, INTERRUPTED, TERMINATED = 1, 130, 143
ACTIONS = get_args(get_type_hints(Options)["action"])


def main(study: Study) -> None:
    """Run the study's command line on this process's arguments, and exit."""
    command(study)(prog_name=f"python -m study.{study.name}")


def command(study: Study) -> click.Command:
    """The command of one study."""

    @click.command(
        help=f"{study.title}.\n\n{study.question}\n\n"
        "run (the default) explores, confirms, judges and reports; it resumes where an earlier run "
        "was interrupted. plan says what a run would do and cost, and trains nothing. report "
        "judges and draws again from the records.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @click.argument("action", type=click.Choice(ACTIONS), default="run")
    @with_options
    def study_command(**given: Any) -> None:
        sys.exit(_answer(study, Options(**given)))

    return study_command


def _answer(study: Study, options: Options) -> int:
    """Do what is asked; the exit code."""
    from hw3.splits import DataError
    from study.cli import run

    actions = {"run": run.run_study, "plan": run.show_plan, "report": run.rewrite_report}
    terminations: list[int] = []

    def terminate(number: int, _frame: FrameType | None) -> None:
        """As an interruption, so that everything is closed on the way: Ray's calls pass no other
        exception on."""
        terminations.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, terminate)
    try:
        actions[options.action](study, options, Console())
    except (DataError, StudyError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        return STUDY_ERROR
    except KeyboardInterrupt:
        return _interrupted(TERMINATED if terminations else INTERRUPTED)
    return 0


def _interrupted(code: int) -> int:
    click.echo(
        f"\ninterrupted; every finished trial is recorded. Resume with:\n  {command_line()}",
        err=True,
    )
    return code
