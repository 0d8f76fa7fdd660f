"""A study's whole run in one process: Tune's loop, one trial at a time, in the place of Ray."""

import copy
import functools
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ray.tune import Callback
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher
from ray.tune.utils import flatten_dict
from rich.console import Console

from hw3.cost import model_cost
from hw3.splits import Splits
from hw3.train import EpochRow, Training, recipe_for, train_epochs
from study.cli.options import Options
from study.cli.run import run_study
from study.cluster.ray import Resources
from study.pool.dispatch import PrunedTrials, StudySearcher
from study.pool.recorder import Recorder, Supervisor
from study.pool.trainable import StudyTrial
from study.report.render import outputs
from study.search.trial import Job, Setting
from study.spec.figures import Figure
from study.spec.study import Claim, Measure, Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import STUDY, square_splits

CLAIM = Claim(
    "wider",
    "ConvGAP has less loss",
    "it said so",
    "1",
    Measure("gap", "val_loss"),
    Measure("small", "val_loss"),
    below=0.0,
)
FIGURE = Figure("points", "comparison", "The points", {"metrics": ("val_accuracy",)})
LOOP_STUDY = replace(STUDY, claims=(CLAIM,))
DRAWN_STUDY = replace(LOOP_STUDY, figures=(FIGURE,))
DATA = square_splits(train=16, val=8, test=8)
EPOCHS = 3  # the fewest in which a checkpoint gets a predecessor and ASHA can still stop
OPTIONS = Options(
    action="run",
    data="made",
    profile="quick",
    trials=3,
    epochs=EPOCHS,
    seeds=1,
    image_size=DATA.image_size,
    sampler="tpe",
    results=LocalFolder(Path("results")),
    address=None,
    gpus_per_trial=None,
    cpus_per_trial=None,
    max_concurrent=1,
    precision="float32",
    seed=0,
    verbose=False,
    epoch_timeout=600.0,
)
SETTING = Setting(DATA.fingerprint, DATA.image_size, recipe_for(EPOCHS))

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
    """What `python -m study.NAME` does, but for Ray and the plan on the terminal.

    Every epoch is kept as a checkpoint.

    Args:
        page: whether the reports say something; they take a quarter of the time.
        tell: told `key`, `stage` and `epoch` when an epoch was trained, before anything of it is
            kept; `searches` (see `search_states`) at the start and whenever a trial was recorded.
    """
    options = replace(OPTIONS, results=LocalFolder(results))
    pool = _Pool(tell)
    made = {name: getattr(outputs, name) if page else _nothing for name in PAGE}
    with (
        mock.patch("study.cli.run.connect", _one_core),
        mock.patch("study.cli.run.load_data", lambda options: data),
        mock.patch("study.cli.run.print_plan", lambda *plan: None),
        mock.patch("study.pool.tuner.run_pool", pool.run),
        mock.patch("study.pool.trainable.train_epochs", pool.train_epochs),
        mock.patch("study.pool.trainable.model_cost", _cost_once),
        mock.patch.multiple(outputs, **made),
        mock.patch("study.store.checkpoints.COST_SHARE", math.inf),
        open(os.devnull, "w") as nowhere,
    ):
        run_study(study, options, Console(file=nowhere))


def search_states(searcher: StudySearcher) -> dict[str, Any]:
    """What Optuna and ASHA know of the finished trials, by search, as JSON can hold it.

    The rung of the last epoch is left out: nothing is decided there, and a replay leaves it empty.
    """
    return {name: _search_state(search) for name, search in searcher.searches.items()}


def _search_state(search: Any) -> dict[str, Any]:
    trials = [trial for trial in search.study.trials if trial.state.is_finished()]
    rungs = search.scheduler._brackets[0]._rungs
    return {
        "trials": [
            [
                trial.state.name,
                trial.params,
                trial.values,
                sorted(trial.intermediate_values.items()),
            ]
            for trial in trials
        ],
        "rungs": [[epoch, sorted(kept.values())] for epoch, kept in rungs if epoch < EPOCHS],
    }


def _nothing(*_facts: object) -> str:
    return ""


@contextmanager
def _one_core(*_wanted: object) -> Iterator[list[dict[str, float]]]:
    yield [{"CPU": 1.0}]


@dataclass
class _TuneTrial:
    """What schedulers and callbacks read of a trial of Tune's."""

    trial_id: str
    config: dict[str, Any]
    last_result: dict[str, Any] = field(default_factory=dict)
    error_file: str | None = None
    temporary_state: Any = field(default_factory=lambda: SimpleNamespace(ray_actor=None))
    run_metadata: Any = field(default_factory=SimpleNamespace)

    @property
    def key(self) -> str:
        return Job(**self.config).key


class _Pool:
    """`study.pool.tuner.run_pool` in process, one trial at a time.

    Scheduler, searcher and callbacks are told in the order in which Tune's controller tells them.
    """

    def __init__(self, tell: Tell):
        self._tell = tell
        self._trial: _TuneTrial | None = None

    def run(
        self,
        searcher: StudySearcher,
        data: Splits,
        store: RecordStore,
        checkpoints: CheckpointStore,
        resources: Resources,
        epoch_timeout: float,
        callbacks: Sequence[Callback],
    ) -> None:
        assert resources.concurrent == 1
        supervisor = Supervisor(epoch_timeout)
        recorder = Recorder(store, checkpoints, searcher, supervisor)
        self._searcher, self._callbacks = searcher, [supervisor, recorder, *callbacks]
        self._scheduler = PrunedTrials(
            {n: search.scheduler for n, search in searcher.searches.items()}
        )
        actor = StudyTrial.__new__(StudyTrial)  # without the log files of Trainable.__init__
        parts = {"data": data.without_test(), "open_test": lambda: data.test}
        begin = functools.partial(actor.setup, **parts, checkpoints=checkpoints.folder)
        self._tell(searches=search_states(searcher))
        for number in itertools.count():
            config = searcher.suggest(f"trial-{number}")
            if config == Searcher.FINISHED:
                break
            assert config is not None, "with no trial under way there is nothing to wait for"
            self._trial = _TuneTrial(f"trial-{number}", config)
            begin(config)
            self._run_trial(actor, self._trial)
            begin = actor.reset_config
            self._tell(searches=search_states(searcher))
        assert recorder.failure is None

    def train_epochs(self, training: Training, data: Splits) -> Iterator[EpochRow]:
        """The engine's epochs; each is told of."""
        for row in train_epochs(training, data):
            self._tell(key=self._trial.key, stage=self._trial.config["stage"], epoch=row.epoch)
            yield row

    def _run_trial(self, actor: StudyTrial, trial: _TuneTrial) -> None:
        self._scheduler.on_trial_add(None, trial)
        self._call("on_trial_start", trial)
        while self._process(trial, copy.deepcopy(actor.step())) != TrialScheduler.STOP:
            pass
        last = flatten_dict(trial.last_result)
        self._scheduler.on_trial_complete(None, trial, last)
        self._searcher.on_trial_complete(trial.trial_id, result=last)
        self._call("on_trial_complete", trial)

    def _process(self, trial: _TuneTrial, result: dict[str, Any]) -> str:
        """Pass on a result; whether the trial goes on."""
        flat, decision = flatten_dict(result), TrialScheduler.STOP
        if not result["done"]:
            decision = self._scheduler.on_trial_result(None, trial, flat)
        if decision == TrialScheduler.STOP:
            result.update(done=True)
        else:
            self._searcher.on_trial_result(trial.trial_id, flat)
        self._call("on_trial_result", trial, result=result)
        trial.last_result = result
        return decision

    def _call(self, name: str, trial: _TuneTrial, **facts: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, name)(iteration=0, trials=[trial], trial=trial, **facts)
