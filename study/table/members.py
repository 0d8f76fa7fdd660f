"""Which finished trials belong to a study, and what each is there for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from study.search.choose import FinishedTrials
from study.search.trial import Stage
from study.spec.search import Search
from study.spec.space import Float, If, Int
from study.store.records import Record


@dataclass(frozen=True)
class Member:
    """A record's place in a study: the stage and the search or candidate that it serves.

    Attributes:
        candidate: the name of the search or baseline.
        label: what figures and reports call it.
        seed_number: of a confirmed trial, the place of its seed among the confirmation's, from 0;
            of a timed one its round.
        hand_picked: of an explored trial, whether the search names its configuration before the
            run; None for a confirmed one.
        objective: of an explored trial, the column that its search optimises.
        logarithmic: of an explored trial, by each hyper-parameter that its search takes from a
            range, whether that is done on a log scale.
    """

    stage: Stage
    candidate: str
    label: str
    record: Record
    hand_picked: bool | None = None
    seed_number: int | None = None
    objective: str | None = None
    logarithmic: Mapping[str, bool] = field(default_factory=dict)


def study_members(trials: FinishedTrials) -> list[Member]:
    """Every finished trial of the study in its place; a record may serve in several."""
    objective = trials.plan.setting.objective
    explored = [
        Member(
            *("explore", search.name, search.label, record, record.params in search.hand_picked),
            objective=objective,
            logarithmic=_logarithmic(search),
        )
        for search in trials.plan.study.searches
        for record in trials.explored(search)
    ]
    confirmed = [
        Member("confirm", candidate.name, candidate.label, record, seed_number=number)
        for candidate in trials.candidates()
        for number, record in trials.confirmed(candidate).items()
    ]
    timed = [
        Member("timing", candidate.name, candidate.label, record, seed_number=number)
        for candidate in trials.candidates()
        for number, record in trials.timed(candidate).items()
    ]
    return explored + confirmed + timed


def _logarithmic(search: Search) -> dict[str, bool]:
    """By each hyper-parameter that is taken from a range, whether on a log scale."""
    found = {}
    for name, dimension in search.space.items():
        taken = dimension.then if isinstance(dimension, If) else dimension
        if isinstance(taken, Float | Int):
            found |= dict.fromkeys(search.ties.get(name, (name,)), taken.log)
    return found
