"""Which trainings' weights a run keeps, how large they become, and which are missing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hw3.cost import model_cost
from hw3.engines import ENGINE, engine_of
from study.search.choose import Candidate, FinishedTrials, baseline_candidates
from study.search.hyperparameters import architecture_of
from study.search.plan import Plan
from study.store.records import Record

BYTES = 4  # of a weight
GB = 1e9


@dataclass(frozen=True)
class WeightsPlan:
    """What the weights that a run keeps take at most.

    Attributes:
        size: bytes, of all `candidates` together.
        candidates: names of those whose weights are kept.
        left_out: names of those whose weights would exceed the limit.
    """

    size: int = 0
    candidates: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def plan_weights(plan: Plan, limit: float) -> WeightsPlan:
    """Whose weights are kept: those of the study's candidates, in its order, that fit.

    Args:
        limit: bytes that all may take.
    """
    if plan.weights == "none":
        return WeightsPlan()
    total, kept, left_out = 0, [], []
    for name, parameters in _parameters(plan):
        trainings = _most_seeds(plan, name) if plan.weights == "all" else 1
        size = BYTES * parameters * trainings
        if total + size <= limit:
            total += size
            kept.append(name)
        else:
            left_out.append(name)
    return WeightsPlan(total, tuple(kept), tuple(left_out))


def describe_plan(weights: WeightsPlan, plan: Plan, limit: float) -> str:
    """The same in words; empty where nothing is kept by choice."""
    if plan.weights == "none":
        return ""
    of = "each candidate's best training" if plan.weights == "best" else "all confirmed trainings"
    labels = plan.study.labels()
    said = f"of {of}, at most {weights.size / 1e6:.1f} MB" if weights.candidates else "none kept"
    if weights.left_out:
        names = ", ".join(labels[name] for name in weights.left_out)
        said += f"; over --weights-limit ({limit / GB:g} GB), so not kept: {names}"
    return said


def _parameters(plan: Plan) -> Iterator[tuple[str, int]]:
    """The number of each candidate's parameters where it is of modules; of what a search will
    choose, the most that its space allows."""

    def count(family: str, config: Mapping[str, Any]) -> int:
        return model_cost(architecture_of(family, config, plan.shape)).parameters

    for one in baseline_candidates(plan.study, plan.shape):
        if has_weights(one.family):
            yield one.name, count(one.family, one.config)
    for search in plan.study.searches:
        if has_weights(search.family):
            corners = (search.config(params) for params in search.corners())
            most = max(count(search.family, config) for config in corners)
            yield from ((name, most) for name in search.choices)


def has_weights(family: str) -> bool:
    """Whether its models are modules whose weights are kept; of another engine's, none are."""
    return engine_of(family) is ENGINE


def _most_seeds(plan: Plan, candidate: str) -> int:
    return plan.first_seeds(candidate) if candidate in plan.unclaimed else plan.budget.seeds


def final_loss(record: Record) -> float:
    """The validation loss at the training's end, by which its weights are the best."""
    return record.rows[-1]["val_loss"]


def wanted_weights(trials: FinishedTrials, candidate: Candidate) -> list[str]:
    """Keys of the candidate's trainings whose weights should be there by the plan."""
    if trials.plan.weights == "none" or not has_weights(candidate.family):
        return []
    whole = [one for one in trials.confirmed(candidate).values() if one.is_full_length]
    if trials.plan.weights == "best" and whole:
        whole = [min(whole, key=lambda record: (final_loss(record), record.key))]
    return [record.key for record in whole]


def missing_weights(trials: FinishedTrials, kept: Collection[str]) -> dict[str, list[str]]:
    """Keys of the trainings whose weights should be there and are not, by the candidate's label.

    Args:
        kept: keys of those that are there, `WeightsStore.kept`.
    """
    found = {
        candidate.label: [key for key in wanted_weights(trials, candidate) if key not in kept]
        for candidate in trials.candidates()
    }
    return {label: keys for label, keys in found.items() if keys}


def describe_weights(trials: FinishedTrials, kept: Collection[str]) -> str:
    """Of whom the weights are kept and of whom they are missing, in a phrase; empty where none were
    to be kept."""
    if trials.plan.weights == "none":
        return ""
    wanted = {key for one in trials.candidates() for key in wanted_weights(trials, one)}
    there = len(wanted.intersection(kept))
    rule = "the training of least validation loss of each candidate"
    said = rule if trials.plan.weights == "best" else "all confirmed trainings"
    missing = missing_weights(trials, kept)
    lacks = ", ".join(f"{label} ({len(keys)})" for label, keys in missing.items())
    return f"kept of {there} of {len(wanted)}, {said}" + f"; missing: {lacks}" * bool(lacks)
