"""How many seeds each candidate needs: more only for claims that are still open."""

from collections.abc import Mapping

import pandas as pd

from study.judge.judge import judge, terms_of
from study.search.plan import Plan


def wanted_seeds(plan: Plan, table: pd.DataFrame) -> Mapping[str, int]:
    """The number of confirmation seeds that each candidate should have by now, by name.

    Those of a claim that is open, tuned or as they are: as many as its next look takes.

    Args:
        table: of the trainings so far.
    """
    wanted = {name: plan.first_seeds(name) for name in plan.study.labels()}
    if plan.looks.seeds and plan.budget.judged:
        for verdict in judge(plan.study.claims, table, terms_of(plan)):
            for name in plan.study.trained_for(verdict.claim):
                wanted[name] = max(wanted[name], verdict.next_look or 0)
    return wanted
