"""Find a study's mistakes before anything is spent on it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from hw3.cost import MEASURES, model_cost
from hw3.engine import Recipe
from hw3.engine.recipe import check_augmentation
from hw3.engines import engine_of
from hw3.models import FAMILIES, Architecture, Shape, check_image_size
from hw3.shape import grey_images
from study.figures.check import figure_mistakes
from study.figures.draw import describe_error, with_shape
from study.figures.kinds import FIGURES
from study.search.hyperparameters import architecture_of, recipe_of, split_values
from study.search.samplers import SAMPLERS
from study.search.tuning import tune_mistakes, tuned_study
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.errors import StudyError
from study.spec.field_types import type_mistakes
from study.spec.search import Search
from study.spec.space import If
from study.spec.study import Study, unknown_name
from study.table.example import example_table
from study.table.metrics import (
    class_mistakes,
    metric_mistakes,
    objective_mistakes,
    registry_mistakes,
)

TryOut = Callable[[str, str, Mapping[str, Any], Shape], Iterator[str]]


def check_study(
    study: Study, budget: Budget, with_figures: bool = True, sampler: str | None = None
) -> None:
    """Look at every configuration and every claim, draw every figure on a made-up table; all that
    can be done before there is data.

    Args:
        with_figures: whether figures are drawn, which takes seconds.
        sampler: a key of `study.search.samplers.SAMPLERS`, which must take the searches' spaces;
            None where nothing is searched.

    Raises:
        StudyError: with every mistake, a line each; or the image size is one that a family of the
            study does not take.
    """
    mistakes = list(type_mistakes(study))
    if not mistakes:
        _check_image_size(study, budget.image_size)
    if not mistakes and study.sound() == study:
        mistakes = tune_mistakes(study)
        study = tuned_study(study)
    _raise(study, mistakes or _mistakes(study, budget.image_size, with_figures, sampler))


def check_models(study: Study, shape: Shape, with_figures: bool = True) -> None:
    """Build the models of every configuration for the data, draw the figures of them.

    Args:
        shape: the data's.
        with_figures: whether figures are drawn.

    Raises:
        StudyError: with every mistake, a line each.
    """
    study = tuned_study(study)
    mistakes = [
        *_config_mistakes(study, shape, _build),
        *class_mistakes(study.claims, study.objective, shape.classes),
    ]
    if with_figures and not mistakes:
        figures = [figure for figure in study.figures if FIGURES[figure.kind].builds]
        table = with_shape(example_table(study), shape) if figures else None
        mistakes = figure_mistakes(study, figures, table)
    _raise(study, mistakes)


def _check_image_size(study: Study, size: int) -> None:
    """Whatever family the study names has its own rule."""
    named = {member.family for member in (*study.baselines, *study.searches)}
    for family in (family for name, family in FAMILIES.items() if name in named):
        try:
            check_image_size(size, family.size_step)
        except ValueError as error:
            raise StudyError(f"--image-size: {error}") from error


def _raise(study: Study, mistakes: Iterable[str]) -> None:
    mistakes = list(mistakes)
    if mistakes:
        count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise StudyError(f"{study.name} has {count}:\n{lines}\nCorrect its file; nothing was run.")


def _mistakes(
    study: Study, image_size: int, with_figures: bool, sampler: str | None
) -> Iterator[str]:
    """All mistakes: what is wrong with a record in itself hides no other record's mistakes."""
    yield from study.mistakes()
    sound = study.sound()
    configs = list(_config_mistakes(sound, grey_images(image_size), _make))
    yield from configs
    for search in study.searches:
        if search not in sound.searches and not list(type_mistakes(search)):
            yield from _name_mistakes(search)
    wrong_metrics = [*registry_mistakes(), *objective_mistakes(study.objective)]
    yield from wrong_metrics
    if sampler is not None:
        yield from _sampler_mistakes(sound, sampler)
    yield from metric_mistakes(sound.claims)
    if not with_figures:
        return
    whole = not configs and not wrong_metrics and sound.labels() == study.labels()
    yield from figure_mistakes(study, sound.figures, example_table(study) if whole else None)


def check_reproducible(sampler: str, wanted: bool) -> None:
    """Raise StudyError where searches are to be reproducible and the sampler cannot be.

    Args:
        sampler: a key of `study.search.samplers.SAMPLERS`.
    """
    if wanted and not SAMPLERS[sampler].renewed:
        able = ", ".join(name for name, kind in SAMPLERS.items() if kind.renewed)
        raise StudyError(
            f"what {sampler} proposes depends on when trials end, which no two runs have in "
            f"common; with --reproducible use --sampler with one of {able}"
        )


def _sampler_mistakes(study: Study, sampler: str) -> Iterator[str]:
    """Searches that the sampler cannot do."""
    kind = SAMPLERS[sampler]
    for search in study.searches:
        names = [name for name, dimension in search.space.items() if isinstance(dimension, If)]
        if names and not kind.conditional:
            able = ", ".join(name for name, kind in SAMPLERS.items() if kind.conditional)
            yield (
                f"search {search.name}: the sampler {sampler} cannot search {', '.join(names)}, "
                f"which have conditions; use --sampler with one of {able}"
            )
        if search.front is not None and not kind.fronts:
            able = ", ".join(name for name, kind in SAMPLERS.items() if kind.fronts)
            yield (
                f"search {search.name}: the sampler {sampler} optimises one score, and the search "
                f"has a front; use --sampler with one of {able}"
            )


def _config_mistakes(study: Study, shape: Shape, try_out: TryOut) -> Iterator[str]:
    """What no model can be built of: baselines, and the corners of every search space."""
    for baseline in study.baselines:
        yield from try_out(f"baseline {baseline.name}", baseline.family, baseline.config, shape)
        yield from _match_mistakes(baseline)
    for search in study.searches:
        for params in (*search.corners(), *search.hand_picked):
            where = f"search {search.name} at {_words(params)}"
            wrong = list(try_out(where, search.family, search.config(params), shape))
            if wrong:
                yield from wrong
                break  # the others are wrong for the same reason, as a rule
        yield from _front_mistakes(search)


def _name_mistakes(search: Search) -> Iterator[str]:
    """Hyper-parameters that there are none of, of a search in which something else is wrong."""
    try:
        split_values(search.family, dict.fromkeys(sorted(search.names)))
    except ValueError as error:
        yield f"search {search.name}: {error}"


def _make(where: str, family: str, config: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    """What is wrong with a configuration by itself."""
    try:
        architecture_of(family, config, shape)
        recipe_of(family, config, Recipe())
    except ValueError as error:
        yield f"{where}: {error}"


def _build(where: str, family: str, config: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    """What is wrong with a configuration on this data, or what building its model raises."""
    try:
        architecture = architecture_of(family, config, shape)
        check_augmentation(recipe_of(family, config, Recipe()), shape)
    except ValueError as error:
        yield f"{where}: {error}"
        return
    try:
        _try_building(architecture)
    except Exception as error:  # noqa: BLE001 - somebody's own code may raise anything
        said = describe_error(error)
        yield f"{where}: the model cannot be built for {shape.describe()}: {said}"


def _try_building(architecture: Architecture) -> None:
    """Raise what its code raises; a module is built and called on the meta device."""
    cost_of = engine_of(architecture.family).cost
    if cost_of is not None:
        cost_of(architecture)
    else:
        FAMILIES[architecture.family].build(architecture.config, architecture.shape)


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


def _front_mistakes(search: Search) -> Iterator[str]:
    if search.front is None:
        return
    where = f"search {search.name}"
    if search.front.cost not in MEASURES:
        yield f"{where}: {unknown_name('front: cost', search.front.cost, MEASURES)}"
    if search.family in FAMILIES and engine_of(search.family).cost is None:
        yield f"{where}: it has a front, and what models of {search.family} cost is not known"


def _words(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in params.items())
