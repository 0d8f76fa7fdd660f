"""Ray Tune's searcher, scheduler, callback and stopper, which pass everything on to the session."""

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from study.pool.session import Session
from study.pool.worker import report_from
from study.search.trial import Job, job_from


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
        """The next job; None where one may follow later, `Searcher.FINISHED` after the last."""
        job = self._session.next_job()
        if job is not None:
            return asdict(job)
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
        stops = self._session.stops(trial_job(trial), result["rows"])
        return TrialScheduler.STOP if stops else TrialScheduler.CONTINUE


class SessionCallback(EmptyPickle, Callback):
    """Tells the session what becomes of trials.

    Args:
        session: told.
        describe: what the supervisor has done to a trial that failed, in words.
    """

    def __init__(self, session: Session, describe: Callable[[Trial], str]):
        self._session, self._describe = session, describe

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._session.start(trial_job(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        self._session.report(trial_job(trial), report_from(result))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        report = report_from(trial.last_result)
        if report.is_last or self._session.failure is None:  # else the run's end stopped it
            self._session.end(trial_job(trial), report)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        if trial.should_recover():
            # A worker that dies between two trials counts twice with Tune, as an actor and as a
            # task: the next trial is given up though it has tries left.
            self._session.requeue(trial_job(trial))
        else:
            last = trial.last_result or {}
            report = report_from(last) if "rows" in last else None
            error = self._describe(trial) + _error_text(trial)
            self._session.end(trial_job(trial), report, error)


class StopOnFailure(EmptyPickle, Stopper):
    """Ends the run when it cannot go on."""

    def __init__(self, session: Session):
        self._session = session

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._session.failure is not None


def trial_job(trial: Trial) -> Job:
    """The job in a trial's configuration."""
    return job_from(trial.config)


def _error_text(trial: Trial) -> str:
    """The text of all the trial's failures, which Tune keeps in a file of this run's."""
    file = trial.error_file
    if not file or not Path(file).exists():
        return "no message"
    return re.sub(r"\x1b\[[0-9;]*m", "", Path(file).read_text())  # without Ray's colours
