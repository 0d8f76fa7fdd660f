"""Whether the records that are averaged for a candidate are of one and the same model."""

from collections import defaultdict
from dataclasses import asdict

from hw3.cost import MEASURES
from hw3.engines import engine_of
from study.search.choose import Candidate, FinishedTrials
from study.search.code import code_digest
from study.search.hyperparameters import architecture_of
from study.spec.errors import StudyError

MOVE = "Move {} out of the folder trials of --results; the next run trains them again."


def check_agreement(trials: FinishedTrials) -> None:
    """Compare the costs in the records of each candidate with each other and, where they were
    trained by the code that is here, with the model's; and the configurations of explored trials
    with the points of the search space that they are told to be.

    Raises:
        StudyError: a candidate's differ, so that their scores must not be averaged, or a trial is
            of another point.
    """
    from study.search.optuna_trials import is_point  # Optuna takes a second to import

    for search in trials.plan.study.searches:
        explored = trials.explored(search)
        wrong = [one.key for one in explored if not is_point(search, one)]
        if wrong:
            raise StudyError(
                f"{search.label} has records whose params are not those of their configuration: "
                f"{', '.join(wrong)}. {MOVE.format('them')}"
            )
    for candidate in trials.candidates():
        holders: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for record in trials.confirmed(candidate).values():
            if record.cost:
                costs = tuple(record.cost[measure] for measure in MEASURES)
                holders[costs].append(f"record {record.key}")
        expected = _expected_cost(trials, candidate) if holders else None
        if expected is not None:
            holders[expected].append("the model as it is built here")
        if len(holders) > 1:
            raise StudyError(_describe(candidate, holders))


def _expected_cost(trials: FinishedTrials, candidate: Candidate) -> tuple[int, ...] | None:
    """The cost of the candidate's model; None where other code trained it, or none is known."""
    setting, cost_of = trials.plan.setting, engine_of(candidate.family).cost
    if cost_of is None or setting.code.get(candidate.family) != code_digest(candidate.family):
        return None
    architecture = architecture_of(candidate.family, candidate.config, trials.plan.shape)
    costs = asdict(cost_of(architecture))
    return tuple(costs[measure] for measure in MEASURES)


def _describe(candidate: Candidate, holders: dict[tuple[int, ...], list[str]]) -> str:
    lines = [
        f"  {', '.join(f'{value:,} {name}' for name, value in zip(MEASURES, costs, strict=True))}: "
        f"{names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        for costs, names in holders.items()
    ]
    return (
        f"{candidate.label} has records of different models:\n"
        + "\n".join(lines).replace("_", " ")
        + f"\nTheir scores must not be averaged. {MOVE.format('the records that are wrong')}"
    )
