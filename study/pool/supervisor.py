"""Which Tune trials hang, and which failures count."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial

from study.pool.session import Session
from study.pool.tune_adapters import EmptyPickle
from study.pool.tune_messages import reports_from

STARTUP = 60.0  # seconds that workers may take to start, longer than any did
STEP = 5.0  # seconds between two looks at most; longer ones this process did not run
CLOCK_SET = 5.0  # seconds that the wall clock moves at once, at least: less is an adjustment
STARTS_WITHIN = 120.0  # seconds, after the clock was set


class Supervisor(EmptyPickle, Callback):
    """Ends trials that report nothing for too long, and counts only failures without progress.

    A trial that Tune has to start again resumes from its checkpoint: one that gets further each
    time is on a host that fails, not itself a failure, and keeps all its tries. Where nothing has
    happened for longer than the timeout, as where workers hang before a trial runs, the session
    fails. Time in which this process was stopped is nobody's silence: it is not counted.

    The timers of Ray's servers are those of the wall clock: set back by an hour, a Ray that has to
    start a worker may do nothing for an hour. So where no trial runs after the clock was set, the
    session fails within minutes.

    Args:
        session: told why the run has to end.
        epoch_timeout: seconds without a report after which a running trial is ended.
        clock: seconds that only ever grow.
        wall_clock: seconds since the epoch, which somebody may set.
    """

    def __init__(
        self,
        session: Session,
        epoch_timeout: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ):
        self._session, self._timeout, self._clock = session, epoch_timeout, clock
        self._wall_clock = wall_clock
        self._offset = wall_clock() - clock()
        self._clock_set = 0.0  # by how many seconds, the last time
        self._heard: dict[str, tuple[float, Trial]] = {}  # running trials, by Tune's id
        self._furthest: dict[str, int] = {}  # epochs
        self._ended: dict[str, int] = {}  # times
        self._longest_step = min(STEP, epoch_timeout / 2)
        self._looked = clock()
        self._now = self._last_event = 0.0  # seconds that this process ran

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        last, self._looked = self._looked, self._clock()
        self._now += min(self._looked - last, self._longest_step)
        for trial_id, (heard, trial) in list(self._heard.items()):
            actor = trial.temporary_state.ray_actor
            if self._now - heard > self._timeout and actor is not None:
                self._heard.pop(trial_id)
                self._ended[trial_id] = self._ended.get(trial_id, 0) + 1
                ray.kill(actor)
        self._look_at_clock()
        silent = self._now - self._last_event
        if silent > self._timeout + STARTUP:
            self._session.fail(
                f"no trial has started, reported or ended for {silent:.0f} s (--epoch-timeout "
                f"{self._timeout:g}): workers do not start, or hosts are missing"
            )
        if self._clock_set and not self._heard and silent > STARTS_WITHIN:
            way = "forward" if self._clock_set > 0 else "back"
            took = timedelta(seconds=round(abs(self._clock_set)))
            self._session.fail(
                f"this machine's clock was set {way} by {took} h, and for {silent:.0f} s no worker "
                "has started: Ray may wait for a time of the old clock. A Ray that this command "
                "did not start has to be restarted"
            )

    def _look_at_clock(self) -> None:
        before, self._offset = self._offset, self._wall_clock() - self._clock()
        if abs(self._offset - before) > CLOCK_SET:
            self._clock_set = self._offset - before

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._hear(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        self._hear(trial)
        epochs = max((len(told.rows) for told in reports_from(result).values()), default=0)
        if epochs > self._furthest.get(trial.trial_id, 0):
            self._furthest[trial.trial_id] = epochs
            trial.run_metadata.num_failures = 0

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)  # until it is started again

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._forget(trial)

    def describe(self, trial: Trial) -> str:
        """How often the trial was ended here, in words; empty where it was not."""
        times = self._ended.get(trial.trial_id)
        if not times:
            return ""
        return f"ended {times} times, after {self._timeout:g} s without a report\n"

    def _hear(self, trial: Trial) -> None:
        self._last_event = self._now
        self._heard[trial.trial_id] = (self._last_event, trial)

    def _forget(self, trial: Trial) -> None:
        self._last_event = self._now
        self._heard.pop(trial.trial_id, None)
