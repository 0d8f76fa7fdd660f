"""Claims + table -> verdicts: pure functions, equal input gives equal output.

A claim is a region for the mean of one value a seed, tested as `study.stats.region` says. What is judged
is the mean over seeds on these very images: the noise of drawing the images is not in it, but shown
beside it for test accuracies (`study.stats.bootstrap`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from study.spec.errors import StudyError
from study.spec.study import Claim, Measure
from study.stats.bootstrap import image_interval, read_correct
from study.stats.power import MOST_SEEDS, seeds_needed, seeds_to_decide
from study.stats.region import holm, region_p
from study.stats.signflip import ALPHA, least_p, seed_interval
from study.table.columns import COLUMNS

DECIMALS = 12  # of a value: what differs by less differs by arithmetic alone

NO_TEST_PART = "validation (the data has no test part)"
PARTS = {  # by the metric, or by how it begins; the others are costs
    **dict.fromkeys(("epochs_to_converge", "seconds_to_converge", "converged_share"), "validation"),
    "test": "test",
    "val": "validation",
    "train": "training",
    "gap": "training and validation",
}

Outcome = Literal["supported", "refuted", "undecided", "not judged"]


@dataclass(frozen=True)
class Verdict:
    """What the seeds say about one claim. Numbers that there are none of are NaN.

    Attributes:
        claim: the claim's name.
        text, homework, figure: the claim's own.
        verdict: supported, refuted, undecided or not judged.
        effect: mean over seeds, in `unit`; a geometric mean where the claim is about a ratio.
        ci_low, ci_high: interval of the effect at level 1 - alpha, for this claim alone; none
            with too few seeds (5 or less at 95 %).
        images_low, images_high: interval at the same level over draws of test images, averaged
            over seeds; of differences and levels of the test accuracy alone. Decides nothing.
        p: two-sided, of the nearer of "inside the region" and "outside it"; of a one-sided claim,
            one-sided, of "inside the region".
        p_holm: p after Holm's correction over all claims of the study; decides the verdict.
        n_seeds: seeds that count, pairs where two points are compared.
        margin: (above, below), the region's bounds in `unit`; None where open.
        one_sided: the claim's own; then "refuted" is no possible verdict.
        unit: of effect, interval and margin; "ratio" for ratios, "" for plain counts.
        judged_on: the part of the data that the scores come from.
        seeds_to_decide: for undecided claims, roughly how many seeds would decide at the effect
            and spread seen, with power 0.8; None where more than 1,000 or no number would.
        reason: what a reader must know of the verdict, in words; often empty.
    """

    claim: str
    text: str
    homework: str
    figure: str
    verdict: Outcome
    effect: float
    ci_low: float
    ci_high: float
    images_low: float
    images_high: float
    p: float
    p_holm: float
    n_seeds: int
    margin: tuple[float | None, float | None]
    one_sided: bool
    unit: str
    judged_on: str
    seeds_to_decide: int | None
    reason: str


def verdict_values(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON knows it: no NaN or infinity, the margin as above and below."""
    values = asdict(verdict)
    values["margin"] = dict(zip(("above", "below"), verdict.margin, strict=True))
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            values[name] = None
    return values


def judge(
    claims: Sequence[Claim], table: pd.DataFrame, *, judged: bool = True, alpha: float = ALPHA
) -> list[Verdict]:
    """A verdict for each claim, in their order.

    The chance of one or more wrong verdicts (supported or refuted) among the claims of a call is
    alpha at most where values are symmetric or at most as skewed as exponential ones, see
    `study.stats.region`: for a direction beside the rejection, Holm's correction is proven to keep that
    only where claims are independent; claims that share points kept it in simulation. A claim that
    cannot be computed counts in the correction, as p = 1. A claim is not judged where the
    correction could not be passed even if each claim's p were the smallest that its seeds can give.

    Args:
        claims: all claims of the study.
        table: `study.table.columns.make_table`; complete trials of its stage "confirm" count.
        judged: False where the run was too small to judge anything.
        alpha: level of the verdicts and of the intervals.
    """
    if not claims:
        return []
    confirm = table.loc[table["stage"] == "confirm"]
    cases = [_examine(claim, confirm) for claim in claims]
    rule = _Rule(judged, alpha, len(claims))
    return [_verdict(*each, rule) for each in _corrected(cases)]


def outcomes(
    claims: Sequence[Claim], values: Sequence[np.ndarray], alpha: float = ALPHA
) -> list[Outcome]:
    """What `judge` decides from these values, without a table: for simulations.

    Args:
        claims: all claims of a study.
        values: for each claim one value a seed, finite, (n,); logarithms for a ratio.
        alpha: level of the verdicts.
    """
    cases = [_case(claim, each) for claim, each in zip(claims, values, strict=True)]
    rule = _Rule(True, alpha, len(claims))
    return [_decide(*each, rule) for each in _corrected(cases)]


@dataclass(frozen=True)
class _Rule:
    """What all claims of one call share."""

    judged: bool
    alpha: float
    n_claims: int


@dataclass(frozen=True)
class _Case:
    """A claim and what the seeds say of it alone.

    Attributes:
        claim: the claim.
        values: one for each seed, logarithms for a ratio; none where it cannot be computed.
        judged_on: the part of the data.
        correct: whether a test image was classified rightly, (1 or 2, seeds, images); None where
            the claim is not about that, or the records do not say.
        note: why there are no values, or which seeds were left out.
        p: of the claim's test, 1 where there are no values.
        side: what it would be, were p small.
    """

    claim: Claim
    values: np.ndarray
    judged_on: str
    note: str
    correct: np.ndarray | None
    p: float
    side: Outcome


def _examine(claim: Claim, confirm: pd.DataFrame) -> _Case:
    asked = [measure for measure in (claim.left, claim.right) if measure is not None]
    measures = [_readable(claim, measure, confirm) for measure in asked]
    columns = [_seed_values(measure, confirm) for measure in measures]
    seeds = sorted(set.intersection(*(set(column) for column in columns)))
    scores = np.array([[column[seed] for seed in seeds] for column in columns])
    problem = _problem(claim, measures, columns, scores)
    return _case(
        claim,
        np.empty(0) if problem else _effects(claim, scores),
        judged_on=" and ".join(dict.fromkeys(map(_part, asked, measures))),
        note=problem or _left_out(measures, confirm, seeds),
        correct=None if problem else _correct(measures, confirm, seeds),
    )


def _case(
    claim: Claim,
    values: np.ndarray,
    judged_on: str = "",
    note: str = "",
    correct: np.ndarray | None = None,
) -> _Case:
    support, refute = region_p(values, *_bounds(claim), claim.sides)
    p, side = min(1.0, 2 * min(support, refute)), "supported" if support < refute else "refuted"
    if claim.one_sided:
        p, side = support, "supported"
    return _Case(claim, values, judged_on, note, correct, p, side)


def _corrected(cases: Sequence[_Case]) -> Iterator[tuple[_Case, float, float]]:
    """Each case, its p after Holm, and what that would be, were every claim as clear as its seeds
    allow."""
    p_holm = holm([case.p for case in cases])
    least = holm([least_p(case.values.size, case.claim.sides) for case in cases])
    return zip(cases, p_holm, least, strict=True)


def _problem(
    claim: Claim, measures: list[Measure], columns: list[dict[int, float]], scores: np.ndarray
) -> str:
    """Why the claim cannot be computed; empty where it can."""
    for measure, column in zip(measures, columns, strict=True):
        if not column:
            return f"no confirmed trial of {measure.candidate} has a value of {measure.metric}"
    if not scores.size:
        return f"{' and '.join(measure.candidate for measure in measures)} share no seed"
    if claim.ratio and (scores <= 0).any():
        return f"a ratio needs values above 0, got {scores.min():g}"
    return ""


def _left_out(measures: list[Measure], confirm: pd.DataFrame, seeds: list[int]) -> str:
    """How many seeds were tried but do not count: failed, diverged, without value or partner."""
    tried = confirm.loc[
        confirm["candidate"].isin([measure.candidate for measure in measures]), "seed"
    ]
    lost = len({int(seed) for seed in tried.dropna()} - set(seeds))
    return f"{lost} seeds left out, for want of a value at each point" if lost else ""


def _readable(claim: Claim, measure: Measure, confirm: pd.DataFrame) -> Measure:
    """The measure, or its stand-in on the validation part where the data has no test part."""
    numeric = [name for name, (dtype, _, _) in COLUMNS.items() if dtype in ("Int64", "Float64")]
    if measure.metric not in numeric:
        raise StudyError(
            f"claim {claim.name}: metric must be one of {numeric}, got {measure.metric!r}"
        )
    if measure.metric.startswith("test_") and confirm[measure.metric].isna().to_numpy().all():
        return replace(measure, metric=measure.metric.replace("test_", "val_", 1))
    return measure


def _part(asked: Measure, measure: Measure) -> str:
    if asked != measure:
        return NO_TEST_PART
    return PARTS.get(measure.metric) or PARTS.get(measure.metric.split("_")[0], "cost")


def _seed_values(measure: Measure, confirm: pd.DataFrame) -> dict[int, float]:
    """Finite values of a point's complete trials, by seed; of equal best epochs, the first."""
    rows = _seed_rows(measure, confirm)
    values = rows[measure.metric].to_numpy(dtype=float, na_value=math.nan)
    pairs = zip(rows["seed"], values, strict=True)
    return {int(seed): float(value) for seed, value in pairs if math.isfinite(value)}


def _seed_rows(measure: Measure, confirm: pd.DataFrame) -> pd.DataFrame:
    """The row of each seed that the measure is read from."""
    wanted = (confirm["candidate"] == measure.candidate) & (confirm["status"] == "complete")
    return confirm.loc[wanted & confirm[f"is_{measure.epoch}"]].drop_duplicates("seed")


def _correct(measures: list[Measure], confirm: pd.DataFrame, seeds: list[int]) -> np.ndarray | None:
    """See `_Case.correct`."""
    if any(measure.metric != "test_accuracy" for measure in measures):
        return None
    columns = [
        _seed_rows(measure, confirm).set_index("seed")["test_correct"] for measure in measures
    ]
    texts = [column.loc[seeds] for column in columns]
    if any(text.isna().any() for text in texts):
        return None
    return np.array([[read_correct(text) for text in each] for each in texts])


def _effects(claim: Claim, scores: np.ndarray) -> np.ndarray:
    """One value a seed. Rounded, for the sign of what arithmetic leaves must not decide.

    Args:
        claim: a level, a difference or a ratio.
        scores: (1 or 2, n), left and right.
    """
    if claim.ratio:
        effects = np.log(scores[0] / scores[1])
    elif claim.right is not None:
        effects = scores[0] - scores[1]
    else:
        effects = scores[0]
    return np.round(effects, DECIMALS)


def _bounds(claim: Claim) -> tuple[float, float]:
    """The region's bounds in the unit of the values: logarithms for a ratio."""
    if not claim.ratio:
        return claim.above, claim.below
    above = math.log(claim.above) if claim.above > 0 else -math.inf
    return above, math.log(claim.below)


def _verdict(case: _Case, p_holm: float, least_p: float, rule: _Rule) -> Verdict:
    outcome = _decide(case, p_holm, least_p, rule)
    seeds, reason = _explain(case, outcome, rule)
    effect, low, high = _effect_and_interval(case, rule.alpha)
    images = (math.nan, math.nan)
    if case.correct is not None and not case.claim.ratio:
        images = image_interval(case.correct, rule.alpha)
    claim, known = case.claim, case.values.size > 0
    return Verdict(
        claim=claim.name,
        text=claim.text,
        homework=claim.homework,
        figure=claim.figure,
        verdict=outcome,
        effect=effect,
        ci_low=low,
        ci_high=high,
        images_low=images[0],
        images_high=images[1],
        p=case.p if known else math.nan,
        p_holm=float(p_holm) if known else math.nan,
        n_seeds=case.values.size,
        margin=(_finite(claim.above), _finite(claim.below)),
        one_sided=claim.one_sided,
        unit="ratio" if claim.ratio else COLUMNS[claim.left.metric][1],
        judged_on=case.judged_on,
        seeds_to_decide=seeds,
        reason="; ".join(filter(None, (reason, case.note))),
    )


def _decide(case: _Case, p_holm: float, least_p: float, rule: _Rule) -> Outcome:
    """See `_corrected`."""
    if not case.values.size or not rule.judged or least_p > rule.alpha:
        return "not judged"
    return case.side if p_holm <= rule.alpha else "undecided"


def _explain(case: _Case, outcome: Outcome, rule: _Rule) -> tuple[int | None, str]:
    """How many seeds would decide, and the reason of the outcome, both only where there is one."""
    if outcome == "not judged":
        return None, _why_not_judged(case, rule)
    if outcome != "undecided":
        return None, ""
    claims, sides = rule.n_claims, case.claim.sides
    above, below = _bounds(case.claim)
    if case.claim.one_sided and not above < case.values.mean() < below:
        return None, "the effect seen is not as claimed; a one-sided test refutes none"
    to_decide = seeds_to_decide(case.values, (above, below), claims, rule.alpha, sides)
    enough = f"more than {MOST_SEEDS:,}" if to_decide is None else f"about {to_decide}"
    reason = f"{enough} seeds would decide at the effect and spread seen"
    if case.p <= rule.alpha:
        reason += f"; {case.side} were it the only claim, but not among {claims}"
    return to_decide, reason


def _why_not_judged(case: _Case, rule: _Rule) -> str:
    seeds, claims = case.values.size, rule.n_claims
    if not seeds:
        return ""
    if not rule.judged:
        return "the run is too small to judge by (a smoke run)"
    needed = seeds_needed(claims, rule.alpha, case.claim.sides)
    return f"seeds: {seeds}; {needed} needed for {claims} claim(s)"


def _effect_and_interval(case: _Case, alpha: float) -> tuple[float, float, float]:
    if not case.values.size:
        return math.nan, math.nan, math.nan
    low, high = seed_interval(case.values, alpha)
    effect = float(case.values.mean())
    if case.claim.ratio:
        return math.exp(effect), math.exp(low), math.exp(high)
    return effect, low, high


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
