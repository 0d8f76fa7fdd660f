"""When a trial of a search stops early: ASHA over the trials of one search."""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from study.search.objective import direction_of, value_of
from study.search.trial import EPOCH, FIRST_RUNG_DIVISOR, REDUCTION_FACTOR
from study.spec.study import LOSS
from study.store.records import Record

MODES = {"minimize": "min", "maximize": "max"}
CONTROLLER: Any = None  # Tune's; ASHA does not look at it


class Pruner:
    """Ray's ASHA for the prunable trials of one search.

    One for all searches would compare families that learn at different speeds.

    Args:
        epochs: of a full-length trial.
        records: finished trials, whose scores enter the rungs if ASHA could have stopped them.
        objective: what the search optimises.
    """

    def __init__(self, epochs: int, records: Iterable[Record] = (), objective: str = LOSS):
        self._objective = objective
        self.asha = AsyncHyperBandScheduler(
            time_attr=EPOCH,
            metric=objective,
            mode=MODES[direction_of(objective)],
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
            rows: all its epochs so far. One whose score is not finite, None, is left out: it would
                spoil the rung.
        """
        trial = self._trial(key)
        decision = TrialScheduler.CONTINUE
        for row in rows[self._seen[key] :]:
            value = value_of(self._objective, row)
            if value is not None:
                result = {EPOCH: row["epoch"], self._objective: value}
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
