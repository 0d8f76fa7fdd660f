"""After how many seeds a run's claims are judged: looks that were taken are never forgotten.

Each confirmed training is recorded with the looks of the run that it was made for. So a later run
of the same study knows what of alpha was spent, whatever else was deleted.
"""

from typing import Any

from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.registration import STUDY
from study.stats.looks import NO_LOOKS, Looks, plan_looks

LOOKS = "looks"  # entry of a record's provenance: pairs of seeds and share


def looks_of(trials: FinishedTrials) -> Looks:
    """The looks of a run: those that earlier ones of the study took, then those that it adds."""
    plan = trials.plan
    claims, budget = plan.covered_claims, plan.budget
    about_means = any(claim.about == "mean" for claim in claims)
    sides = () if about_means else tuple(sorted({claim.sides for claim in claims}))
    if not claims:
        return NO_LOOKS
    first = min(budget.first_seeds or budget.seeds, budget.seeds)
    return plan_looks(first, budget.seeds, len(claims), sides, taken_looks(trials), plan.ratio)


def taken_looks(trials: FinishedTrials) -> Looks:
    """The looks that have been taken on the study's trainings: those for whose seeds a claim's
    candidates have all trainings.

    Of looks at one number of seeds the greatest share counts.
    """
    shares, counts = dict[int, float](), dict[str, int]()
    for candidate in trials.candidates():
        records = trials.confirmed(candidate)
        counts[candidate.name] = len(records)
        for record in records.values():
            if record.provenance.get(STUDY) == trials.plan.study.name:
                for n, share in record.provenance.get(LOOKS, ()):
                    shares[int(n)] = max(shares.get(int(n), 0.0), float(share))
    of_claims = [
        min(counts.get(name, 0) for name in claim.candidates)
        for claim in trials.plan.covered_claims
    ]
    seeds = max(of_claims, default=0)
    taken = sorted((n, share) for n, share in shares.items() if n <= seeds)
    return Looks(tuple(n for n, _ in taken), tuple(share for _, share in taken))


def planned_looks(plan: Plan) -> dict[str, Any]:
    """What the record of a confirmed training holds of its run's looks."""
    return {LOOKS: list(zip(plan.looks.seeds, plan.looks.shares, strict=True))}
