"""All claims of a study, decided together."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from study.judge.competence import describe_useless, is_flattered, useless_candidates
from study.judge.decide import Case, Decision, decide_cases
from study.judge.images import patient_interval
from study.judge.sample import TIED, Sample, number_seeds, recorded_seeds, take_sample
from study.judge.verdict import UNKNOWN, Terms, Verdict
from study.search.plan import Plan
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.study import Study
from study.stats.looks import NO_LOOKS, Looks
from study.stats.power import seeds_to_decide
from study.stats.replication import share_interval
from study.stats.resampled import resampled_interval
from study.stats.signflip import seed_interval
from study.table.constant import constant_predictor
from study.table.metrics import metric_mistakes

Labels = Mapping[str, str]


def judge(
    claims: Sequence[Claim],
    table: pd.DataFrame,
    terms: Terms = Terms(),  # noqa: B008 - frozen
    labels: Labels = {},  # noqa: B006 - never written
) -> list[Verdict]:
    """A verdict on each claim, in their order.

    A claim is supported where it holds in more than half of all trainings, refuted where it fails
    in more than half, by exact binomial tests (`study.stats.replication`), at the looks that the
    terms name, corrected after Holm over the claims that are judged. A study gets one or more wrong
    verdicts with a chance of at most 5 %, whatever the values' shape and whatever the claims share.
    A tie of two candidates is neither (`study.judge.sample.held_by`), so that the level holds for
    claims about two names of one configuration, too. For claims about a mean that is so only where
    values are symmetric, or at most as skewed as exponential ones (`study.stats.region_test`).

    A claim that cannot be computed, or that is not judged on a useless candidate, counts in the
    correction as p = 1; one that was made at another scale does not count.

    Args:
        claims: all claims of the study.
        table: of `study.table.rows.make_table`; trials of its stage "confirm" count.
        labels: of the candidates by name, for notes.

    Raises:
        StudyError: a metric is not a numeric column.
    """
    mistakes = metric_mistakes(claims)
    if mistakes:
        raise StudyError("\n".join(mistakes))
    confirm = number_seeds(table.loc[table["stage"] == "confirm"])
    useless = useless_candidates(confirm, terms.constant)
    cases = [_take_case(claim, confirm, terms, useless, labels) for claim in claims]
    if not terms.judged:
        return [Verdict(c.claim, "not judged", judged_on=c.sample.judged_on) for c in cases]
    decisions = decide_cases(cases, terms)
    return [_verdict(*each, terms) for each in zip(cases, decisions, strict=True)]


def judge_untuned(
    study: Study,
    table: pd.DataFrame,
    terms: Terms,
    labels: Labels = {},  # noqa: B006 - never written
) -> dict[str, Verdict]:
    """What the study's verdicts would be without its tuning, on those claims that are about tuned
    candidates, by the claims' names.

    All claims are decided together, by the same seeds, looks and correction as with the tuning, so
    that nothing else can make a difference. It is a sensitivity analysis: the 5 % are of the
    verdicts on the tuned candidates, and nothing is concluded from these.
    """
    untuned = {claim.name: study.untuned(claim) for claim in study.claims}
    if not any(untuned.values()):
        return {}
    claims = [untuned[claim.name] or claim for claim in study.claims]
    verdicts = judge(claims, table, terms, labels)
    return {one.claim.name: one for one in verdicts if untuned[one.claim.name] is not None}


def terms_of(plan: Plan) -> Terms:
    """The terms on which a run's claims are judged."""
    return Terms(
        looks=plan.looks,
        epochs=plan.budget.epochs,
        image_size=plan.budget.image_size,
        source=plan.data.source,
        constant=constant_predictor(plan.data.counts),
        judged=plan.budget.judged,
        ratio=plan.ratio,
        patients=plan.data.image_patients,
    )


def _take_case(
    claim: Claim,
    confirm: pd.DataFrame,
    terms: Terms,
    useless: Mapping[str, float],
    labels: Labels,
) -> Case:
    everything = 1 + max(confirm["seed_number"].to_list(), default=-1)
    recorded = min(recorded_seeds(confirm, name) for name in claim.candidates)
    planned = terms.looks or Looks((everything,), (1.0,))
    looks = planned.until(recorded) if terms.looks else planned
    # where no look can decide anything, the numbers are of all that there is
    n = max(looks.seeds, default=0) if planned.seeds else everything
    sample = take_sample(claim, confirm, n)
    return Case(
        claim,
        sample,
        looks if n else NO_LOOKS,
        barred=_same(claim, confirm, labels) or _why_barred(claim, terms, sample, useless, labels),
        counts=terms.cover(claim),
        seeds=recorded,
    )


def _why_barred(
    claim: Claim, terms: Terms, sample: Sample, useless: Mapping[str, float], labels: Labels
) -> str:
    if claim.scale is not None and not terms.cover(claim):
        return f"said of {claim.scale.describe()}"
    if terms.constant is not None and is_flattered(claim, useless, terms.constant):
        names = [labels.get(name, name) for name in claim.candidates if name in useless]
        return describe_useless(names, terms.constant)
    if claim.about == "mean" and sample.diverged:
        return f"{_trainings(sample.diverged)} diverged, and have no mean"
    return ""


def _same(claim: Claim, confirm: pd.DataFrame, labels: Labels) -> str:
    """That the two candidates are one model, if they are: a search may choose a baseline."""
    keys = [set(confirm.loc[confirm["candidate"] == name, "key"]) for name in claim.candidates]
    if claim.versus is None or not keys[0] & keys[1]:
        return ""
    one, other = (labels.get(name, name) for name in claim.candidates)
    return f"{one} and {other} are one configuration, trained once: there is nothing to compare"


def _trainings(number: int) -> str:
    return f"{number} training{'s' * (number > 1)}"


def _verdict(case: Case, decision: Decision, terms: Terms) -> Verdict:
    claim, sample, outcome = case.claim, case.sample, decision.outcome
    (held, failed, n), finite = sample.answers, sample.finite
    effect = float(finite.mean()) if finite.size else math.nan
    low, high = _interval(finite, terms.ratio)
    if claim.ratio:
        effect, low, high = map(math.exp, (effect, low, high))
    left, to_decide = terms.looks.left if terms.looks else 1.0, None
    if outcome == "undecided" and decision.next_look is None and claim.about == "trainings":
        clearer = held if held > failed else n - failed  # ties count against either
        to_decide = seeds_to_decide(clearer, n, left, decision.rule)
    tested = n > 0 and not case.barred
    return Verdict(
        claim,
        outcome,
        decision.rule,
        held=held,
        n_seeds=n,
        share=share_interval(held, n, ratio=terms.ratio) if n else UNKNOWN,
        effect=effect,
        interval=(low, high),
        patients=_over_patients(sample, terms),
        p=decision.p if tested else math.nan,
        p_holm=decision.p_holm if tested else math.nan,
        judged_on=sample.judged_on,
        seeds_to_decide=to_decide,
        alpha_left=left,
        next_look=decision.next_look,
        note="; ".join(_notes(case, decision, terms)),
    )


def _over_patients(sample: Sample, terms: Terms) -> tuple[float, float]:
    """Unknown where each seed has validation images of its own."""
    if terms.ratio and not sample.metric.startswith("test_"):
        return UNKNOWN
    return patient_interval(sample.images, sample.metric, terms.patients) or UNKNOWN


def _interval(values: np.ndarray, ratio: float) -> tuple[float, float]:
    """Of the mean, over seeds, or over splits and data sets where each seed has its own split."""
    if ratio and values.size > 1:
        return resampled_interval(values, ratio)
    return seed_interval(values) if values.size else UNKNOWN


def _notes(case: Case, decision: Decision, terms: Terms) -> list[str]:
    """What a reader must know beside the numbers."""
    sample = case.sample
    if case.barred:
        return [case.barred]
    if terms.looks is not None and terms.looks.seeds and not case.looks.seeds:
        first = terms.looks.seeds[0]
        return [f"is first judged after {first} seeds; {case.seeds} have been trained"]
    if sample.problem:
        return [sample.problem]
    notes = []
    missing = int(np.isnan(sample.held).sum())
    if sample.diverged:
        notes.append(f"{_trainings(sample.diverged)} diverged: counted against their own side")
    tied = int((sample.counted == TIED).sum())
    if tied:
        seeds = "1 seed tied and speaks" if tied == 1 else f"{tied} seeds tied and speak"
        notes.append(f"{seeds} neither for the claim nor against")
    if missing:
        notes.append(f"{missing} seed{'s' * (missing > 1)} left out: no value")
    if sample.apart:
        notes.append(
            "the times were measured on several machines, both sides of a round on the same"
        )
    taken, planned = (
        max(looks.seeds, default=0) for looks in (case.looks, terms.looks or NO_LOOKS)
    )
    if decision.outcome == "undecided" and decision.next_look is None and taken < planned:
        notes.append("given up: more of the planned seeds would hardly decide it")
    return notes
