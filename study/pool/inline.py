"""A study in this one process, one trial after the other, without Ray."""

import traceback
from collections.abc import Iterable

from hw3.splits import Splits
from study.pool.report import TrialReport
from study.pool.session import MAX_RETRIES, Session
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.pool.worker import Worker
from study.search.trial import Job
from study.store.checkpoints import CheckpointStore


def run_inline(
    session: Session,
    data: Splits,
    checkpoints: CheckpointStore,
    threads: int = 1,
    weights: WeightsKeeper = NO_WEIGHTS,
    gpu_share: float = 0.0,
) -> None:
    """Run every job of the session; returns when all are recorded.

    The records are those that a Ray worker with as many threads would give. A trial that raises is
    tried again MAX_RETRIES times; with Ray only failures without progress count, here all do. One
    that hangs, or that the operating system ends for want of memory, takes the run with it: the
    next run resumes.

    Args:
        threads: for the computations of a trial on CPU cores.
        weights: keeps those of confirmed trainings.
        gpu_share: as `Resources.gpus_per_trial`.

    Raises:
        StudyError: a record or a checkpoint could not be written.
    """
    worker = Worker(
        data.without_test(),
        lambda: data.test,
        threads,
        checkpoints.folder,
        weights=weights,
        gpu_share=gpu_share,
    )
    while session.failure is None and (jobs := session.next_jobs()):
        _run_jobs(session, worker, jobs)
    session.check()


def _run_jobs(session: Session, worker: Worker, jobs: Iterable[Job]) -> None:
    """Train the jobs as one, to the end of each."""
    errors: list[str] = []
    last: dict[str, TrialReport] = {}  # by key
    under_way = _begin(session, worker, jobs)
    while under_way:
        try:
            reports = worker.train_epoch()
        except Exception:  # noqa: BLE001 - whatever a model raises fails its trial, not the study
            errors.append(f"Failure # {len(errors) + 1}\n{traceback.format_exc()}")
            if len(errors) > MAX_RETRIES:
                for key, job in under_way.items():
                    session.end(job, last.get(key), "\n".join(errors))
                return
            under_way = _begin(session, worker, under_way.values())
            continue
        last |= reports
        ended = {key for key in reports if _has_ended(session, under_way[key], reports[key])}
        under_way = {key: job for key, job in under_way.items() if key not in ended}
        if session.failure is not None:
            return


def _begin(session: Session, worker: Worker, jobs: Iterable[Job]) -> dict[str, Job]:
    """The jobs by key."""
    begun = {job.key: job for job in jobs}
    for job in begun.values():
        session.start(job)
    worker.begin(*begun.values())
    return begun


def _has_ended(session: Session, job: Job, report: TrialReport) -> bool:
    stops = not report.is_last and session.stops(job, report.rows)
    session.report(job, report)
    ends = report.is_last or (stops and session.failure is None)
    if ends:
        session.end(job, report)
    return ends
