"""What a model costs: parameters, multiply-adds, activation memory; and models of equal cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch.utils.flop_counter import FlopCounterMode

from hw3.layers import meta_model, trace_layers

CHANGES_NOTHING = ("Flatten", "Dropout")  # in evaluation mode: no output of their own to keep


@dataclass(frozen=True)
class Cost:
    """Cost of one model at one image size.

    Attributes:
        parameters: number of trained numbers.
        multiply_adds: of convolutions and linear layers, forward, an image.
        activation_bytes: outputs of all layers, forward, an image, float32.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int


MEASURES = ("parameters", "multiply_adds", "activation_bytes")


def model_cost(family: str, config: Any, image_size: int) -> Cost:
    """Cost of a configuration, from its traced layers; nothing is allocated."""
    model = meta_model(family, config, image_size)
    with FlopCounterMode(display=False) as counter:
        layers = trace_layers(model, image_size)
    elements = sum(math.prod(layer.shape) for layer in layers if layer.kind not in CHANGES_NOTHING)
    return Cost(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        multiply_adds=counter.get_total_flops() // 2,  # the counter takes each as two
        activation_bytes=elements * 4,
    )


def match_cost(
    family: str,
    config_at: Callable[[int], Any],
    measure: str,
    target: int,
    image_size: int,
    largest: int = 4096,
) -> int:
    """The size whose cost comes nearest to `target`, by bisection.

    Args:
        config_at: size (a width, a number of channels; 1 to `largest`) -> configuration whose
            cost grows with it.
        measure: one of MEASURES.
        target: the cost to be met.

    Raises:
        ValueError: `measure` is unknown.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")

    def cost_at(size: int) -> int:
        return getattr(model_cost(family, config_at(size), image_size), measure)

    low, high = 1, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_at(middle) <= target else (low, middle)
    return min((low, high), key=lambda size: abs(cost_at(size) - target))
