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
from typing import Any

import numpy as np

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
    """The trials that reached a rung: their numbers, and what ranks them there, less is better."""

    numbers: array = field(default_factory=lambda: array("q"))
    ranks: array = field(default_factory=lambda: array("d"))

    def add(self, number: int, rank: float) -> None:
        self.numbers.append(number)
        self.ranks.append(rank)

    def keeps(self, number: int, rank: float, horizon: int) -> bool:
        """Whether the trial's rank is among the best third of those of numbers below the horizon,
        its own with them."""
        numbers = np.array(self.numbers)
        seen = np.array(self.ranks)[(numbers < horizon) | (numbers == number)]
        return int(np.count_nonzero(seen < rank)) < -(-len(seen) // REDUCTION_FACTOR)


class Pruner:
    """Decides for the trials of one search.

    One for all searches would compare families that learn at different speeds.

    Args:
        epochs: of a full-length trial.
        objective: what the search optimises.
        horizon: which trials a decision may look at.
    """

    def __init__(
        self,
        epochs: int,
        objective: str = LOSS,
        horizon: Horizon = EVERYTHING,
    ):
        self._objective, self._horizon = objective, horizon
        self._rungs = {epoch: _Rung() for epoch in rung_epochs(epochs)}
        self._reached: dict[str, int] = {}  # the last epoch that was looked at, by the trial's key
        # Ranks of the unpruned trials that have ended, by number: at each rung, and at the end.
        self._unpruned: dict[int, tuple[dict[int, float], float]] = {}
        self._stopped: dict[str, tuple[int, int, float]] = {}  # number, epoch and rank, by key

    def stops(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the trial ends here; each of its epochs is counted once.

        A resumed trial brings the epochs before: it survived them.

        Args:
            rows: all its epochs so far. A rung where its score is not finite, None, is left out.
        """
        if job.stopped_at is not None:  # resumed: it has been judged
            return False
        number, before, epoch = number_of(job), self._reached.get(job.key, 0), len(rows)
        rank = self._enter(job.key, number, rows)
        if not job.prunable or epoch <= before or epoch not in self._rungs or rank == WORST:
            return False
        return self.is_open(epoch, number) and not self._keeps(epoch, number, rank)

    def finish(self, record: Record) -> None:
        """Take in a trial that has ended; of one that was resumed, what it was when it was stopped:
        it was chosen among the stopped ones, and compares with no other."""
        number, stopped_at = number_of(record), record.provenance.get(STOPPED_AT)
        if self._stopped.pop(record.key, None) is not None:
            return  # it was taken in when it was stopped
        rank = self._enter(record.key, number, record.rows[:stopped_at])
        self._reached.pop(record.key)
        if stopped_at is None and record.is_full_length and record.pruned_by == "none":
            ranks = [self._rank(row) for row in record.rows]
            self._unpruned[number] = {epoch: ranks[epoch - 1] for epoch in self._rungs}, rank
        elif record.status == "stopped":
            self._stopped[record.key] = number, len(record.rows), rank

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
            for key, (number, epoch, rank) in sorted(self._stopped.items(), key=itemgetter(1))
            if epoch in self._rungs
            and (not self._agrees(epoch, ALL) or self._rungs[epoch].keeps(number, rank, ALL))
        ]

    def _keeps(self, epoch: int, number: int, rank: float) -> bool:
        return self._rungs[epoch].keeps(number, rank, self._horizon.of(number))

    def _enter(self, key: str, number: int, rows: Sequence[Mapping[str, Any]]) -> float:
        """Note what the trial scored at the rungs that it reached; its last rank."""
        before = self._reached.get(key, 0)
        for row in rows[before:]:
            if row[EPOCH] in self._rungs and (rank := self._rank(row)) != WORST:
                self._rungs[row[EPOCH]].add(number, rank)
        self._reached[key] = max(before, len(rows))
        return self._rank(rows[-1]) if rows else WORST

    def _rank(self, row: Mapping[str, Any]) -> float:
        return rank_at(self._objective, row)
