"""What a claim can be about: a numeric column of the table, within what its values can be."""

import math
from collections.abc import Sequence

from study.spec.claim import Claim
from study.spec.study import unknown_name
from study.spec.times import ELAPSED, SECONDS
from study.table.columns import COLUMNS, Column


def metric_mistakes(claims: Sequence[Claim]) -> list[str]:
    """A sentence for each claim whose metric is not a numeric column of the table, or whose bounds
    no value of that column reaches."""
    numeric = {name: column for name, column in COLUMNS.items() if column.is_numeric}
    mistakes = []
    for claim in claims:
        if claim.metric not in numeric:
            wrong = unknown_name("metric", claim.metric, numeric)
        else:
            wrong = _bound_mistake(claim, numeric[claim.metric]) or _time_mistake(claim)
        if wrong:
            mistakes.append(f"claim {claim.name}: {wrong}")
    return mistakes


def _time_mistake(claim: Claim) -> str:
    """That a time is one which says more of the machine's load than of the candidate."""
    alone = {"seconds": SECONDS, "elapsed": ELAPSED}.get(claim.metric)
    if alone is None:
        return ""
    return f"{claim.metric} is the time beside other trials, which is no evidence; use {alone}"


def _bound_mistake(claim: Claim, column: Column) -> str:
    """What is wrong with bounds that were written as percentages; empty where nothing is.

    A bound a little beyond 1 is none: "within 2 points of 99 %" has one.
    """
    bounds = [bound for bound in (claim.above, claim.below) if math.isfinite(bound)]
    if column.unit != "share" or claim.ratio or all(abs(bound) <= 2 for bound in bounds):
        return ""
    given = " and ".join(f"{bound:g}" for bound in bounds)
    return (
        f"{claim.metric} is a share from 0 to 1, and so are its bounds, 0.9 for 90 %; got {given}"
    )
