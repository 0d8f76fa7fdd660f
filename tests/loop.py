"""A study's whole run in this process, and what happens in it."""

import functools
import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console

from hw3.cost import model_cost
from hw3.engine import EpochRow, Training, recipe_for, train_epochs
from hw3.engines import ENGINE
from hw3.splits import Splits
from study.cli.options import Options
from study.cli.run import run_study
from study.pool import inline
from study.pool.dispatch import Dispatcher
from study.pool.session import Session
from study.search.explore import Explorer
from study.search.horizon import ALL
from study.search.trial import Job, Setting
from study.spec.budget import SeedRange
from study.spec.claim import Claim
from study.spec.figures import Figure
from study.spec.study import Study
from study.store.folder import LocalFolder
from tests.made import STUDY, square_splits

CLAIM = Claim(
    "wider", "gap", "val_loss", "small", below=0.0, quote="it has less loss", source="page 1"
)
FIGURE = Figure("candidates", "comparison", "The candidates", {"metrics": ("val_accuracy",)})
LOOP_STUDY = replace(STUDY, searches=STUDY.searches[:1], claims=(CLAIM,), figures=())
DRAWN_STUDY = replace(LOOP_STUDY, figures=(FIGURE,))
DATA = square_splits(train=16, val=8, test=8)
EPOCHS = 3  # the fewest in which a checkpoint gets a predecessor and a rung can still stop
OPTIONS = Options(
    data="made",
    trials=3,
    epochs=EPOCHS,
    seeds=SeedRange(1, 1),
    image_size=DATA.image_size,
    workers="inline",
    precision="float32",
    seed=4,  # with which a rung stops a trial
    epoch_timeout=600.0,
    hide_images=True,
)
SETTING = Setting(DATA.fingerprint, DATA.image_size, recipe_for(EPOCHS), seed=OPTIONS.seed)

PAGE = ("report_content", "make_markdown", "make_report")  # of study.report.outputs

Tell = Callable[..., None]  # is told what happens, as keyword arguments

_cost_once = functools.cache(model_cost)  # a third of a small trial's time goes into it


def run_study_in_process(
    results: Path,
    study: Study = LOOP_STUDY,
    page: bool = True,
    tell: Tell = lambda **facts: None,
    data: Splits = DATA,
) -> None:
    """What `python -m study.NAME --workers inline` does, but for checks and the terminal.

    Every epoch is kept as a checkpoint.

    Args:
        page: whether the reports say something; they take a quarter of the time.
        tell: told `key`, `stage` and `epoch` when an epoch was trained, before anything of it is
            kept; `searches` (see `search_states`) at the start and whenever a trial was recorded.
    """
    options = replace(OPTIONS, results=LocalFolder(results))
    watcher = _Watcher(tell)
    replaced = {
        "study.cli.check.check_study": _nothing,
        "study.cli.run.load_data": lambda options: data,
        "study.cli.terminal.print_plan": _nothing,
        "study.cli.train.make_viewers": lambda *_: [],  # what they write depends on the clock
        "study.pool.inline.run_inline": watcher.run_inline,
        "hw3.engines.ENGINE": replace(ENGINE, train=watcher.train_epochs, cost=_cost_once),
        "study.store.checkpoints.COST_SHARE": math.inf,
        "study.search.pruning.FIRST_UNPRUNED": 2,
        "study.search.pruning.AGREEMENT": 0.5,
        # Of a thread, at times that no two runs share; nothing is made of what it writes.
        "study.cli.progress.SnapshotWriter": mock.Mock(),
    } | {f"study.report.outputs.{name}": _nothing for name in PAGE if not page}
    with ExitStack() as stack, open(os.devnull, "w") as nowhere:
        for name, value in replaced.items():
            stack.enter_context(mock.patch(name, value))
        run_study(study, options, Console(file=nowhere))


def search_states(dispatcher: Dispatcher) -> dict[str, Any]:
    """What each search knows of its finished trials, as JSON can hold it."""
    return {name: _search_state(each) for name, each in dispatcher.explorers.items()}


def _search_state(explorer: Explorer) -> dict[str, Any]:
    points, ranks, _costs = explorer._history.told(ALL, ALL, lambda epoch: True)
    rungs = explorer._pruner._rungs
    return {
        "told": [[dict(point), rank] for point, rank in zip(points, ranks.tolist(), strict=True)],
        "rungs": [[epoch, sorted(rung.ranks)] for epoch, rung in rungs.items()],
    }


def _nothing(*_facts: object) -> str:
    return ""


class _Watcher:
    """Tells what the executor does."""

    def __init__(self, tell: Tell):
        self._tell = tell
        self._job: Job | None = None

    def run_inline(self, session: Session, *arguments: Any) -> None:
        self._dispatcher = session._dispatcher
        session._observers = [*session._observers, self]
        self._tell(searches=search_states(self._dispatcher))
        _run_inline(session, *arguments)

    def train_epochs(self, training: Training, data: Splits) -> Iterator[EpochRow]:
        """The engine's epochs; each is told of."""
        assert self._job is not None
        for row in train_epochs(training, data):
            self._tell(key=self._job.key, stage=self._job.stage, epoch=row.epoch)
            yield row

    def on_start(self, job: Job) -> None:
        self._job = job

    def on_epoch(self, job: Job, report: Any) -> None:
        """Told before, by `train_epochs`."""

    def on_end(self, job: Job, report: Any, status: str) -> None:
        self._tell(searches=search_states(self._dispatcher))


_run_inline = inline.run_inline
