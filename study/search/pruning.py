"""When a trial of a search stops early: successive halving, where the search itself bears it out.

Asynchronous successive halving (ASHA, Li et al. 2020, https://arxiv.org/abs/1810.05934) stops a
trial whose score at a rung is not among the best third of those that reached it. Where early epochs
tell little about the end, that loses the best trials and nobody notices. So some trials of every
search are never stopped; a rung stops trials only while its order is that of these trials at their
end; and what a rung has stopped and would now let pass is resumed before the search is over.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from study.search.costs import CostOf, no_cost
from study.search.horizon import ALL, EVERYTHING, Horizon
from study.search.objective import WORST, rank_at
from study.search.trial import EPOCH, REDUCTION_FACTOR, Job, number_of, rung_epochs
from study.spec.study import LOSS
from study.store.records import STOPPED_AT, Record

FIRST_UNPRUNED = 4  # trials of a search; then the 8th, the 16th, the 32nd ...
# A rung is open where the unpruned trials agree with it in more than this share of their pairs. One
# pair of each kind is added to those counted (Laplace's rule of succession): of the six pairs of
# four trials, five have to agree.
AGREEMENT = 0.7


def is_unpruned(number: int) -> bool:
    """Whether the trial of this number runs to its end, whatever it scores: the first ones of a
    search, and then ever fewer, so that what they cost becomes ever less of the whole."""
    return number < FIRST_UNPRUNED or (number >= 2 * FIRST_UNPRUNED and number.bit_count() == 1)


@dataclass
class _Rung:
    """The trials that reached a rung: their numbers, what ranks them there, less is better, and
    what they cost."""

    numbers: array = field(default_factory=lambda: array("q"))
    ranks: array = field(default_factory=lambda: array("d"))
    costs: array = field(default_factory=lambda: array("d"))

    def add(self, number: int, rank: float, cost: float) -> None:
        self.numbers.append(number)
        self.ranks.append(rank)
        self.costs.append(cost)

    def keeps(self, number: int, rank: float, cost: float, horizon: int) -> bool:
        """Whether fewer than a third of those of numbers below the horizon, its own with them, are
        better than the trial at no greater cost."""
        numbers = np.array(self.numbers)
        seen = (numbers < horizon) | (numbers == number)
        better = (np.array(self.ranks) < rank) & (np.array(self.costs) <= cost)
        kept = -(-int(np.count_nonzero(seen)) // REDUCTION_FACTOR)
        return int(np.count_nonzero(better[seen])) < kept


class _Stopped(NamedTuple):
    """A trial that was stopped, with what ranked it at its last epoch."""

    number: int
    epoch: int
    rank: float
    cost: float


class Pruner:
    """Decides for the trials of one search.

    One for all searches would compare families that learn at different speeds.

    Args:
        epochs: of a full-length trial.
        objective: what the search optimises.
        horizon: which trials a decision may look at.
        cost_of: what a trial costs: one is stopped only where enough are better and cost no more.
    """

    def __init__(
        self,
        epochs: int,
        objective: str = LOSS,
        horizon: Horizon = EVERYTHING,
        cost_of: CostOf = no_cost,
    ):
        self._objective, self._horizon, self._cost_of = objective, horizon, cost_of
        self._rungs = {epoch: _Rung() for epoch in rung_epochs(epochs)}
        self._reached: dict[str, int] = {}  # the last epoch that was looked at, by the trial's key
        # Ranks of the unpruned trials that have ended, by number: at each rung, and at the end.
        self._unpruned: dict[int, tuple[dict[int, float], float]] = {}
        self._stopped: dict[str, _Stopped] = {}  # by key

    def stops(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the trial ends here; each of its epochs is counted once.

        A resumed trial brings the epochs before: it survived them.

        Args:
            rows: all its epochs so far. A rung where its score is not finite, None, is left out.
        """
        if job.stopped_at is not None:  # resumed: it has been judged
            return False
        number, before, epoch = number_of(job), self._reached.get(job.key, 0), len(rows)
        rank = self._enter(job, rows)
        if not job.prunable or epoch <= before or epoch not in self._rungs or rank == WORST:
            return False
        return self.is_open(epoch, number) and not self._rungs[epoch].keeps(
            number, rank, self._cost_of(job), self._horizon.of(number)
        )

    def finish(self, record: Record) -> None:
        """Take in a trial that has ended; of one that was resumed, what it was when it was stopped:
        it was chosen among the stopped ones, and compares with no other."""
        number, stopped_at = number_of(record), record.provenance.get(STOPPED_AT)
        if self._stopped.pop(record.key, None) is not None:
            return  # it was taken in when it was stopped
        rank = self._enter(record, record.rows[:stopped_at])
        self._reached.pop(record.key)
        if stopped_at is None and record.is_full_length and record.pruned_by == "none":
            ranks = [self._rank(row) for row in record.rows]
            self._unpruned[number] = {epoch: ranks[epoch - 1] for epoch in self._rungs}, rank
        elif record.status == "stopped":
            cost = self._cost_of(record)
            self._stopped[record.key] = _Stopped(number, len(record.rows), rank, cost)

    def is_open(self, epoch: int, number: int) -> bool:
        """Whether the rung at this epoch may stop the trial of this number."""
        return self._agrees(epoch, self._horizon.of(number))

    def _agrees(self, epoch: int, horizon: int) -> bool:
        ended = [ranks for number, ranks in self._unpruned.items() if number < horizon]
        pairs = list(combinations(ended, 2))
        agreeing = sum(
            (one[0][epoch] < other[0][epoch]) == (one[1] < other[1]) for one, other in pairs
        )
        return bool(pairs) and (agreeing + 1) / (len(pairs) + 2) > AGREEMENT

    def resumable(self) -> list[str]:
        """Keys of the stopped trials that their rung, by all that is known now, would let pass."""
        return [
            key
            for key, one in sorted(self._stopped.items(), key=itemgetter(1))
            if one.epoch in self._rungs
            and (
                not self._agrees(one.epoch, ALL)
                or self._rungs[one.epoch].keeps(one.number, one.rank, one.cost, ALL)
            )
        ]

    def _enter(self, trial: Record | Job, rows: Sequence[Mapping[str, Any]]) -> float:
        """Note what the trial scored at the rungs that it reached; its last rank."""
        before = self._reached.get(trial.key, 0)
        for row in rows[before:]:
            if row[EPOCH] in self._rungs and (rank := self._rank(row)) != WORST:
                self._rungs[row[EPOCH]].add(number_of(trial), rank, self._cost_of(trial))
        self._reached[trial.key] = max(before, len(rows))
        return self._rank(rows[-1]) if rows else WORST

    def _rank(self, row: Mapping[str, Any]) -> float:
        return rank_at(self._objective, row)
