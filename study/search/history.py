"""The ended trials of a search as a sampler is told of them: so many at most, each with a score."""

from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from study.search.costs import CostOf, no_cost
from study.search.objective import WORST, rank_at
from study.search.trial import number_of, rung_epochs
from study.spec.study import LOSS
from study.store.records import Record

Point = Mapping[str, Any]
UNKNOWN = float("nan")


class History:
    """Ranks of trials, less is better: what those that ran to their end scored there, and what the
    others would have, by the order of their rung.

    Args:
        epochs: of a full-length trial.
        objective: what the search optimises.
        cost_of: what a trial costs.
    """

    def __init__(self, epochs: int, objective: str = LOSS, cost_of: CostOf = no_cost):
        self._objective, self._rungs, self._cost_of = objective, rung_epochs(epochs), cost_of
        self._places: dict[int, int] = {}  # where a number's entries are
        self._numbers = array("q")
        self._points: list[Point] = []
        self._stopped_at = array("q")  # 0 for trials that were not stopped
        self._ends, self._costs = array("d"), array("d")
        self._at_rungs = {epoch: array("d") for epoch in self._rungs}

    def add(self, record: Record) -> None:
        """Take in a trial that has ended; one that was resumed, again. What failed is left out."""
        if record.status == "failed":
            return
        number, rows, objective = number_of(record), record.rows, self._objective
        place = self._places.setdefault(number, len(self._points))
        if place == len(self._points):
            self._points.append(record.params)
            self._costs.append(self._cost_of(record))
            for entries in (self._numbers, self._stopped_at):
                entries.append(0)
            for entries in (self._ends, *self._at_rungs.values()):
                entries.append(UNKNOWN)
        self._numbers[place] = number
        self._stopped_at[place] = len(rows) if record.status == "stopped" else 0
        if record.status != "stopped":  # a diverged one is worse than all others
            self._ends[place] = rank_at(objective, rows[-1]) if record.is_full_length else WORST
        for epoch, entries in self._at_rungs.items():
            entries[place] = rank_at(objective, rows[epoch - 1]) if epoch <= len(rows) else UNKNOWN

    def told(
        self, horizon: int, limit: int, is_open: Callable[[int], bool]
    ) -> tuple[list[Point], np.ndarray, np.ndarray]:
        """Points with their ranks and costs, in the order of their numbers; half of the limit are
        those that the fewest are better than at no greater cost, the others the latest ones.

        Args:
            horizon: numbers from this one on are left out.
            limit: maximum number of points.
            is_open: whether the order of trials at this epoch says something about their end.
        """
        numbers, ends = np.array(self._numbers), np.array(self._ends)
        seen = numbers < horizon
        for epoch, entries in self._at_rungs.items():
            stopped = seen & (np.array(self._stopped_at) == epoch)
            if stopped.any() and is_open(epoch):
                full = seen & np.isfinite(ends) & (np.array(self._stopped_at) == 0)
                at_rung = np.array(entries)
                ends[stopped] = _match(at_rung[stopped], at_rung[full], ends[full])
        places = np.flatnonzero(seen & ~np.isnan(ends))
        if len(places) > limit:
            order = ends[places]
            if self._cost_of is not no_cost:  # which would give the same order, and takes longer
                order = _beaten(order, np.array(self._costs)[places])
            best = np.zeros(len(places), dtype=bool)
            best[np.argsort(order, kind="stable")[: limit // 2]] = True
            rest = places[~best]
            latest = rest[np.argsort(numbers[rest])][limit // 2 - limit :]
            places = np.concatenate([places[best], latest])
        places = places[np.argsort(numbers[places])]
        costs = np.array(self._costs)[places]
        return [self._points[place] for place in places], ends[places], costs


def _beaten(ranks: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """How many are better than each at no greater cost: 0 on the Pareto front.

    Args:
        ranks, costs: less is better, (N,) each.
    """
    seen: list[float] = []
    counts = np.empty(len(ranks), dtype=int)
    for place in np.lexsort((ranks, costs)):  # whatever costs no more comes before
        rank = float(ranks[place])
        counts[place] = bisect_left(seen, rank)
        insort(seen, rank)
    return counts


def _match(ranks: np.ndarray, at_rung: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Ends of trials that were stopped: quantiles of the ends for quantiles of the rung.

    Args:
        ranks: of the stopped trials at their rung, (N,).
        at_rung, ends: of those that went on to their end, (M,) each.

    Returns:
        (N,); unknown where none went on.
    """
    known = np.isfinite(at_rung)
    if not known.any():
        return np.full(len(ranks), UNKNOWN)
    return np.interp(ranks, np.sort(at_rung[known]), np.sort(ends[known]))
