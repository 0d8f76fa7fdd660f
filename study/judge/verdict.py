"""What judging takes and gives: the terms of a study, the verdict on a claim."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from study.spec.claim import Claim
from study.stats.looks import Looks
from study.stats.rule import Rule
from study.table.constant import Constant
from study.table.formatting import find_column

Outcome = Literal["supported", "refuted", "undecided", "not judged"]
UNKNOWN = (math.nan, math.nan)  # an interval that cannot be computed


@dataclass(frozen=True)
class Terms:
    """The terms on which a study's claims are judged, all of them known before the run.

    Attributes:
        looks: after how many seeds; None for one look at all that there are, a seed without a
            training counting as missing.
        epochs, image_size, source: the run's scale, see `study.spec.claim.Scale`; None where
            nothing is known, so that claims of any scale are judged.
        constant: what a model scores that always gives the same answer; None where that is not
            known, so that no candidate is found useless.
        judged: False where the run is too small to judge anything.
        patients: whose each image is, by part ("val", "test"); see `study.spec.budget.DataFacts`.
        ratio: number of validation images over that of training images where each seed has a split
            of its own; 0 where all have the same.
    """

    looks: Looks | None = None
    epochs: int | None = None
    image_size: int | None = None
    source: str | None = None
    constant: Constant | None = None
    judged: bool = True
    ratio: float = 0.0
    patients: Mapping[str, Sequence[int] | None] = field(default_factory=dict)

    def cover(self, claim: Claim) -> bool:
        """Whether the claim was made at this scale, or at none in particular."""
        scale = claim.scale
        if scale is None or self.epochs is None or self.image_size is None or self.source is None:
            return True
        return scale.holds_at(self.epochs, self.image_size, self.source)


@dataclass(frozen=True)
class Verdict:
    """What the seeds say about one claim. A number that cannot be computed is NaN.

    Attributes:
        claim: the claim that is judged.
        outcome: supported, refuted, undecided or not judged.
        rule: by which it was decided; None for a run that is too small to judge anything, whose
            verdicts have no numbers.
        held: number of trainings (pairs of them where two candidates are compared) that meet the
            claim, out of n_seeds.
        n_seeds: trainings that count; those that diverged do, those that failed do not.
        share: interval of the share of all trainings that meet the claim, (low, high), at level
            1 - alpha and for this claim alone.
        effect: mean over the seeds that did not diverge, in `unit`; a geometric mean where the
            claim is about a ratio.
        interval: of the effect, at the same level; NaN with too few seeds (5 or less at 95 %).
        patients: interval of the effect at the same level over new seeds and new patients, for
            accuracies and losses of a part whose images are the same for all seeds.
        p: two-sided, twice the smaller of the p-values of support and refutation, at most 1; of a
            one-sided claim the p-value of support. Over several looks, see `study.stats.looks`.
        p_holm: p after Holm's correction over all claims that are judged; decides the outcome.
        judged_on: the part of the data that the scores come from.
        seeds_to_decide: for undecided claims, roughly how many seeds would decide if it goes on
            holding in the observed share, with power 0.8 and the alpha that is left; None where
            more than 1,000, or no number.
        alpha_left: the share of alpha that a later run with more seeds could spend.
        next_look: the number of seeds at which it is judged again; None where it is not.
        note: why the claim is not judged, or what else a reader must know; often empty.
        untuned: where the claim is about tuned candidates, the verdict on the same ones as they
            are, `study.judge.judge_untuned`.
    """

    claim: Claim
    outcome: Outcome
    rule: Rule | None = None
    held: int = 0
    n_seeds: int = 0
    share: tuple[float, float] = UNKNOWN
    effect: float = math.nan
    interval: tuple[float, float] = UNKNOWN
    patients: tuple[float, float] = UNKNOWN
    p: float = math.nan
    p_holm: float = math.nan
    judged_on: str = ""
    seeds_to_decide: int | None = None
    alpha_left: float = 0.0
    next_look: int | None = None
    note: str = ""
    untuned: "Verdict | None" = None

    @property
    def generalises(self) -> Literal["yes", "no", "not shown", ""]:
        """Whether the mean over new seeds and new patients lies where the verdict says, too; empty
        without a verdict, or where nothing is known of images."""
        low, high = self.patients
        if self.outcome not in ("supported", "refuted") or math.isnan(low):
            return ""
        inside = self.claim.above < low and high < self.claim.below
        outside = high <= self.claim.above or self.claim.below <= low
        if inside or outside:
            return "yes" if inside == (self.outcome == "supported") else "no"
        return "not shown"

    @property
    def held_mostly(self) -> bool:
        """Whether the claim held in more than half of the trainings."""
        return 2 * self.held > self.n_seeds

    @property
    def unit(self) -> str:
        """Of effect, intervals and bounds; "ratio" for ratios, empty for plain counts."""
        return "ratio" if self.claim.ratio else find_column(self.claim.metric).unit
