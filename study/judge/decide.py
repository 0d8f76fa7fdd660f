"""What its seeds say about each claim, all claims of a study together: p, Holm, looks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from study.judge.sample import Sample, held_by, value_bounds
from study.judge.verdict import Outcome, Terms
from study.spec.claim import Claim
from study.stats.looks import Looks
from study.stats.power import is_futile
from study.stats.region_test import holm, mean_p, region_p
from study.stats.replication import least_p, replication_p
from study.stats.resampled import resampled_t_p
from study.stats.rule import ALPHA, Rule

DECIDED: tuple[Outcome, ...] = ("supported", "refuted")


@dataclass(frozen=True)
class Case:
    """A claim with what it is judged on.

    Attributes:
        sample: up to the last look that was taken.
        looks: those that were taken.
        barred: why it is not judged; empty where it is.
        counts: whether it is one of those that the correction is for.
        seeds: number of the first seeds that have trainings of all its candidates.
    """

    claim: Claim
    sample: Sample
    looks: Looks
    barred: str = ""
    counts: bool = True
    seeds: int = 0


@dataclass(frozen=True)
class Decision:
    """What its values say about a claim, one of several.

    Attributes:
        p, p_holm: before and after Holm's correction; NaN for a claim that is not of its family.
        next_look: see `Verdict.next_look`.
        rule: that decides.
    """

    outcome: Outcome
    p: float
    p_holm: float
    next_look: int | None
    rule: Rule


def decide_cases(cases: Sequence[Case], terms: Terms) -> list[Decision]:
    """Decide all claims of a study together, in their order."""
    family = [case for case in cases if case.counts]
    tests = [_test(case, terms.ratio) for case in family]
    p_holm = holm([p for p, _ in tests])
    # what the correction would leave, were every claim as clear as its seeds allow
    least = holm([_least(case, terms.ratio) for case in family])
    found: dict[int, tuple[Outcome, float, float]] = {}  # by the case's identity
    for case, (p, likelier), corrected, best in zip(family, tests, p_holm, least, strict=True):
        outcome: Outcome = likelier if corrected <= ALPHA else "undecided"
        if case.barred or not case.sample.counted.size or best > ALPHA:
            outcome = "not judged"
        found[id(case)] = outcome, p, float(corrected)
    still_open = max(1, sum(outcome == "undecided" for outcome, _p, _corrected in found.values()))
    decisions = []
    for case in cases:
        outcome, p, corrected = found.get(id(case), ("not judged", math.nan, math.nan))
        sides = case.claim.sides
        later = _later(case, outcome, terms, Rule(still_open, sides=sides, ratio=terms.ratio))
        rule = Rule(max(1, len(family)), sides=sides, ratio=terms.ratio)
        decisions.append(Decision(outcome, p, corrected, later, rule))
    return decisions


def _test(case: Case, ratio: float) -> tuple[float, Outcome]:
    """The claim's p over all looks so far, and the outcome that it speaks for."""
    best: tuple[float, Outcome] = (1.0, "undecided")
    if case.barred:
        return best
    for seeds, share in zip(case.looks.seeds, case.looks.shares, strict=True):
        support, refute = _sides(case.claim, case.sample, seeds, ratio)
        p, outcome = min(1.0, 2 * min(support, refute) / share), _likelier(support, refute)
        if case.claim.one_sided:
            p, outcome = min(1.0, support / share), "supported"
        best = min(best, (p, outcome), key=lambda pair: pair[0])
    return best


def _likelier(support: float, refute: float) -> Outcome:
    return "supported" if support < refute else "refuted"


def _sides(claim: Claim, sample: Sample, seeds: int, ratio: float) -> tuple[float, float]:
    """One-sided p for support and refutation, after so many seeds."""
    if claim.about == "mean":
        values = sample.values[:seeds]
        values, bounds = values[~np.isnan(values)], value_bounds(claim)
        if ratio:
            return region_p(values, *bounds, lambda each, at: resampled_t_p(each, at, ratio))
        return region_p(values, *bounds, lambda each, at: mean_p(each, at, claim.sides))
    held, failed, n = replace(sample, held=sample.held[:seeds]).answers
    return replication_p(held, n, ratio)[0], replication_p(n - failed, n, ratio)[1]


def _least(case: Case, ratio: float) -> float:
    """The smallest p that the case's seeds and looks can give."""
    if case.barred:
        return 1.0
    counted = np.cumsum(~np.isnan(case.sample.held))
    pairs = zip(case.looks.seeds, case.looks.shares, strict=True)
    least = (least_p(int(counted[n - 1]), case.claim.sides, ratio) / share for n, share in pairs)
    return min((1.0, *least))


def _later(case: Case, outcome: Outcome, terms: Terms, rule: Rule) -> int | None:
    """The number of seeds at the next look, None where the claim needs none."""
    if terms.looks is None or case.barred or not case.counts or outcome in DECIDED:
        return None
    taken = max(case.looks.seeds, default=0)
    counted = case.sample.counted  # a tie is half a training that meets the claim
    futile = taken and is_futile(terms.looks, rule, int(counted.sum()), counted.size)
    if case.claim.about == "trainings" and futile:
        return None
    return next((n for n in terms.looks.seeds if n > taken), None)


def decide(
    claims: Sequence[Claim], values: Sequence[np.ndarray], looks: Looks | None = None
) -> list[Decision]:
    """What `judge` decides on these values, without a table: for simulations.

    Args:
        claims: all claims of a study.
        values: for each claim one value per seed, finite, (n,); logarithms for a ratio.
        looks: that were taken; None for one at all values.
    """
    cases = []
    for claim, sample in zip(claims, values, strict=True):
        held = held_by(claim, sample)
        taken = looks.until(sample.size) if looks else Looks((sample.size,), (1.0,))
        cases.append(Case(claim, Sample(sample, held, ""), taken))
    return decide_cases(cases, Terms(looks))
