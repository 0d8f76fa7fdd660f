"""What else was tried in a results folder: who may choose among several runs finds effects that
are not there, so a report says what it does not count."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hw3.text import count_of
from study.search.choose import FinishedTrials
from study.search.hyperparameters import BY_EPOCHS, recorded_values
from study.search.registered import confirmed_of, is_of
from study.search.registration import PLANNED, STUDY
from study.search.trial import RESAMPLING
from study.spec.budget import PROFILES
from study.store.records import Record

SMOKE_SEEDS = PROFILES["smoke"].seeds  # too few to show an effect
# Ingredients of a training, as people call them; the seed is looked at apart.
INGREDIENTS = {
    "config": "configuration",
    "data": "data",
    "image_size": "image size",
    "recipe": "epochs",
    "numerics": "device or precision",
    "code": "code",
    RESAMPLING: "splits",
}


def describe_tried(trials: FinishedTrials) -> Iterator[str]:
    """A sentence for each way in which the run may be one of several: the number of trials was
    changed, there are trainings of its candidates on other seeds, or in other settings.

    None of a smoke run; nor do the trainings of smoke runs in other settings count, unless they had
    more seeds than a smoke run needs.
    """
    if not trials.plan.budget.judged:
        return
    counted = {
        record.key: record
        for candidate in trials.candidates()
        for record in trials.confirmed(candidate).values()
    }
    own = [one for one in counted.values() if one.provenance.get(STUDY) == trials.plan.study.name]
    yield from _changed_source(trials, counted.values())
    yield from _changed_budget(trials, own)
    others = [one for one in _others(trials) if one.key not in counted]
    wanted = _wanted(trials)
    differences = Counter(
        different
        for one in others
        if not (different := _differences(one, wanted)) or not _is_smoke(one)
    )
    on_seeds = differences.pop((), 0)
    if on_seeds:
        yield (
            f"{_trainings(on_seeds)} of these candidates on other seeds, all else equal, are in "
            "the results folder and do not count here: verdicts are biased if the seeds shown "
            "were chosen among them."
        )
    if differences:
        names = sorted({name for those in differences for name in those})
        yield (
            f"{_trainings(sum(differences.values()))} of these candidates in other settings "
            f"({', '.join(names)}) are in the results folder and do not count here."
        )


def _changed_budget(trials: FinishedTrials, own: list[Record]) -> Iterator[str]:
    """The trials that the study's own trainings that count were planned with, where it was another
    number. More seeds are looks, of which each has its share of alpha."""
    study, budget = trials.plan.study, trials.plan.budget
    before = Counter(planned["trials"] for one in own if (planned := _planned(one)))
    before.pop(budget.trials, None)
    if before and study.searches:
        numbers = " or ".join(str(number) for number in sorted(before))
        yield (
            f"The number of trials per search was changed from {numbers} to {budget.trials} after "
            f"{_trainings(sum(before.values()))} had been recorded: verdicts are biased if these "
            "were looked at."
        )


def _changed_source(trials: FinishedTrials, counted: Iterable[Record]) -> Iterator[str]:
    """Whether the trainings were recorded on data of another source than the plan says: equal
    images have one fingerprint wherever they are read from, and so do phantoms saved as files."""
    said = trials.plan.data.source
    sources = {planned["source"] for one in counted if (planned := _planned(one))} - {said}
    if sources:
        yield (
            f"The data is said to be of the source {said}, but trainings that count here were "
            f"recorded on the source {', '.join(sorted(sources))}."
        )


def _others(trials: FinishedTrials) -> list[Record]:
    """Trainings of the candidates, counted or not; of a search those that its own study trained,
    since it could choose another's as well."""
    study = trials.plan.study
    choices = study.choices()
    found = {
        record.key: record
        for name in study.labels()
        for record in confirmed_of(trials, name)
        if name not in choices or is_of(study, name, record)
    }
    return list(found.values())


def _planned(record: Record) -> Mapping[str, Any]:
    """The budget of the run that trained it; empty where its record does not say."""
    return record.provenance.get(PLANNED) or {}


def _is_smoke(record: Record) -> bool:
    planned = _planned(record)
    return bool(planned) and not planned["judged"] and planned["seeds"] <= SMOKE_SEEDS


def _wanted(trials: FinishedTrials) -> list[dict[str, Any]]:
    """The ingredients of each candidate's trainings that count, whatever their seed."""
    return [
        trials.plan.setting.confirm_ingredients(candidate.family, candidate.config, seed=0)
        for candidate in trials.candidates()
    ]


def _differences(record: Record, wanted: list[dict[str, Any]]) -> tuple[str, ...]:
    """In which ingredients but the seed it differs from those that are nearest."""
    parts = _by_what(record.ingredients)
    of_each = [
        tuple(what for name, what in INGREDIENTS.items() if parts.get(name) != one.get(name))
        for one in map(_by_what, wanted)
        if one["family"] == parts["family"]
    ]
    return min(of_each, key=len, default=("model family",))


def _by_what(ingredients: Mapping[str, Any]) -> dict[str, Any]:
    """The ingredients with the recipe's hyper-parameters in the configuration."""
    values, recipe = recorded_values(ingredients), ingredients["recipe"]
    epochs = recipe.get("epochs"), values.pop(BY_EPOCHS)  # the one follows from the other
    return {**ingredients, "config": values, "recipe": epochs}


def _trainings(count: int) -> str:
    return count_of(count, "training")
