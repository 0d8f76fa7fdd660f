"""Which of a configuration's values are the model's, and which the recipe's that trains it.

Baselines and searches name both kinds alike; whoever makes a model or a recipe of such values does
it here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from hw3.engine import TUNABLE, Recipe, recipe_for
from hw3.models import FAMILIES, Architecture, Shape, check_family, make_architecture, make_config
from hw3.models.config import ADDED
from hw3.names import did_you_mean

Values = Mapping[str, Any]

# In every trial's ingredients. Other fields of a recipe are there only where they are not the
# default: a field that is new leaves the keys of all earlier trainings as they are.
ALWAYS = ("epochs", "batch_size", "learning_rate", "step_size", "gamma", "train_eval_every")
BY_EPOCHS = "step_size"  # whose default depends on the number of epochs
# Hyper-parameters of the recipe that do nothing unless another has a certain value.
USED_WITH = {
    "momentum": ("optimiser", "sgd"),
    "step_size": ("schedule", "step"),
    "gamma": ("schedule", "step"),
}


def split_values(family: str, values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's hyper-parameters and the recipe's. A name that both have is the model's.

    Raises:
        ValueError: no such family or hyper-parameter.
    """
    check_family(family)
    own = [item.name for item in fields(FAMILIES[family].config)]
    shared = [name for name in TUNABLE if name not in own]
    unknown = [name for name in values if name not in (*own, *shared)]
    if unknown:
        hints = "".join(did_you_mean(name, (*own, *shared)) for name in unknown)
        raise ValueError(
            f"unknown hyper-parameter {', '.join(unknown)} of family {family}.{hints} "
            f"Its models have {', '.join(own)}; its recipe has {', '.join(shared)}"
        )
    return (
        {name: value for name, value in values.items() if name in own},
        {name: value for name, value in values.items() if name in shared},
    )


def architecture_of(family: str, values: Values, shape: Shape | int) -> Architecture:
    """The architecture of a configuration.

    Args:
        shape: as `hw3.models.Architecture` takes it.

    Raises:
        ValueError: no such family or hyper-parameter, a value out of range, or a shape that the
            family does not take.
    """
    return make_architecture(family, split_values(family, values)[0], shape)


def recipe_of(family: str, values: Values, recipe: Recipe) -> Recipe:
    """The recipe with a configuration's values in it.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    return replace(recipe, **split_values(family, values)[1])


def recipe_ingredient(recipe: Recipe) -> dict[str, Any]:
    """The recipe as part of a trial's ingredients; `Recipe(**…)` makes it again."""
    default = asdict(Recipe())
    values = asdict(recipe).items()
    return {name: value for name, value in values if name in ALWAYS or value != default[name]}


def config_ingredient(family: str, values: Values) -> dict[str, Any]:
    """The model's hyper-parameters as part of a trial's ingredients.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    return without_added(family, asdict(make_config(family, split_values(family, values)[0])))


def without_added(family: str, config: Values) -> dict[str, Any]:
    """The configuration without hyper-parameters that were added to the family and are the
    default: like new fields of a recipe, they leave keys and claims' digests as they were."""
    added = _added_defaults(family)
    return {name: value for name, value in config.items() if (name, value) not in added.items()}


def recorded_config(ingredients: Values) -> dict[str, Any]:
    """The model's hyper-parameters of a trial, finished or under way."""
    return _added_defaults(ingredients["family"]) | dict(ingredients["config"])


def _added_defaults(family: str) -> dict[str, Any]:
    """Those of what `hw3.models.config` calls added; none of a family that is not known here."""
    items = fields(FAMILIES[family].config) if family in FAMILIES else ()
    return {item.name: item.default for item in items if item.metadata.get(ADDED)}


def complete_config(family: str, values: Values) -> dict[str, Any]:
    """All of the model's hyper-parameters, and those of the recipe that the values name.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    own, shared = split_values(family, values)
    recipe = asdict(replace(Recipe(), **shared))
    return {name: recipe[name] for name in shared} | asdict(make_config(family, own))


def complete_values(family: str, values: Values) -> dict[str, Any]:
    """All hyper-parameters, the recipe's among them, but for BY_EPOCHS where it is not named.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    recipe = asdict(Recipe())
    defaults = {name: recipe[name] for name in TUNABLE if name != BY_EPOCHS}
    return defaults | complete_config(family, values)


def recorded_values(ingredients: Values) -> dict[str, Any]:
    """All hyper-parameters of a trial, finished or under way, the recipe's among them."""
    recipe = asdict(Recipe()) | dict(ingredients["recipe"])
    return {name: recipe[name] for name in TUNABLE} | recorded_config(ingredients)


def used_values(ingredients: Values) -> dict[str, Any]:
    """The `recorded_values` without those of the recipe that did nothing in the training."""
    recipe = asdict(Recipe()) | dict(ingredients["recipe"])
    idle = {name for name, (other, value) in USED_WITH.items() if recipe[other] != value}
    values, own = recorded_values(ingredients), ingredients["config"]
    return {name: value for name, value in values.items() if name in own or name not in idle}


def varied_recipe(trainings: Iterable[Values]) -> set[str]:
    """The hyper-parameters of the recipe that are not the default in some of the trainings.

    Args:
        trainings: ingredients of each.
    """
    varied: set[str] = set()
    for ingredients in trainings:
        recipe = ingredients["recipe"]
        default = asdict(recipe_for(max(1, recipe["epochs"])))  # a record may hold anything
        varied |= {name for name in TUNABLE if recipe.get(name, default[name]) != default[name]}
    return varied
