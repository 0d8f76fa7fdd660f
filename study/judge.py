"""Claims and the table -> verdicts. Pure functions: equal input gives equal output.

A claim is a region for the mean of one value per seed, tested as `study.stats.region_test` says.
What is judged is the mean over seeds on these very images: the noise of drawing the images is not
part of the test, but given beside it for test accuracies (`study.stats.bootstrap`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from study.spec.errors import StudyError
from study.spec.study import Claim, EpochRule
from study.stats.bootstrap import image_interval, read_correct
from study.stats.power import seeds_to_decide
from study.stats.region_test import holm, region_p
from study.stats.rule import ALPHA, Rule
from study.stats.signflip import least_p, seed_interval
from study.table.columns import COLUMNS
from study.table.metrics import metric_mistakes

DECIMALS = 12  # of a value: what differs by less differs by arithmetic alone
UNKNOWN = (math.nan, math.nan)  # an interval that cannot be computed
NO_TEST_PART = "validation (the data has no test part)"
JUDGED_ON = {  # by the metric, or by its first word; all others are costs
    **dict.fromkeys(("epochs_to_converge", "seconds_to_converge", "converged_share"), "validation"),
    "test": "test",
    "val": "validation",
    "train": "training",
    "gap": "training and validation",
}

Outcome = Literal["supported", "refuted", "undecided", "not judged"]


@dataclass(frozen=True)
class Verdict:
    """What the seeds say about one claim. A number that cannot be computed is NaN.

    Attributes:
        claim: the claim that is judged.
        outcome: supported, refuted, undecided or not judged.
        rule: by which it was decided; None for a run that is too small to judge anything, whose
            verdicts have no numbers.
        effect: mean over seeds, in `unit`; a geometric mean where the claim is about a ratio.
        interval: of the effect, (low, high), at level 1 - alpha and for this claim alone; NaN with
            too few seeds (5 or less at 95 %).
        images: interval at the same level over draws of test images, averaged over seeds; for
            levels and differences of the test accuracy only. Decides nothing.
        p: two-sided, twice the smaller of the p-values of support and refutation, at most 1; of a
            one-sided claim the p-value of support.
        p_holm: p after Holm's correction over all claims of the study; decides the outcome.
        n_seeds: seeds that count; pairs where two candidates are compared.
        judged_on: the part of the data that the scores come from.
        seeds_to_decide: for undecided claims, roughly how many seeds would decide with effect and
            spread as observed, with power 0.8; None where more than 1,000 or no number would.
        note: why the claim cannot be computed, or how many seeds do not count; often empty.
    """

    claim: Claim
    outcome: Outcome
    rule: Rule | None
    effect: float
    interval: tuple[float, float]
    images: tuple[float, float]
    p: float
    p_holm: float
    n_seeds: int
    judged_on: str
    seeds_to_decide: int | None
    note: str

    @property
    def unit(self) -> str:
        """Of effect, intervals and bounds; "ratio" for ratios, empty for plain counts."""
        return "ratio" if self.claim.ratio else COLUMNS[self.claim.metric].unit

    @property
    def is_inside(self) -> bool:
        """Whether the effect lies in the claim's region."""
        return self.claim.above < self.effect < self.claim.below


def judge(
    claims: Sequence[Claim], table: pd.DataFrame, *, judged: bool = True, alpha: float = ALPHA
) -> list[Verdict]:
    """A verdict on each claim, in their order.

    The family-wise error rate over the claims of one call is at most alpha where values are
    symmetric, or at most as skewed as exponential ones, see `study.stats.region_test`. Because
    verdicts are directional (supported or refuted), Holm's control is proven only for independent
    claims; for claims that share candidates it held in simulation. A claim
    that cannot be computed counts in the correction, as p = 1. A claim is not judged where the
    correction could not be passed even if each claim's p were the smallest that its seeds can give.

    Args:
        claims: all claims of the study.
        table: of `study.table.rows.make_table`; complete trials of its stage "confirm" count.
        judged: False where the run was too small to judge anything.
        alpha: level of the verdicts and of the intervals.

    Raises:
        StudyError: a metric is not a numeric column.
    """
    mistakes = metric_mistakes(claims)
    if mistakes:
        raise StudyError("\n".join(mistakes))
    confirm = table.loc[table["stage"] == "confirm"]
    samples = [_take_sample(claim, confirm) for claim in claims]
    if not judged:
        return [_no_verdict(*each) for each in zip(claims, samples, strict=True)]
    decisions = _decide(claims, [sample.values for sample in samples], alpha)
    return [_verdict(*each) for each in zip(claims, samples, decisions, strict=True)]


def outcomes(
    claims: Sequence[Claim], values: Sequence[np.ndarray], alpha: float = ALPHA
) -> list[Outcome]:
    """The outcomes that `judge` gives these values, without a table: for simulations.

    Args:
        claims: all claims of a study.
        values: for each claim one value per seed, finite, (n,); logarithms for a ratio.
        alpha: level of the verdicts.
    """
    return [decision.outcome for decision in _decide(claims, values, alpha)]


@dataclass(frozen=True)
class _Sample:
    """What a claim is judged on.

    Attributes:
        values: one per seed, logarithms for a ratio; empty where the claim cannot be computed.
        judged_on: the part of the data.
        note: why there are no values, or how many seeds were left out.
        correct: whether a test image was classified correctly, (1 or 2, seeds, images); None where
            the claim is not about that, or the records do not say.
    """

    values: np.ndarray
    judged_on: str
    note: str
    correct: np.ndarray | None


def _take_sample(claim: Claim, confirm: pd.DataFrame) -> _Sample:
    metric, part = _metric_and_part(claim, confirm)
    rows = [_seed_rows(candidate, claim.epoch, confirm) for candidate in claim.candidates]
    scores = [_finite_values(each, metric) for each in rows]
    seeds = sorted(set.intersection(*(set(each) for each in scores)))
    paired = np.array([[each[seed] for seed in seeds] for each in scores])
    problem = _find_problem(claim, metric, scores, paired)
    values = np.empty(0) if problem else _effects(claim, paired)
    knows_images = metric == "test_accuracy" and not claim.ratio and not problem
    return _Sample(
        values,
        judged_on=part,
        note=problem or _describe_left_out(claim, confirm, seeds),
        correct=_correct_answers(rows, seeds) if knows_images else None,
    )


def _metric_and_part(claim: Claim, confirm: pd.DataFrame) -> tuple[str, str]:
    """The column to read and the part of the data that it is about; validation stands in where the
    data has no test part."""
    metric = claim.metric
    finished = confirm.loc[confirm["status"] == "complete", metric]
    if metric.startswith("test_") and len(finished) and finished.isna().to_numpy().all():
        return metric.replace("test_", "val_", 1), NO_TEST_PART
    return metric, JUDGED_ON.get(metric) or JUDGED_ON.get(metric.split("_")[0], "cost")


def _seed_rows(candidate: str, epoch: EpochRule, confirm: pd.DataFrame) -> pd.DataFrame:
    """The candidate's complete trials, one row per seed; of equally good best epochs the first."""
    wanted = (confirm["candidate"] == candidate) & (confirm["status"] == "complete")
    rows = confirm.loc[wanted & confirm[f"is_{epoch}"]]
    return rows.drop_duplicates("seed").set_index("seed")


def _finite_values(rows: pd.DataFrame, metric: str) -> dict[int, float]:
    values = rows[metric].to_numpy(dtype=float, na_value=math.nan)
    pairs = zip(rows.index, values, strict=True)
    return {int(seed): float(value) for seed, value in pairs if math.isfinite(value)}


def _find_problem(
    claim: Claim, metric: str, scores: list[dict[int, float]], paired: np.ndarray
) -> str:
    """Why the claim cannot be computed from each candidate's scores by seed, and from those of the
    shared seeds, (1 or 2, n); empty where it can."""
    for candidate, of_seeds in zip(claim.candidates, scores, strict=True):
        if not of_seeds:
            return f"no confirmed trial of {candidate} has a value of {metric}"
    if not paired.size:
        return f"{' and '.join(claim.candidates)} have no seed in common"
    if claim.ratio and (paired <= 0).any():
        return f"a ratio needs values above 0; got {paired.min():g}"
    return ""


def _describe_left_out(claim: Claim, confirm: pd.DataFrame, seeds: list[int]) -> str:
    """How many seeds were tried but do not count: failed, diverged, without value or partner."""
    tried = confirm.loc[confirm["candidate"].isin(claim.candidates), "seed"]
    lost = len({int(seed) for seed in tried.dropna()} - set(seeds))
    missing = "no value" if claim.versus is None else "no value for both candidates"
    return f"{lost} seed{'s' * (lost > 1)} left out: {missing}" if lost else ""


def _effects(claim: Claim, paired: np.ndarray) -> np.ndarray:
    """One value per seed, (n,); rounded, for the sign of a rounding error must not decide."""
    if claim.ratio:
        effects = np.log(paired[0] / paired[1])
    elif claim.versus is not None:
        effects = paired[0] - paired[1]
    else:
        effects = paired[0]
    return np.round(effects, DECIMALS)


def _correct_answers(rows: list[pd.DataFrame], seeds: list[int]) -> np.ndarray | None:
    """See `_Sample.correct`."""
    texts = [each["test_correct"].loc[seeds] for each in rows]
    if any(text.isna().any() for text in texts):
        return None
    return np.array([[read_correct(text) for text in each] for each in texts])


@dataclass(frozen=True)
class _Decision:
    """What its values say about a claim, one of several: p, p after Holm's correction, outcome."""

    p: float
    p_holm: float
    outcome: Outcome
    rule: Rule


def _decide(claims: Sequence[Claim], values: Sequence[np.ndarray], alpha: float) -> list[_Decision]:
    """Decide all claims of a study together."""
    tests = [_test(*pair) for pair in zip(claims, values, strict=True)]
    p_holm = holm([p for p, _ in tests])
    # what the correction would leave, were every claim as clear as its seeds allow
    least = holm([least_p(v.size, claim.sides) for claim, v in zip(claims, values, strict=True)])
    decisions = []
    for place, (claim, (p, likelier)) in enumerate(zip(claims, tests, strict=True)):
        outcome: Outcome = likelier if p_holm[place] <= alpha else "undecided"
        if not values[place].size or least[place] > alpha:
            outcome = "not judged"
        rule = Rule(len(claims), alpha, claim.sides)
        decisions.append(_Decision(p, float(p_holm[place]), outcome, rule))
    return decisions


def _test(claim: Claim, values: np.ndarray) -> tuple[float, Outcome]:
    """The claim's p, and the outcome that it speaks for."""
    support, refute = region_p(values, *_bounds(claim), claim.sides)
    if claim.one_sided:
        return support, "supported"
    return min(1.0, 2 * min(support, refute)), "supported" if support < refute else "refuted"


def _bounds(claim: Claim) -> tuple[float, float]:
    """The region's bounds in the unit of the values: logarithms for a ratio."""
    if not claim.ratio:
        return claim.above, claim.below
    above = math.log(claim.above) if claim.above > 0 else -math.inf
    return above, math.log(claim.below)


def _no_verdict(claim: Claim, sample: _Sample) -> Verdict:
    """Of a run that is too small to judge anything: it shows no number either."""
    return Verdict(
        claim,
        "not judged",
        rule=None,
        effect=math.nan,
        interval=UNKNOWN,
        images=UNKNOWN,
        p=math.nan,
        p_holm=math.nan,
        n_seeds=0,
        judged_on=sample.judged_on,
        seeds_to_decide=None,
        note="",
    )


def _verdict(claim: Claim, sample: _Sample, decision: _Decision) -> Verdict:
    rule, outcome = decision.rule, decision.outcome
    known, to_decide = sample.values.size > 0, None
    effect = float(sample.values.mean()) if known else math.nan
    low, high = seed_interval(sample.values, rule.alpha)
    if claim.ratio:
        effect, low, high = map(math.exp, (effect, low, high))
    if outcome == "undecided":
        to_decide = seeds_to_decide(sample.values, _bounds(claim), rule)
    return Verdict(
        claim,
        outcome,
        rule,
        effect,
        interval=(low, high),
        images=UNKNOWN if sample.correct is None else image_interval(sample.correct, rule.alpha),
        p=decision.p if known else math.nan,
        p_holm=decision.p_holm if known else math.nan,
        n_seeds=sample.values.size,
        judged_on=sample.judged_on,
        seeds_to_decide=to_decide,
        note=sample.note,
    )
