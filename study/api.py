"""A study from Python: run it in a script or a notebook, and use what it found.

    from study import run
    result = run(STUDY, data="phantom", profile="quick")
    result.verdicts, result.table, result.figure("comparison"), result.models("winner")

What runs is what the command line runs, with its defaults and to the same files.
"""

import html
import io
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import click
from rich.console import Console

from study.cli.command import command
from study.cli.interrupt import keyboard_interrupts
from study.cli.options import Options
from study.spec.budget import SeedRange
from study.spec.errors import StudyError
from study.spec.study import Study, unknown_name
from study.store.folder import Folder
from study.store.reading import MAX_BYTES, Damaged, parse_json

if TYPE_CHECKING:  # each takes a second to import
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import nn

    from study.search.choose import FinishedTrials

CONSOLE_WIDTH = 100  # characters of the lines that a callback is given
SHOWN = ("verdict", "text", "effect", "ci_low", "ci_high", "p_holm", "n_seeds")  # in a notebook
Location = str | PathLike[str]


class RunOptions(TypedDict, total=False):
    """The command line's other options, by name; `python -m study run TARGET --help` says what each
    does."""

    trials: int | None
    epochs: int | None
    seeds: int | str | SeedRange | None
    image_size: int | None
    classes: str | None
    sampler: str
    reproducible: bool
    splits: Literal["fixed", "resampled"]
    workers: Literal["ray", "inline"]
    address: str | None
    gpus_per_trial: float | None
    cpus_per_trial: float | None
    max_concurrent: int | None
    fuse: int | Literal["auto"]
    precision: Literal["auto", "float32", "bfloat16"]
    seed: int
    epoch_timeout: float
    keep_weights: Literal["best", "all", "none"]
    weights_limit: float
    remake_weights: bool
    hide_images: bool
    tensorboard: bool
    mlflow: str | None
    verbose: bool


@dataclass(frozen=True)
class Result:
    """What a study's last run in a results folder has found.

    Attributes:
        study: its own record.
        results: the folder of records and reports.
    """

    study: Study
    results: Folder

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row for each epoch of every trial; `study.table.columns` describes the columns."""
        import pandas as pd

        return pd.read_parquet(io.BytesIO(self._read("table.parquet")))

    @cached_property
    def verdicts(self) -> "pd.DataFrame":
        """One row for each claim, with what `verdicts.json` holds."""
        import pandas as pd

        try:
            return pd.DataFrame(parse_json(self._read("verdicts.json")))
        except Damaged as error:
            raise StudyError(f"{self._folder}/verdicts.json {error}") from error

    @property
    def report(self) -> str:
        """Path or URI of the page."""
        return f"{self._folder}/report.html"

    def figure(self, name: str) -> "Figure":
        """A figure of the study, drawn from the table.

        Args:
            name: of one of `study.figures`; where it has none of its own and tunes its candidates,
                the default ones are of the tuned ones.

        Raises:
            StudyError: the study has none of the name, or this run does not hold what it needs.
        """
        from study.figures.draw import make_canvas
        from study.table.constant import constant_predictor

        figures = {figure.name: figure for figure in self._trials.plan.study.figures}
        if name not in figures:
            raise StudyError(unknown_name("figure", name, figures))
        constant = constant_predictor(self._trials.plan.data.counts)
        try:
            return make_canvas(figures[name], self.table, constant, self._trials.plan.shape)
        except ValueError as error:
            raise StudyError(f"the figure {name} cannot be drawn: {error}") from error

    def models(self, candidate: str) -> "list[nn.Module]":
        """The trained models of a candidate whose weights are kept, in evaluation mode, in the
        order of the seeds. Each takes float32 images (N, C, S, S) from 0 to 1, or other examples
        as they are, and gives logits.

        Args:
            candidate: name of a baseline, or of a search for what it chose.

        Raises:
            StudyError: there is no such candidate, no weights of it are kept, or they are damaged.
        """
        from study.cli.kept import kept_models

        return [one.model for one in kept_models(self._trials, self.results, candidate)]

    def predict(self, candidate: str, images: Location | Sequence[Location]) -> "pd.DataFrame":
        """What a candidate's models say of image files: one row for each image, with its class, the
        mean probability of it over the models, and the range of that.

        Args:
            candidate: as for `models`.
            images: pictures, or .npy files of such examples as the models learnt; one or several.

        Raises:
            StudyError: as for `models`.
            hw3.splits.DataError: a file cannot be read.
        """
        from pathlib import Path

        from study.cli.predict import predict_files

        several = [images] if isinstance(images, str | PathLike) else images
        paths = [Path(image) for image in several]
        return predict_files(self._trials, self.results, candidate, paths, _silent())

    def _repr_html_(self) -> str:
        shown = self.verdicts[[name for name in SHOWN if name in self.verdicts]]
        table = shown.to_html(index=False, na_rep="", float_format="{:.3g}".format, border=0)
        title = f"<strong>{html.escape(self.study.title)}</strong>"
        return f"<div>{title}{table}<code>{html.escape(self.report)}</code></div>"

    @property
    def _folder(self) -> Folder:
        return self.results / self.study.name

    @cached_property
    def _trials(self) -> "FinishedTrials":
        from study.cli.predict import finished_trials

        return finished_trials(self.study, self.results)

    def _read(self, name: str) -> bytes:
        limit = MAX_BYTES if name.endswith(".json") else None
        content = self._folder.read(name, limit)
        if content is None:
            raise StudyError(
                f"{self._folder}/{name} is not there. Run the study first, with study.run or on "
                "the command line"
            )
        return content


def run(
    study: Study | str,
    *,
    data: Location | None = None,
    results: Location = "results",
    profile: Literal["quick", "paper", "smoke"] = "quick",
    quiet: bool = True,
    progress: Callable[[str], None] | Console | None = None,
    **options: Unpack[RunOptions],
) -> Result:
    """Explore, confirm, judge and report, as `python -m study run` does; what is recorded already
    is not trained again.

    Args:
        study: what is run, or as text what `python -m study run` takes, "my_study.py" for example.
        data: where the images come from, as `--data` takes it; the study's own if None.
        results: folder or URI of records and reports.
        profile: what the run may spend.
        quiet: whether nothing is printed; else what the command line prints.
        progress: is given the command line's output line by line, or shows it if a rich console.
        options: the command line's other options.

    Raises:
        StudyError: an option is not valid, the study has mistakes or cannot go on, or trainings of
            its candidates failed; whatever was trained is recorded.
        hw3.splits.DataError: the data cannot be used.
        OSError: results cannot be written.
    """
    study = _found(study)
    given = {
        "data": study.data if data is None else data,
        "results": results,
        "profile": profile,
        **options,
    }
    parsed = _parse(study, given)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if parsed.workers == "ray" and not in_main_thread:
        raise StudyError(
            "Ray's workers need signals, which only the main thread gets. Call run from there, or "
            'with workers="inline"'
        )
    from study.cli.run import run_study

    with keyboard_interrupts() if in_main_thread else nullcontext():
        run_study(study, parsed, _console(quiet, progress))
    return load(study, results=results)


def load(study: Study | str, *, results: Location = "results") -> Result:
    """The result of a finished run; trains nothing, and needs no data.

    Raises:
        StudyError: there was no run in the folder, or it did not reach its report.
    """
    from study.store.open import open_folder

    result = Result(_found(study), open_folder(str(results)))
    _ = result.verdicts
    return result


def _found(study: Study | str) -> Study:
    from study.cli.target import find_study

    return find_study(study) if isinstance(study, str) else study


def _parse(study: Study, given: dict[str, Any]) -> Options:
    """The options, checked as the command line checks them."""
    words = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words.append(f"{option}={value}")
    try:
        context = command(study).make_context("study.run", ["run", *words])
    except click.ClickException as error:
        raise StudyError(error.format_message()) from error
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in given.items())
    return Options(**context.params, script=f"study.run({study.name}, {shown})")


def _shown(value: object) -> str:
    from study.spec.secrets import mask

    return repr(mask(str(value)) if isinstance(value, (str, PathLike)) else value)


def _console(quiet: bool, progress: Callable[[str], None] | Console | None) -> Console:
    if isinstance(progress, Console):
        return progress
    if progress is not None:
        return Console(file=_Lines(progress), width=CONSOLE_WIDTH, force_terminal=False)
    return _silent() if quiet else Console()


def _silent() -> Console:
    return Console(file=io.StringIO(), quiet=True, force_terminal=False)


class _Lines(io.StringIO):
    """A file that gives each line that is written to a callback."""

    def __init__(self, tell: Callable[[str], None]):
        super().__init__()
        self._tell, self._rest = tell, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._tell(line.rstrip())
        return len(text)
