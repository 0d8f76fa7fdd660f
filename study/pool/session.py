"""What an executor asks and tells: which job is next, what a trial reported, how it ended."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from study.pool.dispatch import Dispatcher
from study.pool.failures import Failures
from study.pool.fusing import Fusing, no_fusing
from study.pool.recorder import Recorder
from study.pool.report import TrialReport
from study.search.trial import Job
from study.spec.errors import StudyError, error_line
from study.spec.secrets import mask
from study.spec.status import Status
from study.store.reading import warn
from study.store.records import Record

MAX_RETRIES = 2  # after the first try, before a trial is recorded as failed


class Observer(Protocol):
    """Somebody who is told what happens, a progress display for example."""

    def on_start(self, job: Job) -> None:
        """A trial has started, for the first time or again."""

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        """A trial has trained an epoch."""

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        """A trial has ended, and is recorded."""


class Session:
    """One run of a study, the same for every executor.

    Args:
        dispatcher: chooses the next job.
        recorder: writes records.
        observers: notified last. One that raises is told no more, and the run goes on.
        fusing: says how many confirmations are trained as one.

    Attributes:
        failure: why the run has to end, None where it does not: a record or a checkpoint could
            not be written, or the executor says so.
        failures: the trials that failed, and the candidates that were given up for them.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        recorder: Recorder,
        observers: Sequence[Observer] = (),
        fusing: Fusing = no_fusing,
    ):
        self._dispatcher, self._recorder, self._fusing = dispatcher, recorder, fusing
        self._observers = list(observers)
        self._failure: str | None = None
        self.failures = Failures(dispatcher.proven)

    @property
    def failure(self) -> str | None:
        return self._failure or self._recorder.failure

    def fail(self, reason: str) -> None:
        """Note why the run has to end; the first reason stays."""
        self._failure = self._failure or reason

    def next_job(self) -> Job | None:
        """See `Dispatcher.next_job`."""
        job = self._dispatcher.next_job(self.failures.held())
        if job is not None:
            self.failures.hand_out(job)
        return job

    def next_jobs(self) -> list[Job]:
        """The next job, with those that are to be trained as one with it; empty where there is none
        now, see `next_job`."""
        job = self.next_job()
        if job is None:
            return []
        others = self._dispatcher.next_like(job, self._fusing)
        for other in others:
            self.failures.hand_out(other)
        return [job, *others]

    @property
    def is_over(self) -> bool:
        """See `Dispatcher.is_over`."""
        return self._dispatcher.is_over

    def start(self, job: Job) -> None:
        """A worker begins the job, for the first time or again."""
        self._tell(lambda observer: observer.on_start(job))

    def stops(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> bool:
        """See `Dispatcher.stops`."""
        return self._dispatcher.stops(job, rows)

    def report(self, job: Job, report: TrialReport) -> None:
        """A trial has trained an epoch, or has reported that it cannot."""
        if report.checkpoint_failure:
            self.fail(report.checkpoint_failure)
        if not report.rows:
            return
        self.failures.prove(job)
        self._tell(lambda observer: observer.on_epoch(job, report))

    def end(self, job: Job, report: TrialReport | None, error: str | None = None) -> None:
        """A trial has ended: failed where there is an error, stopped where it was still running.

        Args:
            report: its last one, None where it ended before its first epoch did.
            error: the text of what went wrong, if not in the report.
        """
        error = error or (report.error if report else None)
        status = _final_status(report, error)
        record = self._recorder.record(job, report, status, error)
        self._dispatcher.finish(job, record)
        self._count(job, record)
        self._tell(lambda observer: observer.on_end(job, report, status))

    def _tell(self, what: Callable[[Observer], None]) -> None:
        for observer in list(self._observers):
            try:
                what(observer)
            except Exception as error:  # noqa: BLE001 - who watches a run must not end it
                self._observers.remove(observer)
                said = mask(f"{type(error).__name__}: {error}")
                warn(f"{type(observer).__name__} is told no more of this run: {error_line(said)}")

    def _count(self, job: Job, record: Record) -> None:
        if record.rows:
            self.failures.prove(job)
        if record.status != "failed":
            self.failures.take_back(job)
        elif self.failures.fail(job, record.error or ""):
            self._dispatcher.give_up(job.candidate)

    def requeue(self, job: Job) -> None:
        """Put the job back into the queue: its worker died, and the trial itself did not fail."""
        self.failures.take_back(job)
        self._dispatcher.requeue(job)

    def check(self) -> None:
        """Raise what ended the run early.

        Raises:
            StudyError: a record or a checkpoint could not be written, or no trial makes progress.
        """
        if self.failure is not None:
            raise StudyError(
                f"{self.failure.rstrip('.')}. Every record is whole. Fix this, then run the same "
                "command again: it resumes."
            )


def _final_status(report: TrialReport | None, error: str | None) -> Status:
    if report is None or error is not None:
        return "failed"
    return "stopped" if report.status == "running" else report.status
