"""Ray Tune's searcher, scheduler, callback and stopper, which pass everything on to the session."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from study.pool.report import TrialReport
from study.pool.session import Session
from study.pool.tune_messages import config_of, forget_job, jobs_from, reports_from
from study.search.trial import Job


class EmptyPickle:
    """Pickles to an empty state: Tune saves its components, and a study never restores them."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class SessionSearcher(EmptyPickle, Searcher):
    """Hands out the session's jobs as Tune configurations."""

    def __init__(self, session: Session):
        super().__init__()
        self._session = session

    def suggest(self, trial_id: str) -> Any:
        """The next jobs; None where some may follow later, `Searcher.FINISHED` after the last."""
        jobs = self._session.next_jobs()
        if jobs:
            return config_of(jobs)
        return Searcher.FINISHED if self._session.is_over else None

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing: `SessionCallback` is told more."""

    def save(self, checkpoint_path: str) -> None:
        """Write an empty file where Tune wants a state: the state is derived from the records."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError("a study resumes from its records, never from Tune's snapshot")


class SessionScheduler(EmptyPickle, FIFOScheduler):
    """Stops the trials that the session stops."""

    def __init__(self, session: Session):
        super().__init__()
        self._session = session

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """None, so that Tune gives an idle worker to a trial that has none, the oldest first.

        FIFOScheduler names the oldest that has not begun. An idle worker then takes it from the
        worker that is starting for it, and Tune ends that one: as long as trials end more often
        than a worker takes to start, hosts that join late never get to work.
        """
        return None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict) -> str:
        jobs, reports = jobs_from(trial.config), reports_from(result)
        stops = any(self._session.stops(jobs[key], told.rows) for key, told in reports.items())
        return TrialScheduler.STOP if stops else TrialScheduler.CONTINUE


class SessionCallback(EmptyPickle, Callback):
    """Tells the session what becomes of the jobs of Tune's trials.

    Jobs that are trained as one may end one by one. Those that have are taken out of their trial's
    configuration, so that one that is tried again begins with the others alone.

    Args:
        session: told.
        describe: what the supervisor has done to a trial that failed, in words.
    """

    def __init__(self, session: Session, describe: Callable[[Trial], str]):
        self._session, self._describe = session, describe
        self._last: dict[str, TrialReport] = {}  # of jobs under way, by key

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        for job in jobs_from(trial.config).values():
            self._session.start(job)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        jobs = jobs_from(trial.config)
        for key, report in reports_from(result).items():
            self._session.report(jobs[key], report)
            self._last[key] = report
            if report.is_last:
                self._end(trial, key, jobs[key])

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        if self._session.failure is None:  # else the run's end stopped it
            for key, job in jobs_from(trial.config).items():
                self._end(trial, key, job)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        for key, job in reversed(jobs_from(trial.config).items()):
            if trial.should_recover():
                # A worker that dies between two trials counts twice with Tune, as an actor and as
                # a task: the next trial is given up though it has tries left.
                self._last.pop(key, None)
                self._session.requeue(job)
            else:
                self._end(trial, key, job, self._describe(trial) + _error_text(trial))

    def _end(self, trial: Trial, key: str, job: Job, error: str | None = None) -> None:
        self._session.end(job, self._last.pop(key, None), error)
        forget_job(trial.config, key)


class StopOnFailure(EmptyPickle, Stopper):
    """Ends the run when it cannot go on."""

    def __init__(self, session: Session):
        self._session = session

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._session.failure is not None


def _error_text(trial: Trial) -> str:
    """The text of all the trial's failures, which Tune keeps in a file of this run's."""
    file = trial.error_file
    if not file or not Path(file).exists():
        return "no message"
    return re.sub(r"\x1b\[[0-9;]*m", "", Path(file).read_text())  # without Ray's colours
