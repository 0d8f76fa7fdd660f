"""What becomes of trials: each that ends is recorded, each that hangs is ended and tried again."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.stopper import Stopper

from study.pool.dispatch import StudySearcher, Unsaved
from study.search.trial import Job
from study.store.checkpoints import CheckpointStore
from study.store.provenance import provenance
from study.store.records import Record, RecordStore

STARTUP = 60.0  # seconds that workers may take to start, longer than any did


class Supervisor(Unsaved, Callback):
    """Ends trials that report nothing for too long, and counts only failures without progress.

    A trial that Tune has to start again goes on from its checkpoint: one that gets further each
    time is on a host that fails, not itself a failure, and keeps all its tries.

    Args:
        epoch_timeout: seconds without a report after which a running trial is ended.

    Attributes:
        failure: that nothing has happened for longer than that, as where workers hang before a
            trial runs; None else.
    """

    def __init__(self, epoch_timeout: float, clock: Callable[[], float] = time.monotonic):
        self._timeout, self._clock = epoch_timeout, clock
        self._heard: dict[str, tuple[float, Trial]] = {}  # running trials, by Tune's id
        self._furthest: dict[str, int] = {}  # epochs
        self._ended: dict[str, int] = {}  # times
        self._last_event = clock()
        self.failure: str | None = None

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        now = self._clock()
        for trial_id, (heard, trial) in list(self._heard.items()):
            actor = trial.temporary_state.ray_actor
            if now - heard > self._timeout and actor is not None:
                self._heard.pop(trial_id)
                self._ended[trial_id] = self._ended.get(trial_id, 0) + 1
                ray.kill(actor)
        silent = now - self._last_event
        if silent > self._timeout + STARTUP:
            self.failure = (
                f"no trial has started, reported or ended for {silent:.0f} s (--epoch-timeout "
                f"{self._timeout:g}): workers do not start, or hosts are missing"
            )

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._hear(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        self._hear(trial)
        epochs = len(result["rows"])
        if epochs > self._furthest.get(trial.trial_id, 0):
            self._furthest[trial.trial_id] = epochs
            trial.run_metadata.num_failures = 0

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)  # until it is started again

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)

    def _hear(self, trial: Trial) -> None:
        self._last_event = self._clock()
        self._heard[trial.trial_id] = (self._last_event, trial)

    def _forget(self, trial: Trial) -> None:
        self._last_event = self._clock()
        self._heard.pop(trial.trial_id, None)

    def note(self, trial: Trial) -> str:
        """Why the trial was ended here; empty where it was not."""
        times = self._ended.get(trial.trial_id)
        if not times:
            return ""
        return f"ended {times} times, after {self._timeout:g} s without a report\n"


class Recorder(Unsaved, Callback):
    """Writes the record of every trial that ends, drops its checkpoint, tells the searcher.

    The driver is the only writer: it alone knows why a trial ended, and it outlives workers.

    Attributes:
        failure: why the run has to end, None where it has not: a record or a checkpoint could not
            be written, for example. All records are whole then, and the trials under way have what
            was kept of them before.
    """

    def __init__(
        self,
        store: RecordStore,
        checkpoints: CheckpointStore,
        searcher: StudySearcher,
        supervisor: Supervisor,
    ):
        self._store, self._checkpoints, self._searcher = store, checkpoints, searcher
        self._supervisor = supervisor
        self._unwritten: str | None = None

    @property
    def failure(self) -> str | None:
        return self._unwritten or self._supervisor.failure

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        self._unwritten = self._unwritten or result["checkpoint_failure"]

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        status = trial.last_result["status"]
        if status != "running":
            self._record(trial, status, error=None)
        elif self.failure is None:  # else the run's end stopped it, not the scheduler
            self._record(trial, "stopped", error=None)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        if trial.should_recover():
            # A worker that dies between two trials counts twice with Tune, as an actor and as a
            # task: the next trial is given up though it has tries left.
            self._searcher.take_back(Job(**trial.config))
        else:
            self._record(trial, "failed", error=self._supervisor.note(trial) + _error_text(trial))

    def _record(self, trial: Trial, status: Any, error: str | None) -> None:
        job, result = Job(**trial.config), trial.last_result or {}
        record = Record(
            ingredients=job.ingredients,
            status=status,
            rows=result.get("rows", []),
            test=result.get("test", []),
            cost=result.get("cost", {}),
            params=job.params,
            pruned_by="asha" if job.prunable else "none",
            error=error,
            provenance=provenance()
            | {
                "number": job.number,
                "host": result.get("host"),
                "device": result.get("device"),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        try:
            self._store.write(record)
            self._checkpoints.delete(job.key)
        except OSError as failure:  # raised here, it would count as the trial's own failure
            self._unwritten = f"a record could not be written: {failure}"
        self._searcher.learn(job, record)


class StopOnFailure(Unsaved, Stopper):
    """Ends the run when it cannot go on."""

    def __init__(self, recorder: Recorder):
        self._recorder = recorder

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._recorder.failure is not None


def _error_text(trial: Trial) -> str:
    """The text of all the trial's failures, which Tune keeps in a file of this run's."""
    file = trial.error_file
    if not file or not Path(file).exists():
        return "no message"
    return re.sub(r"\x1b\[[0-9;]*m", "", Path(file).read_text())  # without Ray's colours
