"""Find a study's mistakes before anything is spent on it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from hw3.cost import MEASURES, model_cost
from hw3.engine import Recipe
from hw3.engines import engine_of
from hw3.models import FAMILIES, Architecture, check_image_size
from study.figures.check import figure_mistakes
from study.figures.draw import describe_error
from study.search.hyperparameters import architecture_of, recipe_of
from study.spec.budget import Budget
from study.spec.errors import StudyError
from study.spec.field_types import type_mistakes
from study.spec.study import Baseline, Study, unknown_name
from study.table.example import example_table
from study.table.metrics import metric_mistakes, registry_mistakes


def check_study(study: Study, budget: Budget, with_figures: bool = True) -> None:
    """Build every configuration, look at every claim, draw every figure on a made-up table.

    Args:
        with_figures: whether figures are drawn, which takes seconds.

    Raises:
        StudyError: with every mistake, a line each; or the image size is one that no model takes.
    """
    try:
        check_image_size(budget.image_size)
    except ValueError as error:
        raise StudyError(f"--image-size: {error}") from error
    mistakes = list(type_mistakes(study))
    mistakes = mistakes or list(_mistakes(study, budget.image_size, with_figures))
    if mistakes:
        count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise StudyError(f"{study.name} has {count}:\n{lines}\nCorrect its file; nothing was run.")


def _mistakes(study: Study, image_size: int, with_figures: bool) -> Iterator[str]:
    """All mistakes: what is wrong with a record in itself hides no other record's mistakes."""
    yield from study.mistakes()
    sound = study.sound()
    configs = list(_config_mistakes(sound, image_size))
    yield from configs
    yield from registry_mistakes()
    yield from metric_mistakes(sound.claims)
    if not with_figures:
        return
    whole = not configs and sound.labels() == study.labels()
    yield from figure_mistakes(study, sound.figures, example_table(study) if whole else None)


def _config_mistakes(study: Study, image_size: int) -> Iterator[str]:
    """What no model can be built of: baselines, and the corners of every search space."""
    for baseline in study.baselines:
        yield from _build(f"baseline {baseline.name}", baseline.family, baseline.config, image_size)
        yield from _match_mistakes(baseline)
    for search in study.searches:
        for params in (*search.corners(), *search.hand_picked):
            where = f"search {search.name} at {_words(params)}"
            wrong = list(_build(where, search.family, search.config(params), image_size))
            if wrong:
                yield from wrong
                break  # the others are wrong for the same reason, as a rule


def _build(where: str, family: str, config: Mapping[str, Any], image_size: int) -> Iterator[str]:
    """What is wrong with a configuration, or what its model raises when it is built."""
    try:
        architecture = architecture_of(family, config, image_size)
        recipe_of(family, config, Recipe())
    except ValueError as error:
        yield f"{where}: {error}"
        return
    try:
        _try_building(architecture)
    except Exception as error:  # noqa: BLE001 - somebody's own code may raise anything
        yield f"{where}: the model cannot be built: {describe_error(error)}"


def _try_building(architecture: Architecture) -> None:
    """Raise what its code raises; a module is built and called on the meta device."""
    cost_of = engine_of(architecture.family).cost
    if cost_of is not None:
        cost_of(architecture)
    else:
        FAMILIES[architecture.family].build(architecture.config, architecture.image_size)


def _match_mistakes(baseline: Baseline) -> Iterator[str]:
    if baseline.match is None:
        return
    where = f"baseline {baseline.name}"
    if baseline.match.measure not in MEASURES:
        yield f"{where}: {unknown_name('measure', baseline.match.measure, MEASURES)}"
    if baseline.family in FAMILIES:
        if engine_of(baseline.family).cost is not model_cost:
            yield f"{where}: only PyTorch modules can be matched in their cost"
        known = [item.name for item in fields(FAMILIES[baseline.family].config)]
        for size in set(baseline.match.sizes) - set(known):
            yield f"{where}: {unknown_name('size', size, known)}"


def _words(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in params.items())
