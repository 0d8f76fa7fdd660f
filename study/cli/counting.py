"""Counts what a session tells its observers: how far a run is, as a snapshot."""

import math
import os
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from study.search.blinded import may_show
from study.search.choose import FinishedTrials
from study.search.objective import rank_of, value_of
from study.search.plan import Plan
from study.search.trial import TIMED_EPOCHS, Job
from study.spec.secrets import mask
from study.spec.status import Status
from study.store.records import Record
from study.store.snapshot import (
    LISTED,
    BestScore,
    Phase,
    RunningTrial,
    Snapshot,
    StageCount,
    State,
)
from study.table.formatting import column_name, format_value
from study.table.members import study_members

if TYPE_CHECKING:
    from study.pool.report import TrialReport

STAGES = ("explore", "confirm", "timing")
POINTS = 16  # of a curve in a snapshot
ERROR_LENGTH = 1000  # characters


class Count:
    """How far a run is. Events come from the thread of the session; any thread may ask.

    Args:
        plan: of the run.
        clock: seconds that only ever grow.

    Attributes:
        phase: what the run does.
    """

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic):
        self._plan, self._clock, self._lock = plan, clock, Lock()
        self._objective = plan.setting.objective
        searches = {search.name: search.label for search in plan.study.searches}
        labels = plan.study.labels()
        self._labels = {"explore": searches, "confirm": labels, "timing": labels}  # by stage, name
        epochs = plan.budget.epochs
        self._lengths = dict.fromkeys(STAGES, epochs) | {"timing": min(TIMED_EPOCHS, epochs)}
        self._seeds = {seed: n for n, seed in enumerate(_seeds(plan), start=1)}
        self._started, self._training_since = _now(), clock()
        self.phase: Phase = "starting"
        self._state: State = "running"
        self._error = ""
        self._remaining: Mapping[str, int] = {}
        self._count_remaining: Callable[[], Mapping[str, int]] = dict
        self._ended = Counter[str]()  # trials by stage
        self._not_complete = Counter[Status]()
        self._stopped: set[str] = set()  # keys
        self._running: dict[str, Job] = {}  # by key, as the next two
        self._reports: dict[str, TrialReport] = {}
        self._known: dict[str, int] = {}  # epochs counted
        self._epochs = self._repeated = 0  # all that were trained; those that were lost before
        self._best: dict[str, float] = {}  # by the search's name

    def expect(
        self, remaining: Callable[[], Mapping[str, int]], earlier: FinishedTrials | None = None
    ) -> None:
        """Training begins.

        Args:
            remaining: gives the maximum number of trials that have not ended, by stage. It falls
                by more than those that end where candidates turn out to share trainings.
            earlier: what is recorded already.
        """
        self._count_remaining = remaining
        with self._lock:
            self.phase, self._training_since = "training", self._clock()
            self._remaining = dict(remaining())
            for stage, name, record in _members(earlier):
                self._count_end(stage, record.key, record.status)
                if stage == "explore" and record.is_full_length:
                    self._compare(name, _score(self._objective, record.rows[-1]))

    @property
    def remaining(self) -> int:
        """The maximum number of trials that have not ended."""
        with self._lock:
            return sum(self._remaining.values())

    def end(self, error: BaseException | None) -> None:
        """The run ends, for this reason if it is none that was planned."""
        with self._lock:
            self._state = "finished" if error is None else "failed"
            if isinstance(error, KeyboardInterrupt):
                self._state = "interrupted"
            elif error is not None:
                said = str(error) or type(error).__name__
                self._error = mask(" ".join(said.split()))[:ERROR_LENGTH]

    def end_training(self) -> None:
        """No trial follows; the report comes next."""
        self._end_training("reporting")

    def stop_training(self) -> None:
        """No trial follows, as the run is about to end."""
        self._end_training("stopping")

    def _end_training(self, phase: Phase) -> None:
        with self._lock:
            if self.phase != "stopping":
                self.phase, self._remaining = phase, dict(self._count_remaining())
            self._running.clear()

    def on_start(self, job: Job) -> None:
        with self._lock:
            if job.stopped_at is not None and job.key in self._stopped:  # it goes on
                self._stopped.remove(job.key)
                self._ended[job.stage] -= 1
                self._not_complete["stopped"] -= 1
            if not (self._running or self._epochs):  # workers may take seconds to start
                self._training_since = self._clock()
            self._running[job.key] = job
            self._remaining = dict(self._count_remaining())

    def on_epoch(self, job: Job, report: "TrialReport") -> None:
        key = job.key  # a hash, which takes as long as all else here
        with self._lock:
            self._epochs += 1
            done, known = len(report.rows), self._known.get(key, 0)
            self._known[key] = max(known, done)
            self._repeated += done <= known
            self._reports[key] = report
            if job.stage == "explore" and report.status == "complete":
                self._compare(job.candidate, _score(self._objective, report.rows[-1]))

    def on_end(self, job: Job, report: "TrialReport | None", status: Status) -> None:
        key = job.key
        with self._lock:
            self._running.pop(key, None)
            self._reports.pop(key, None)
            self._remaining = dict(self._count_remaining())
            self._count_end(job.stage, key, status)
            if status == "stopped":
                self._known.pop(key, None)

    def snapshot(self) -> Snapshot:
        """How far the run is now."""
        with self._lock:
            return Snapshot(
                study=self._plan.study.name,
                title=self._plan.study.title,
                host=platform.node(),
                pid=os.getpid(),
                command=self._plan.command,
                started=self._started,
                written=_now(),
                state=self._state,
                phase=self.phase,
                error=self._error,
                stages=self._stages(),
                seconds_left=self._seconds_left(),
                under_way=len(self._running),
                running=tuple(
                    self._describe(*pair) for pair in islice(self._running.items(), LISTED)
                ),
                workers=self._workers(),
                best=tuple(self._bests()),
                stopped=self._not_complete["stopped"],
                diverged=self._not_complete["diverged"],
                failed=self._not_complete["failed"],
                repeated=self._repeated,
                epochs_per_second=self._rate(),
            )

    def _workers(self) -> dict[str, int]:
        """Number of workers that train, by host; trials that are trained together have one."""
        shares: dict[str, float] = defaultdict(float)
        for key, report in self._reports.items():
            if key in self._running and report.host:
                shares[report.host] += 1 / report.fused
        return {host: max(1, round(shares[host])) for host in sorted(shares)}

    def _count_end(self, stage: str, key: str, status: Status) -> None:
        self._ended[stage] += 1
        self._not_complete[status] += 1
        if status == "stopped":
            self._stopped.add(key)

    def _compare(self, search: str, value: float | None) -> None:
        if value is not None:
            known = (value, self._best.get(search, value))
            self._best[search] = min(known, key=partial(rank_of, self._objective))

    def _stages(self) -> tuple[StageCount, ...]:
        """Each stage that has anything to train."""
        ended, left = self._ended, self._remaining
        counts = (StageCount(s, ended[s], ended[s] + left.get(s, 0)) for s in STAGES)
        return tuple(count for count in counts if count.total)

    def _describe(self, key: str, job: Job) -> RunningTrial:
        report = self._reports.get(key)
        rows = list(report.rows) if report else []  # a thread of the pool may add to them
        shown = rows if may_show(job.stage) else []
        scores = [_score(self._objective, shown[place]) for place in _places(len(shown))]
        score = scores[-1] if scores else None
        seed = job.ingredients["seed"]
        return RunningTrial(
            stage=job.stage,
            label=self._labels[job.stage][job.candidate],
            number=self._seeds.get(seed) if job.number is None else job.number + 1,
            seed=seed,
            epoch=len(rows),
            epochs=self._lengths[job.stage],
            score=score,
            score_text="" if score is None else format_value(self._objective, score),
            curve=_curve(scores),
            host=report.host if report else None,
        )

    def _bests(self) -> list[BestScore]:
        metric, labels = column_name(self._objective), self._labels["explore"]
        return [
            BestScore(labels[name], metric, value, format_value(self._objective, value))
            for name, value in self._best.items()
        ]

    @property
    def _epochs_left(self) -> int:
        """Of all trials that have not ended, those that run with what they have trained."""
        trained = sum(self._known.get(key, 0) for key in self._running)
        left = (self._lengths[stage] * count for stage, count in self._remaining.items())
        return sum(left) - trained

    def _seconds_left(self) -> float | None:
        """From the rate so far, as if all epochs were equal; None before two epochs of each of the
        first trials are done."""
        if not self._epochs or self._epochs < 2 * len(self._running):
            return None
        return self._epochs_left / self._rate()

    def _rate(self) -> float:
        return self._epochs / max(1e-9, self._clock() - self._training_since)


def _members(trials: FinishedTrials | None) -> Sequence[tuple[str, str, Record]]:
    """What is recorded of a study: stage, name of the search or candidate, record; each once in a
    stage."""
    members = study_members(trials) if trials else []
    found = {(one.stage, one.record.key): (one.candidate, one.record) for one in members}
    return [(stage, name, record) for (stage, _), (name, record) in found.items()]


def _seeds(plan: Plan) -> list[int]:
    return plan.setting.confirm_seeds(plan.budget.seeds)


def _score(objective: str, row: Mapping[str, Any]) -> float | None:
    """What an epoch of a trial scored, None where that was no finite number."""
    value = value_of(objective, row)
    return value if value is not None and math.isfinite(value) else None


def _places(count: int) -> Sequence[int]:
    """At most POINTS of so many places, the first and the last among them."""
    if count <= POINTS:
        return range(count)
    return [round(n * (count - 1) / (POINTS - 1)) for n in range(POINTS)]


def _curve(scores: Sequence[float | None]) -> tuple[float | None, ...]:
    """The scores, scaled to 0..1."""
    numbers = [score for score in scores if score is not None]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    width = (high - low) or 1.0
    return tuple(None if score is None else round((score - low) / width, 2) for score in scores)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
