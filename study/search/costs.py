"""What a search's trials cost, before they are trained and after."""

from collections.abc import Callable

from hw3.engines import engine_of
from hw3.shape import Shape
from study.search.hyperparameters import architecture_of
from study.search.trial import Job
from study.spec.search import Search
from study.store.records import Record

CostOf = Callable[[Record | Job], float]


def no_cost(_trial: Record | Job) -> float:
    """Of a search that does not look at costs."""
    return 0.0


def cost_of_trials(search: Search, shape: Shape) -> CostOf:
    """What a trial of the search costs by its front's measure; `no_cost` where it has no front.

    Args:
        shape: of the data.
    """
    if search.front is None:
        return no_cost
    measure, known = search.front.cost, dict[str, float]()

    def cost_of(trial: Record | Job) -> float:
        if trial.key not in known:
            recorded = recorded_cost(trial, measure) if isinstance(trial, Record) else None
            known[trial.key] = (
                _predict(search, shape, measure, trial) if recorded is None else recorded
            )
        return known[trial.key]

    return cost_of


def recorded_cost(record: Record, measure: str) -> float | None:
    """What the trial's model cost; None where its record does not say."""
    return record.cost.get(measure) if record.cost else None


def _predict(search: Search, shape: Shape, measure: str, trial: Record | Job) -> float:
    model_cost = engine_of(search.family).cost
    assert model_cost is not None  # else the study has a mistake
    return getattr(
        model_cost(architecture_of(search.family, search.config(trial.params), shape)), measure
    )
