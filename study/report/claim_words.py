"""How a claim reads; the page, the Markdown and the terminal all use these words."""

import math
from collections.abc import Mapping

from study.spec.claim import Claim
from study.table.formatting import column_name, find_column, format_range, format_value


def claim_text(claim: Claim, labels: Mapping[str, str]) -> str:
    """The claim as a sentence: its text and its region, or a text made from its parts.

    A region that only says which of two candidates is ahead is left out of a text that the task's
    file gives, since it says so itself.

    Args:
        labels: of the candidates by name, `Study.labels`.
    """
    if not claim.text:
        return tested_text(claim, labels)
    region = "" if _is_direction(claim) else f" ({region_text(claim)})"
    return f"{claim.text}{region}."


def what_is_tested(claim: Claim, labels: Mapping[str, str]) -> str:
    """What is tested of a claim that the task's file words itself; empty for others.

    Args:
        labels: of the candidates by name, `Study.labels`.
    """
    return f"tested: {tested_text(claim, labels)}" if claim.text else ""


def tested_text(claim: Claim, labels: Mapping[str, str]) -> str:
    """What is tested, as a sentence: the claim's candidates, metric and region in words."""
    metric = column_name(claim.metric)
    if claim.epoch == "best":
        metric += ", at the epoch of lowest validation loss"
    metric += "," * ("," in metric)
    subject = f"{labels.get(claim.candidate, claim.candidate)}: {metric} is"
    if claim.versus is None:
        return f"{subject} {region_text(claim)}."
    other = f"that of {labels.get(claim.versus, claim.versus)}"
    if _is_direction(claim):
        return f"{subject} {_direction(claim)} than {other}."
    distance = region_text(claim) if claim.ratio else _difference(claim)
    return f"{subject} {distance} {other}."


def _direction(claim: Claim) -> str:
    less, more = "lower", "higher"
    if find_column(claim.metric).unit == "seconds":
        less, more = "shorter", "longer"
    return less if math.isinf(claim.above) else more


def _difference(claim: Claim) -> str:
    """How far from the other's metric the candidate's lies: "less than 0.050 nats below"."""
    if math.isfinite(claim.above) and math.isfinite(claim.below):
        if claim.above == -claim.below:
            return f"within {_bound(claim, claim.below)} of"
        return f"{region_text(claim)} relative to"
    bound = claim.below if math.isinf(claim.above) else claim.above
    amount = "more" if (bound == claim.above) == (bound > 0) else "less"
    side = "above" if bound > 0 else "below"
    return f"{amount} than {_bound(claim, abs(bound))} {side}"


def _is_direction(claim: Claim) -> bool:
    """Whether the only bound is where two candidates are equal."""
    equal = 1.0 if claim.ratio else 0.0
    directions = ((equal, math.inf), (-math.inf, equal))
    return claim.versus is not None and (claim.above, claim.below) in directions


def region_text(claim: Claim) -> str:
    """Where the claim says that the effect lies: "above 99.5 %", "from 1.5 to 3 times"."""
    if math.isinf(claim.below):
        return f"above {_bound(claim, claim.above)}"
    if math.isinf(claim.above):
        return f"below {_bound(claim, claim.below)}"
    if claim.ratio:
        return f"from {claim.above:.3g} to {claim.below:.3g} times"
    region = format_range(claim.metric, claim.above, claim.below, claim.versus is not None)
    return f"from {region}"


def _bound(claim: Claim, bound: float) -> str:
    if claim.ratio:
        return "1" if bound == 1 else f"{bound:.3g} times"
    text = format_value(claim.metric, bound, claim.versus is not None)
    return "0" if bound == 0 else text.removeprefix("+")
