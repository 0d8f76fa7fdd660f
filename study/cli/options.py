"""The options of a study, the only list of them; light, so that help answers at once."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import click

from study.spec.budget import LARGEST, PROFILES, Budget, SeedRange
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.spec.shell import shell_line
from study.spec.study import unknown_name
from study.store.folder import Folder, LocalFolder
from study.store.open import open_folder
from study.store.reading import MAX_INTEGER


class FiniteRange(click.FloatRange):
    """Numbers in a range, of which neither nan nor inf is one: click compares, and nan passes."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class SeedRangeType(click.ParamType):
    """10, or 10..30."""

    name = "number or range"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> SeedRange:
        if isinstance(value, SeedRange):
            return value
        first, dots, most = str(value).partition("..")
        try:
            found = SeedRange(int(first), int(most if dots else first))
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor a range such as 10..30.")
        if found.most < found.first:
            self.fail(f"a range must not end before it begins; got {value}.")
        if not 1 <= found.first <= found.most <= LARGEST:
            self.fail(f"the number of seeds must be from 1 to {LARGEST}; got {value}.")
        return found


class FuseType(click.ParamType):
    """auto, or a number."""

    name = "auto or number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | Literal["auto"]:
        if value == "auto":
            return "auto"
        try:
            return POSITIVE.convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is neither auto nor a whole number from 1 to {LARGEST}.")


POSITIVE = click.IntRange(min=1, max=LARGEST)
ABOVE_ZERO = FiniteRange(min=0, min_open=True)
RESULTS = LocalFolder(Path("results"))


def _check_sampler(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value == "auto":
        return value
    from study.search.samplers import SAMPLERS

    if value not in SAMPLERS:
        raise click.BadParameter(unknown_name("sampler", value, SAMPLERS))
    return value


def _open_results(_context: click.Context, _option: click.Parameter, value: str) -> Folder:
    try:
        return open_folder(value)
    except StudyError as error:
        raise click.BadParameter(str(error)) from error


def _option(
    default: Any,
    description: str,
    kind: Any = None,
    *,
    flag: str = "",
    callback: Callable[..., Any] | None = None,
    decides: bool = True,
) -> Any:
    """A field of Options that is an option of the command line.

    Args:
        description: for `--help`; says the default where that is None.
        kind: click's type.
        flag: a short form, or its own name; the option then takes no value.
        callback: click's, which turns the given text into the value.
        decides: whether the option decides what is trained and shown, not just where.
    """
    metadata = {
        "description": description,
        "kind": kind,
        "flag": flag,
        "callback": callback,
        "decides": decides,
    }
    return field(default=default, metadata=metadata)


# Options of `plan` alone.
PLAN_ONLY = ("simulate_workers", "seconds_per_epoch", "price")


@dataclass(frozen=True)
class Options:
    """What a command is given; the defaults are those of the command line."""

    action: Literal["run", "plan", "report"] = "run"
    command: tuple[str, ...] = ()  # that runs the study, without options
    script: str = ""  # what called it, where that was no command line
    data: str = _option(
        "phantom",
        "phantom, a folder with an array or with pictures for each class, a MedMNIST npz or flag, "
        "or a source of the study's own.",
    )
    classes: str | None = _option(
        None,
        "Names of the classes' files or folders, or of the labels, in the order of the labels: "
        "healthy,ill  [default: the source's own]",
    )
    profile: str = _option(
        "quick",
        "What the run may spend: quick for two CPU cores, paper for GPUs (256x256 pixels, 30 "
        "epochs, ten seeds), smoke to see whether everything works.",
        click.Choice(list(PROFILES)),
    )
    trials: int | None = _option(
        None, "Maximum number of trials per search  [default: the profile's]", POSITIVE
    )
    epochs: int | None = _option(
        None, "Epochs of a full-length trial  [default: the profile's]", POSITIVE
    )
    seeds: SeedRange | None = _option(  # noqa: RUF009 - a field, as the others are
        None,
        "Confirmation seeds per candidate, or a range such as 10..30: claims are judged after the "
        "first number, and at up to four looks more those that are still open  [default: the "
        "profile's]",
        SeedRangeType(),
    )
    image_size: int | None = _option(
        None,
        "Side of the images in pixels; some models take only multiples of 8  [default: the "
        "study's, or the profile's]",
        POSITIVE,
    )
    sampler: str = _option(
        "auto",
        "Optuna sampler: auto (gp for the first 50 trials, then tpe), tpe, gp, random, qmc, cmaes "
        "or grid.",
        callback=_check_sampler,
    )
    reproducible: bool = _option(
        False,
        "Equal seeds give equal trials and an equal choice, whatever the number of workers and "
        "whatever was interrupted; up to eight trials of a search run at a time, and wait for each "
        "other.",
        flag="--reproducible",
    )
    splits: Literal["fixed", "resampled"] = _option(
        "fixed",
        "What confirmation seeds train and validate on: the source's own parts, or for each seed a "
        "split of its own of the same images.",
        click.Choice(["fixed", "resampled"]),
    )
    results: Folder = _option(  # noqa: RUF009 - a field, as the others are
        RESULTS,
        "Folder of records and reports, or a URI such as s3://bucket/folder; tasks share their "
        "trials in it.",
        callback=_open_results,
    )
    workers: Literal["ray", "inline"] = _option(
        "ray",
        "Where trials are trained: in the workers of Ray, or one after the other in this process.",
        click.Choice(["ray", "inline"]),
        decides=False,
    )
    address: str | None = _option(
        None,
        "Address of a running Ray cluster  [default: RAY_ADDRESS, else Ray is started here]",
        decides=False,
    )
    gpus_per_trial: float | None = _option(
        None,
        "GPUs per trial, fractions allowed  [default: 1 where there are any, else 0]",
        FiniteRange(min=0),
    )
    cpus_per_trial: float | None = _option(None, "CPU cores per trial  [default: 1]", ABOVE_ZERO)
    max_concurrent: int | None = _option(
        None, "Maximum number of concurrent trials  [default: as many as fit]", POSITIVE
    )
    fuse: int | Literal["auto"] = _option(
        "auto",
        "Maximum number of confirmations that are trained as one model, where they differ by seed "
        "alone: as many as fit in memory, while every concurrent trial has some. auto: 16 on "
        "GPUs, 1 on CPU cores, where it is slower.",
        FuseType(),
        decides=False,
    )
    precision: Literal["auto", "float32", "bfloat16"] = _option(
        "auto",
        "Precision of the layers. auto: bfloat16 where the hardware multiplies it faster.",
        click.Choice(["auto", "float32", "bfloat16"]),
    )
    seed: int = _option(
        0, "Base of all random seeds of the run.", click.IntRange(min=0, max=MAX_INTEGER)
    )
    epoch_timeout: float = _option(
        1800.0,
        "Seconds without a report after which a trial is ended and tried again (with Ray).",
        ABOVE_ZERO,
    )
    keep_weights: Literal["best", "all", "none"] = _option(
        "best",
        "Which weights of confirmed trainings are kept in RESULTS/weights: of each candidate's "
        "training of least validation loss, of all, or none.",
        click.Choice(["best", "all", "none"]),
    )
    weights_limit: float = _option(
        1.0,
        "GB that the weights of this study may take; of candidates that do not fit none are kept.",
        FiniteRange(min=0),
    )
    remake_weights: bool = _option(
        False,
        "Train again what is recorded and whose weights are wanted and missing; the records stay.",
        flag="--remake-weights",
    )
    hide_images: bool = _option(
        False,
        "Show no images of the data in the report, which otherwise has up to 12 that every "
        "training gets wrong.",
        flag="--hide-images",
    )
    tensorboard: bool = _option(
        False,
        "Also write files for TensorBoard while the study runs, in RESULTS/TASK/tensorboard.",
        flag="--tensorboard",
        decides=False,
    )
    mlflow: str | None = _option(
        None,
        "Also tell MLflow while the study runs: its tracking URI, sqlite:///mlflow.db or that of a "
        "server. Needs pip install 'hw3-study[mlflow]'.",
        decides=False,
    )
    simulate_workers: int | None = _option(
        None,
        "With plan: also say what the run would take with so many trials at a time, by its own "
        "search and pool in virtual time.",
        POSITIVE,
        decides=False,
    )
    seconds_per_epoch: float | None = _option(
        None,
        "With --simulate-workers: seconds of an epoch  [default: estimated]",
        ABOVE_ZERO,
        decides=False,
    )
    price: float | None = _option(
        None,
        "With --simulate-workers: price of a worker for an hour.",
        FiniteRange(min=0),
        decides=False,
    )
    quiet: bool = _option(
        False,
        "Print errors alone, and at the end the verdicts and where the report is.",
        flag="-q",
        decides=False,
    )
    verbose: bool = _option(
        False, "Show Ray's and Optuna's own messages as well.", flag="-v", decides=False
    )

    def budget(self) -> Budget:
        """The profile's budget, with what was given in its place."""
        given = {
            name: value
            for name in ("trials", "epochs", "image_size")
            if (value := getattr(self, name)) is not None
        }
        if self.seeds is not None:
            given |= {"seeds": self.seeds.most, "first_seeds": self.seeds.first}
        return replace(PROFILES[self.profile], **given)

    def deciding(self) -> dict[str, str]:
        """The options that decide what is trained and shown, by name: equal ones are equal work."""
        return {
            item.name: str(getattr(self, item.name))
            for item in fields(self)
            if item.metadata.get("decides")
        }


def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command all options of `Options`."""
    for item in reversed(fields(Options)):
        if item.metadata:
            command = _click_option(item.name, item.default, item.metadata)(command)
    return command


def _click_option(name: str, default: Any, metadata: Any) -> Callable[..., Any]:
    long = f"--{name.replace('_', '-')}"
    if metadata["flag"]:
        names = dict.fromkeys((metadata["flag"], long))  # some have no short form
        return click.option(*names, is_flag=True, help=metadata["description"])
    return click.option(
        long,
        type=metadata["kind"],
        default=None if default is None else str(default),
        show_default=default is not None,
        callback=metadata["callback"],
        help=metadata["description"],
    )


def command_line() -> str:
    """The command that made this process, to be pasted into a shell once its passwords, which are
    masked, are filled in."""
    return shell_line(["python", "-m", main_module(), *map(mask, sys.argv[1:])])


def main_module() -> str:
    """The full name of the module that this process runs, as after `python -m`."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:  # a script or a notebook
        return Path(sys.argv[0]).stem
    return spec.name.removesuffix(".__main__")
