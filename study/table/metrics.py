"""What a claim can be about: a numeric column of the table, within what its values can be."""

import math
import re
from collections.abc import Sequence

import numpy as np

import hw3
from hw3.metrics import METRICS, Metric
from study.spec.claim import Claim
from study.spec.study import VALIDATION, unknown_name
from study.spec.times import ELAPSED, SECONDS
from study.table.columns import COLUMNS, PARTS, Column, metric_name, result_columns

NAME = re.compile(r"[a-z][a-z0-9_]*")


def registry_mistakes() -> list[str]:
    """A sentence for each metric that a study added to `hw3.metrics.METRICS` and that is none; each
    is tried on a few images of two classes, and of three where it takes them."""
    return [
        f"metric {name}: {wrong}"
        for name, metric in METRICS.items()
        if (wrong := _registry_mistake(name, metric))
    ]


def _registry_mistake(name: str, metric: Metric) -> str:
    if not isinstance(metric, Metric):
        return f"must be a hw3.metrics.Metric; got {metric!r}"
    if metric.score.__module__.partition(".")[0] == hw3.__name__:
        return ""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "its name must be one of a column: small letters, digits and _ only"
    taken = [column for part in PARTS if (column := f"{part}_{name}") in COLUMNS]
    if taken:
        return f"the table has a column {taken[0]} already; give it another name"
    try:
        metric(np.array([2.0, -1.0, 0.5, -3.0]), np.arange(4) % 2)
        metric(np.eye(4, 3), np.arange(4) % 3)
    except Exception as error:  # noqa: BLE001 - somebody's own code may raise anything
        return f"its function raises {type(error).__name__}: {error}"
    return ""


def objective_mistakes(objective: str) -> list[str]:
    """A sentence if it is not `val_` and the name of a metric."""
    known = [f"{VALIDATION}{name}" for name in METRICS]
    return [] if objective in known else [unknown_name("objective", objective, known)]


def metric_mistakes(claims: Sequence[Claim]) -> list[str]:
    """A sentence for each claim whose metric is not a numeric column of the table, or whose bounds
    no value of that column reaches."""
    numeric = {name: column for name, column in result_columns().items() if column.is_numeric}
    mistakes = []
    for claim in claims:
        if claim.metric not in numeric:
            wrong = unknown_name("metric", claim.metric, numeric)
        else:
            wrong = _bound_mistake(claim, numeric[claim.metric]) or _time_mistake(claim)
        if wrong:
            mistakes.append(f"claim {claim.name}: {wrong}")
    return mistakes


def class_mistakes(claims: Sequence[Claim], objective: str, classes: int) -> list[str]:
    """A sentence for the objective and each claim that are about a metric of two classes where the
    data has more: it would have no value."""
    if classes == 2:
        return []
    readers = {f"claim {claim.name}": claim.metric for claim in claims} | {"objective": objective}
    several = ", ".join(name for name, metric in METRICS.items() if not metric.two_classes)
    return [
        f"{reader}: {metric} is defined for two classes, and the data has {classes}; of several "
        f"classes there are {several}"
        for reader, metric in readers.items()
        if (name := metric_name(metric)) and METRICS[name].two_classes
    ]


def _time_mistake(claim: Claim) -> str:
    """That a time is one which says more of the machine's load than of the candidate."""
    alone = {"seconds": SECONDS, "elapsed": ELAPSED}.get(claim.metric)
    if alone is None:
        return ""
    return f"{claim.metric} is the time beside other trials, which is no evidence; use {alone}"


def _bound_mistake(claim: Claim, column: Column) -> str:
    """What is wrong with bounds that were written as percentages, or between which no value of a
    share lies; empty where nothing is.

    A bound a little beyond 1 is none: "within 2 points of 99 %" has one.
    """
    if column.unit != "share" or claim.ratio:
        return ""
    bounds = [bound for bound in (claim.above, claim.below) if math.isfinite(bound)]
    if any(abs(bound) > 2 for bound in bounds):
        given = " and ".join(f"{bound:g}" for bound in bounds)
        return (
            f"{claim.metric} is a share from 0 to 1, and so are its bounds, 0.9 for 90 %; "
            f"got {given}"
        )
    most = 2.0 if column.is_difference and claim.versus else 1.0
    least = -most if column.is_difference or claim.versus else 0.0
    what = f"a difference of two {claim.metric}" if claim.versus else claim.metric
    if claim.above >= most or claim.below <= least:
        side = f"above {claim.above:g}" if claim.above >= most else f"below {claim.below:g}"
        return f"{what} is never {side}: it is from {least:g} to {most:g}"
    return ""
