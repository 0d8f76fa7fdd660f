"""The command line of a study: run, plan or report.

What takes seconds to import is imported where it is used: help and wrong usage answer at once.
"""

import difflib
import signal
import sys
from types import FrameType
from typing import Any

import click
from rich.console import Console

from study.cli.options import Options, command_line
from study.spec.budget import PROFILES
from study.spec.errors import StudyError
from study.spec.study import Study
from study.store.folder import Folder, open_folder

STUDY_ERROR, INTERRUPTED, TERMINATED = 1, 130, 143


def main(study: Study) -> None:
    """Run the study's command line on this process's arguments, and exit."""
    command(study)(prog_name=f"python -m study.{study.name}")


def command(study: Study) -> click.Command:
    """The command of one study."""

    @click.command(
        help=f"{study.title}.\n\n{study.question}\n\n"
        "run (the default) explores, confirms and judges; plan says what a run would do and "
        "spends nothing; report judges and draws again from the records.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @click.argument("action", type=click.Choice(["run", "plan", "report"]), default="run")
    @_with_options
    def study_command(**given: Any) -> None:
        sys.exit(_answer(study, Options(**given)))

    return study_command


def _with_options(function: Any) -> Any:
    positive = click.IntRange(min=1)
    share = click.FloatRange(min=0, min_open=True)
    options = [
        click.option(
            "--data",
            default="phantom",
            show_default=True,
            help="phantom, a course folder, a Kaggle folder, a MedMNIST npz or flag.",
        ),
        click.option(
            "--profile",
            type=click.Choice(list(PROFILES)),
            default="quick",
            show_default=True,
            help="What the run may spend: quick for two cores, paper for the homework's scale "
            "on GPUs, smoke to see whether everything works.",
        ),
        click.option("--trials", type=positive, help="Explored trials of each search."),
        click.option("--epochs", type=positive, help="Epochs of a full-length trial."),
        click.option("--seeds", type=positive, help="Confirmation seeds of each point."),
        click.option("--image-size", type=positive, help="Side in pixels, divisible by 8."),
        click.option(
            "--sampler",
            default="tpe",
            show_default=True,
            callback=_check_sampler,
            help="Optuna sampler: tpe, random, qmc, gp, cmaes or grid.",
        ),
        click.option(
            "--results",
            default="results",
            show_default=True,
            callback=_open_results,
            help="Folder of records and reports, or a URI (s3://bucket/folder); tasks share their "
            "trials in it.",
        ),
        click.option(
            "--address", help="A running Ray cluster, or RAY_ADDRESS; started here if left out."
        ),
        click.option(
            "--gpus-per-trial",
            type=click.FloatRange(min=0),
            help="GPUs of one trial, fractions too; 1 where Ray has any.",
        ),
        click.option("--cpus-per-trial", type=share, help="Processors of one trial; 1."),
        click.option("--max-concurrent", type=positive, help="Trials at a time; all that fit."),
        click.option(
            "--precision",
            type=click.Choice(["auto", "float32", "bfloat16"]),
            default="auto",
            show_default=True,
            help="Of the layers' numbers. auto: bfloat16 where this host multiplies it faster.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="The base of every seed of the run.",
        ),
        click.option(
            "--epoch-timeout",
            type=share,
            default=1800.0,
            show_default=True,
            help="Seconds without a report after which a trial is ended and tried again.",
        ),
        click.option("-v", "--verbose", is_flag=True, help="Show Ray's own messages."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _check_sampler(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value == "tpe":
        return value
    from study.search.samplers import SAMPLERS

    if value not in SAMPLERS:
        nearest = difflib.get_close_matches(value, SAMPLERS, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise click.BadParameter(f"must be one of {', '.join(SAMPLERS)}; got {value!r}.{hint}")
    return value


def _open_results(_context: click.Context, _option: click.Parameter, value: str) -> Folder:
    try:
        return open_folder(value)
    except StudyError as error:
        raise click.BadParameter(str(error)) from error


def _answer(study: Study, options: Options) -> int:
    """Do what is asked; the exit code."""
    from hw3.splits import DataError
    from study.cli.command import run

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
        f"\ninterrupted; every finished trial is kept. Go on with:\n  {command_line()}", err=True
    )
    return code
