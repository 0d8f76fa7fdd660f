"""What a model is made of: each layer with its output's shape and its parameters, as computed."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hw3.models import FAMILIES


@dataclass(frozen=True)
class Layer:
    """One module that does the work itself, in the place where it is computed.

    Attributes:
        kind: the module's class.
        detail: its kernel (3×3), output size (1×1) or dropout rate; empty where it has none.
        shape: of its output for one image.
        parameters: number of trained numbers.
    """

    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int


def meta_model(family: str, config: Any, image_size: int) -> nn.Module:
    """The configuration's model on PyTorch's meta device, in evaluation mode: no memory taken."""
    with torch.device("meta"):
        return FAMILIES[family].build(config, image_size).eval()


def trace_layers(model: nn.Module, image_size: int) -> list[Layer]:
    """The layers that one image goes through, in the order of their computation.

    Args:
        model: as `meta_model` makes it.
    """
    layers: list[Layer] = []

    def note(module: nn.Module, _inputs: object, output: Tensor) -> None:
        parameters = sum(parameter.numel() for parameter in module.parameters())
        shape = tuple(output.shape[1:])
        layers.append(Layer(type(module).__name__, _detail(module), shape, parameters))

    leaves = [module for module in model.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    with torch.no_grad():
        model(torch.empty(1, 1, image_size, image_size, device="meta"))
    for hook in hooks:
        hook.remove()
    return layers


def _detail(module: nn.Module) -> str:
    if isinstance(module, nn.Dropout):
        return f"{module.p:.3g}"
    size = getattr(module, "kernel_size", None) or getattr(module, "output_size", None)
    if size is None:
        return ""
    sides = size if isinstance(size, tuple) else (size, size)
    return "×".join(str(side) for side in sides)
