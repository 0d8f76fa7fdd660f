"""When a trial of a search stops early: ASHA over the trials of one search."""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from study.search.trial import EPOCH, FIRST_RUNG_DIVISOR, METRIC, REDUCTION_FACTOR
from study.store.records import Record

CONTROLLER: Any = None  # Tune's; ASHA does not look at it


class Pruner:
    """Ray's ASHA for the prunable trials of one search.

    One for all searches would compare families that learn at different speeds.

    Args:
        epochs: of a full-length trial.
        records: finished trials, whose losses enter the rungs if ASHA could have stopped them.
    """

    def __init__(self, epochs: int, records: Iterable[Record] = ()):
        self.asha = AsyncHyperBandScheduler(
            time_attr=EPOCH,
            metric=METRIC,
            mode="min",
            max_t=epochs,
            grace_period=-(-epochs // FIRST_RUNG_DIVISOR),
            reduction_factor=REDUCTION_FACTOR,
        )
        self._seen: dict[str, int] = {}  # epochs that ASHA knows, by the trial's key
        for record in records:
            if record.pruned_by == "asha":
                self.finish(record)

    def stops(self, key: str, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the trial ends here; each of its epochs is counted once.

        A resumed trial brings the epochs before: it survived them.

        Args:
            rows: all its epochs so far. One whose loss is not finite, None, is left out: it would
                spoil the rung.
        """
        trial = self._trial(key)
        decision = TrialScheduler.CONTINUE
        for row in rows[self._seen[key] :]:
            if row[METRIC] is not None:
                result = {EPOCH: row["epoch"], METRIC: row[METRIC]}
                decision = self.asha.on_trial_result(CONTROLLER, trial, result)
        self._seen[key] = max(self._seen[key], len(rows))
        return decision == TrialScheduler.STOP

    def finish(self, record: Record) -> None:
        """Take in the rest of a finished trial."""
        self.stops(record.key, record.rows)
        self.asha.on_trial_remove(CONTROLLER, self._trial(record.key))
        del self._seen[record.key]

    def _trial(self, key: str) -> Any:
        """What ASHA looks at of a trial of Tune's."""
        trial: Any = SimpleNamespace(trial_id=key)
        if key not in self._seen:
            self._seen[key] = 0
            self.asha.on_trial_add(CONTROLLER, trial)
        return trial
