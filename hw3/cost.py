"""The cost of a model in parameters, multiply-adds, activation memory and memory traffic; models of
equal cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch.utils.flop_counter import FlopCounterMode

from hw3.layers import meta_model, trace_layers
from hw3.models import Architecture
from hw3.numerics import ELEMENT_BYTES, Numerics

CHANGES_NOTHING = ("Flatten", "Dropout")  # in evaluation mode: no output of their own to keep


@dataclass(frozen=True)
class Cost:
    """The cost of one architecture.

    Attributes:
        parameters: number of trained weights and biases.
        multiply_adds: of convolutions and linear layers, forward, per example.
        activation_bytes: size of all layers' outputs, forward, per example, in float32.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int


MEASURES = ("parameters", "multiply_adds", "activation_bytes")


def model_cost(architecture: Architecture) -> Cost:
    """The cost of an architecture, from its traced layers; nothing is allocated."""
    model = meta_model(architecture)
    with FlopCounterMode(display=False) as counter:
        layers = trace_layers(model, architecture.shape)
    elements = sum(math.prod(layer.shape) for layer in layers if layer.kind not in CHANGES_NOTHING)
    return Cost(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        multiply_adds=counter.get_total_flops() // 2,  # the counter takes each as two
        activation_bytes=elements * 4,
    )


def step_bytes(architecture: Architecture, batch_size: int, numerics: Numerics) -> int:
    """Bytes that a training step must read and write at least: each layer's input and output once
    in the forward pass, output's and input's gradient and the input again in the backward pass;
    weights, gradients and Adam's two moments read, all but the gradients written."""
    sizes = _neighbouring_elements(architecture)
    moved = sum(3 * inputs + 2 * outputs for inputs, outputs in sizes)
    weights = sum(parameter.numel() for parameter in meta_model(architecture).parameters())
    return moved * batch_size * ELEMENT_BYTES[numerics.precision] + 7 * 4 * weights


def scoring_bytes(architecture: Architecture, numerics: Numerics) -> int:
    """Bytes that must be read and written at least to score an example: each layer's input and
    output once. Weights are read once for many examples, and not counted."""
    moved = sum(map(sum, _neighbouring_elements(architecture)))
    return moved * ELEMENT_BYTES[numerics.precision]


def _neighbouring_elements(architecture: Architecture) -> list[tuple[int, int]]:
    """Number of elements of each layer's input and output, for an example."""
    layers = trace_layers(meta_model(architecture), architecture.shape)
    return list(pairwise([architecture.shape.features, *(math.prod(one.shape) for one in layers)]))


def match_cost(
    architecture_at: Callable[[int], Architecture],
    measure: str,
    target: int,
    largest: int = 4096,
) -> int:
    """The size whose cost comes nearest to `target`, by bisection.

    Args:
        architecture_at: size (a width or a number of channels, 1 to `largest`) -> architecture
            whose cost grows with it.
        measure: one of MEASURES.
        target: the cost to be met.
        largest: the greatest size considered.

    Raises:
        ValueError: `measure` is unknown.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")

    def cost_at(size: int) -> int:
        return getattr(model_cost(architecture_at(size)), measure)

    low, high = 1, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_at(middle) <= target else (low, middle)
    return min((low, high), key=lambda size: abs(cost_at(size) - target))
