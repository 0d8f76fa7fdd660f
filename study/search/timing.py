"""Which candidates are timed, and in which order.

A time that was taken beside other trials says more of the machine's load than of the candidate.
After the confirmation the compared candidates are trained in turn, one at a time and alone, for
`study.search.trial.TIMED_EPOCHS` epochs each, in as many rounds as a claim has seeds.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from study.search.choose import Candidate, FinishedTrials
from study.search.plan import UNCLAIMED, Plan
from study.search.trial import Job
from study.spec.times import TIMED_FIGURE, TIMED_METRICS


def rounds_of(plan: Plan, wanted: Mapping[str, int]) -> dict[str, int]:
    """Number of rounds in which each candidate is timed, by name: one for each of its seeds where a
    claim is judged on its time, as many as a figure needs where only figures show times.

    Args:
        wanted: number of seeds by candidate.
    """
    claims = [claim for claim in plan.covered_claims if claim.metric in TIMED_METRICS]
    timed = {name for claim in claims for name in plan.study.trained_for(claim)}
    judged = timed if plan.budget.judged else ()
    shown = bool(claims) or any(
        figure.kind == TIMED_FIGURE or set(TIMED_METRICS) & set(_texts(figure.options))
        for figure in plan.study.figures
    )
    few = UNCLAIMED if shown else 0
    return {name: n if name in judged else min(few, n) for name, n in wanted.items()}


def plan_rounds(plan: Plan) -> dict[str, int]:
    """`rounds_of` what is trained whatever is found."""
    return rounds_of(plan, {name: plan.first_seeds(name) for name in plan.study.labels()})


def due_timings(
    trials: FinishedTrials, candidates: Iterable[Candidate], rounds: Mapping[str, int]
) -> Iterator[Job]:
    """The timings that are not recorded, round after round; every second round in reverse order,
    so that a machine that slows down in the course of a round favours nobody."""
    jobs = [each.timings(trials.plan.setting, rounds[each.name]) for each in candidates]
    for number in range(max(rounds.values(), default=0)):
        of_round = [each[number] for each in jobs if number < len(each)]
        for job in of_round[:: -1 if number % 2 else 1]:
            if job.key not in trials.records:
                yield job


def _texts(options: Any) -> Iterator[str]:
    """All texts in a figure's options."""
    if isinstance(options, str):
        yield options
    elif isinstance(options, Mapping):
        for each in options.items():
            yield from _texts(each)
    elif isinstance(options, list | tuple):
        for each in options:
            yield from _texts(each)
