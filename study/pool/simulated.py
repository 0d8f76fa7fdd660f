"""A study in virtual time: the same search, and known curves in the place of trainings."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, cast

from study.pool.recorder import Recorder
from study.pool.report import TrialReport
from study.pool.session import Session
from study.search.optuna_trials import quiet
from study.search.plan import Plan
from study.search.trial import Job, rung_epochs

Row = dict[str, Any]


class Curves(Protocol):
    """What a job's training would report."""

    def rows(self, job: Job) -> Sequence[Row]:
        """The rows of all its epochs: `seconds`, and the score that the search optimises."""
        ...


@dataclass(frozen=True)
class Simulated:
    """What a simulated run took.

    Attributes:
        seconds: from its beginning to its end.
        busy: seconds that workers trained, added up.
        epochs: that were trained.
        saved: epochs that trials would have had and were stopped before.
        workers: their number.
    """

    seconds: float
    busy: float
    epochs: int
    saved: int
    workers: int

    @property
    def utilisation(self) -> float:
        """Share of the workers' time in which they trained, 0 to 1."""
        return self.busy / (self.workers * self.seconds) if self.seconds else 0.0


def unrecorded(plan: Plan) -> Recorder:
    """A recorder that makes records and keeps none."""
    nowhere = cast(Any, _Nowhere())
    return Recorder(nowhere, nowhere, plan)


@quiet()  # set once: to change it for each of ten thousand proposals is a tenth of their time
def run_simulated(
    session: Session, curves: Curves, workers: int, start_seconds: float = 0.0
) -> Simulated:
    """Run every job of the session, or as many as it wants; nothing is trained.

    A trial is looked at after the epochs at which it may be stopped, and at its end.

    Args:
        workers: number of trials at a time.
        start_seconds: that a worker takes to begin a trial.
    """
    running: list[tuple[float, int, Job, list[Row], int]] = []  # ends of stretches of epochs
    now, busy, epochs, saved, order = 0.0, 0.0, 0, 0, count()

    def go_on(job: Job, rows: list[Row], done: int, delay: float) -> None:
        nonlocal busy, epochs
        until = next((e for e in rung_epochs(len(rows)) if e > done), len(rows))
        took = delay + sum(row["seconds"] for row in rows[done:until])
        busy, epochs = busy + took, epochs + until - done
        heapq.heappush(running, (now + took, next(order), job, rows, until))

    while session.failure is None:
        while len(running) < workers and (job := session.next_job()) is not None:
            session.start(job)
            rows = list(curves.rows(job))
            if job.stopped_at is not None:
                saved -= len(rows) - job.stopped_at
            go_on(job, rows, job.stopped_at or 0, start_seconds)
        if not running:
            break
        now, _, job, rows, done = heapq.heappop(running)
        status = "complete" if done == len(rows) else "running"
        report = TrialReport(status, rows[:done])
        stops = not report.is_last and session.stops(job, report.rows)
        session.report(job, report)
        if report.is_last or stops:
            session.end(job, report)
            saved += len(rows) - done
        else:
            go_on(job, rows, done, 0.0)
    return Simulated(now, busy, epochs, saved, workers)


class _Nowhere:
    """In the place of a store: what is written there is gone."""

    def write(self, *_record: Any) -> None:
        pass

    def delete(self, *_key: Any) -> None:
        pass
