"""A study run from nothing on the workers of Ray, as several benchmarks measure it."""

import time
from collections.abc import Sequence

from hw3.numerics import Numerics
from hw3.splits import Splits
from study.cluster.resources import Resources
from study.pool.dispatch import Dispatcher
from study.pool.recorder import Recorder
from study.pool.report import TrialReport
from study.pool.session import Observer, Session
from study.pool.tuner import run_on_ray
from study.search.choose import FinishedTrials
from study.search.plan import Plan, describe_data, make_setting
from study.search.trial import Job
from study.spec.budget import Budget
from study.spec.status import Status
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import Folder
from study.store.records import RecordStore

EPOCH_TIMEOUT = 1800.0  # seconds; the command line's
TINY_ANN = {f"width_{layer}": 8 for layer in (1, 2, 3)}


def new_trials(
    study: Study, data: Splits, budget: Budget, numerics: Numerics | None = None
) -> FinishedTrials:
    """The study's plan on this data, with none of its trials finished yet.

    Args:
        numerics: float32 on CPU cores if None.
    """
    setting = make_setting(data, budget, numerics or Numerics(), seed=0, sampler="tpe")
    return FinishedTrials(Plan(study, budget, setting, describe_data(data)), {})


def run_session(
    dispatcher: Dispatcher,
    data: Splits,
    results: Folder,
    resources: Resources,
    observers: Sequence[Observer] = (),
    store: RecordStore | None = None,
) -> None:
    """Train all that the dispatcher hands out; needs a running Ray.

    Args:
        results: an empty folder, for records and checkpoints.
        store: for the records, in the place of one in `results`.

    Raises:
        StudyError: a record or a checkpoint could not be written.
    """
    checkpoints = CheckpointStore(results / "checkpoints")
    recorder = Recorder(store or RecordStore(results), checkpoints, dispatcher.plan)
    session = Session(dispatcher, recorder, observers)
    run_on_ray(session, data, checkpoints, resources, EPOCH_TIMEOUT)


class SilentObserver:
    """An observer that overlooks everything; those of the benchmarks override what they need."""

    def on_start(self, job: Job) -> None:
        pass

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        pass

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        pass


class FirstStart(SilentObserver):
    """When the first trial started, in monotonic seconds; None before."""

    at: float | None = None

    def on_start(self, job: Job) -> None:
        self.at = self.at or time.monotonic()
