"""Baselines of equal scale: the size at which a model meets the cost of another one."""

from collections.abc import Mapping
from typing import Any

from hw3.cost import match_cost, model_cost
from hw3.models import Shape
from study.search.hyperparameters import architecture_of
from study.spec.baseline import Baseline


def solved_config(
    baseline: Baseline, by_name: Mapping[str, Baseline], shape: Shape
) -> dict[str, Any]:
    """The configuration; where it is matched, with the size that meets the other's cost."""
    config = dict(baseline.config)
    if baseline.match is None:
        return config
    match, other = baseline.match, by_name[baseline.match.baseline]
    target = model_cost(architecture_of(other.family, other.config, shape))

    def architecture_at(size: int) -> Any:
        sized = config | dict.fromkeys(match.sizes, size)
        return architecture_of(baseline.family, sized, shape)

    size = match_cost(architecture_at, match.measure, getattr(target, match.measure))
    return config | dict.fromkeys(match.sizes, size)
