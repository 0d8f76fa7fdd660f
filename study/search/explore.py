"""A search in progress: which trial comes next, when it stops, and what follows from its end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hw3.seeds import derive_seed
from study.search.costs import CostOf, no_cost
from study.search.history import History
from study.search.horizon import EVERYTHING, REPRODUCIBLE
from study.search.proposals import Point, SequenceStudy, draw_point, propose_point
from study.search.pruning import Pruner, is_unpruned
from study.search.samplers import SAMPLERS
from study.search.trial import Job, Setting, number_of
from study.spec.search import Search
from study.store.records import Record, record_key

# A sampler may repeat points: a converged one proposes its optimum again, one that follows a
# sequence starts it again after a crash. After so many repeats (of a sequence, as many as there are
# known points) points are drawn at random; after so many of these, the space is taken as exhausted.
REPEATS, RANDOM_REPEATS = 3, 20
MOST_TOLD = 64  # trials that a sampler knows: a proposal takes no longer beside ten thousand


class Explorer:
    """A search in progress; all of it is derived from the records.

    Args:
        search: what is searched.
        setting: what all trials of the run share.
        trials: maximum number of trials.
        records: the search's finished trials.
        unfinished: trials that were under way when the last run ended: proposed first, then the
            hand-picked points that are in neither.
        cost_of: what a trial costs, `study.search.costs.cost_of_trials`.

    Attributes:
        exhausted: whether the space holds no other point.
    """

    def __init__(
        self,
        search: Search,
        setting: Setting,
        trials: int,
        records: Iterable[Record] = (),
        unfinished: Iterable[Job] = (),
        cost_of: CostOf = no_cost,
    ):
        self.search, self.setting, self.trials = search, setting, trials
        self.exhausted, self._given_up = False, False
        self._sampler = SAMPLERS[setting.sampler]
        self._horizon = REPRODUCIBLE if setting.reproducible else EVERYTHING
        epochs, objective = setting.recipe.epochs, setting.objective
        self._history = History(epochs, objective, cost_of)
        self._pruner = Pruner(epochs, objective, self._horizon, cost_of)
        self._sequence: SequenceStudy | None = None
        if not self._sampler.renewed:
            make = partial(self._sampler.make, self._stream_seed("sampler"), search, trials, 0)
            self._sequence = SequenceStudy(search, make, objective)
        self._finished: dict[str, Record] = {}  # by key
        self._under_way: dict[str, Job] = {}  # by key
        self._points: dict[int, Point] = {}  # of both, by number
        self._next_free = 0  # no number below it is free
        self._to_resume: list[Job] | None = None  # stopped trials, known once all others ended
        for record in sorted(records, key=number_of):
            self._take_in(record)
        self._again = sorted(unfinished, key=number_of)  # begun, and to be proposed again
        known = {*self._finished, *(job.key for job in self._again)}
        self._given = [point for point in search.hand_picked if self._key(point) not in known]

    @property
    def remaining(self) -> int:
        """Trials that may still be proposed."""
        if self._given_up:
            return 0
        return self._new + len(self._resumable())

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to propose and nothing under way."""
        return not self.remaining and not self._under_way

    def give_up(self) -> None:
        """Propose no more."""
        self._given_up = True

    def propose(self) -> Job | None:
        """The next trial; None where there is none, or none before others have ended."""
        if self._given_up:
            return None
        job = (self._propose_new() if self._new else None) or self._resume()
        if job is not None:
            self._under_way[job.key] = job
            self._points[number_of(job)] = job.params
        return job

    def stops(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the trial ends after these epochs, all that it has."""
        return self._pruner.stops(job, rows)

    def finish(self, record: Record) -> None:
        """Take in how a trial under way ended."""
        del self._under_way[record.key]
        self._take_in(record)

    def requeue(self, job: Job) -> None:
        """Propose the trial again, under its number: it ended without a result."""
        del self._under_way[job.key]
        self._again.insert(0, job)

    @property
    def _new(self) -> int:
        """Trials within the budget that are neither finished nor under way."""
        if self.exhausted:
            return len(self._again)
        return max(0, self.trials - len(self._finished) - len(self._under_way))

    def _take_in(self, record: Record) -> None:
        self._finished[record.key] = record
        self._points[number_of(record)] = record.params
        self._history.add(record)
        self._pruner.finish(record)
        if self._sequence:
            self._sequence.tell(record)

    def _propose_new(self) -> Job | None:
        number = number_of(self._again[0]) if self._again else self._free_number()
        if any(number_of(job) < self._horizon.of(number) for job in self._unseen()):
            return None
        if self._again:
            return self._again.pop(0)
        for point in self._candidates(number):
            job = self._job(point, number)
            if job.key not in self._finished and job.key not in self._under_way:
                return job
        self.exhausted = True
        return None

    def _unseen(self) -> Iterable[Job]:
        """Trials that must have ended before one that is to see them; none if it sees what there
        is."""
        return () if self._horizon is EVERYTHING else self._under_way.values()

    def _free_number(self) -> int:
        """The least number that no trial of the search has."""
        while self._next_free in self._points:
            self._next_free += 1
        return self._next_free

    def _candidates(self, number: int) -> Iterator[Point]:
        """Points for the trial of this number: hand-picked, proposed, and at last drawn."""
        while self._given:
            yield self._given.pop(0)
        if self._sequence:
            for _ in range(len(self._points) + 1):
                yield self._sequence.next_point()
        else:
            for repeat in range(REPEATS):
                yield self._proposed(number, repeat)
        for repeat in range(RANDOM_REPEATS):
            yield draw_point(self.search, self._stream_seed("random", number, repeat))

    def _proposed(self, number: int, repeat: int) -> Point:
        """What the sampler proposes as the trial of this number, made anew for it."""
        seed = self._stream_seed("sampler", number, repeat)
        if not self._sampler.informed:
            return draw_point(self.search, seed)
        horizon = self._horizon.of(number)
        points, ranks, costs = self._history.told(
            horizon, MOST_TOLD, lambda epoch: self._pruner.is_open(epoch, number)
        )
        if self._horizon is EVERYTHING:
            running = [job.params for job in self._under_way.values()]
        else:  # whether they have ended or not
            running = [self._points[one] for one in range(max(horizon, 0), number)]
        sampler = self._sampler.make(seed, self.search, self.trials, len(points))
        has_front = self.search.front is not None
        return propose_point(
            self.search, sampler, points, ranks, running, costs if has_front else None
        )

    def _job(self, point: Point, number: int) -> Job:
        return Job(
            stage="explore",
            candidate=self.search.name,
            ingredients=self._ingredients(point),
            params=dict(point),
            number=number,
            prunable=not is_unpruned(number),
        )

    def _resume(self) -> Job | None:
        """A trial that was stopped, and goes on."""
        if not self._resumable():
            return None
        job = self._resumable().pop(0)
        del self._finished[job.key]
        return job

    def _resumable(self) -> list[Job]:
        """Trials that were stopped, and that their rungs would let pass once all are known: decided
        when every other trial has ended, so that it is the same in whatever order they did."""
        if self._to_resume is None and not self._new and not self._under_way:
            stopped = [self._finished[key] for key in self._pruner.resumable()]
            self._to_resume = [
                replace(
                    self._job(record.params, number_of(record)),
                    prunable=True,
                    stopped_at=len(record.rows),
                )
                for record in stopped
            ]
        return self._to_resume or []

    def _ingredients(self, point: Point) -> dict[str, Any]:
        return self.setting.explore_ingredients(self.search, self.search.config(point))

    def _key(self, point: Point) -> str:
        return record_key(self._ingredients(point))

    def _stream_seed(self, *names: str | int) -> int:
        """A seed below the search's, as 32 bits, which is what samplers take."""
        return derive_seed(self.setting.explore_seed(self.search), *names) % 2**32
