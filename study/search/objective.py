"""What a search optimises: a score of the validation part at each epoch, `val_` and a metric.

Every epoch's row has the validation loss, accuracy and AUROC. Another metric of
`hw3.metrics.METRICS` is computed as the trials of the search are trained, and stands in their rows'
`scores`, by its name.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from hw3.metrics import METRICS
from study.spec.study import LOSS, VALIDATION

IN_EVERY_ROW = (LOSS, "val_accuracy", "val_auroc")
SCORES = "scores"  # of a row: metrics beyond those
WORST = math.inf  # the rank of what has no score

Direction = Literal["minimize", "maximize"]


def metric_of(objective: str) -> str:
    """The name of its metric, a key of `hw3.metrics.METRICS`."""
    return objective.removeprefix(VALIDATION)


def is_extra(objective: str) -> bool:
    """Whether it is computed for the search alone."""
    return objective not in IN_EVERY_ROW


def direction_of(objective: str) -> Direction:
    """As Optuna calls it."""
    return "maximize" if METRICS[metric_of(objective)].higher_is_better else "minimize"


def value_of(objective: str, row: Mapping[str, Any]) -> float | None:
    """What an epoch of a trial scored; None where that was no number."""
    scores = row.get(SCORES, {}) if is_extra(objective) else row
    return scores.get(metric_of(objective) if is_extra(objective) else objective)


def rank_at(objective: str, row: Mapping[str, Any]) -> float:
    """The `rank_of` what an epoch of a trial scored."""
    return rank_of(objective, value_of(objective, row))


def rank_of(objective: str, value: float | None) -> float:
    """A number that is the less the better the value is."""
    if value is None or math.isnan(value):
        return WORST
    return -value if direction_of(objective) == "maximize" else value
