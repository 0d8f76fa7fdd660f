"""A study in this one process, one trial after the other, without Ray."""

import traceback

from hw3.splits import Splits
from study.pool.session import MAX_RETRIES, Session
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.pool.worker import TrialReport, Worker
from study.search.trial import Job
from study.store.checkpoints import CheckpointStore


def run_inline(
    session: Session,
    data: Splits,
    checkpoints: CheckpointStore,
    threads: int = 1,
    weights: WeightsKeeper = NO_WEIGHTS,
) -> None:
    """Run every job of the session; returns when all are recorded.

    The records are those that a Ray worker with as many threads would give. A trial that raises is
    tried again MAX_RETRIES times; with Ray only failures without progress count, here all do. One
    that hangs, or that the operating system ends for want of memory, takes the run with it: the
    next run resumes.

    Args:
        threads: for the computations of a trial on CPU cores.
        weights: keeps those of confirmed trainings.

    Raises:
        StudyError: a record or a checkpoint could not be written.
    """
    worker = Worker(
        data.without_test(), lambda: data.test, threads, checkpoints.folder, weights=weights
    )
    while session.failure is None and (job := session.next_job()) is not None:
        _run_trial(session, worker, job)
    session.check()


def _run_trial(session: Session, worker: Worker, job: Job) -> None:
    session.start(job)
    worker.begin(job)
    errors: list[str] = []
    last: TrialReport | None = None
    while True:
        try:
            report = worker.train_epoch()
        except Exception:  # noqa: BLE001 - whatever a model raises fails its trial, not the study
            errors.append(f"Failure # {len(errors) + 1}\n{traceback.format_exc()}")
            if len(errors) > MAX_RETRIES:
                session.end(job, last, "\n".join(errors))
                return
            session.start(job)
            worker.begin(job)
            continue
        last = report
        stops = not report.is_last and session.stops(job, report.rows)
        session.report(job, report)
        if report.is_last or (stops and session.failure is None):
            session.end(job, report)
        if report.is_last or stops or session.failure is not None:
            return
