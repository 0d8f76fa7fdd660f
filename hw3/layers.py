"""A model's layers in the order of their computation, each with output shape and parameters."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw3.models import Architecture, build_layers


@dataclass(frozen=True)
class Layer:
    """One module without children, as it was called for an image.

    Attributes:
        kind: the module's class.
        detail: its kernel (3×3), output size (1×1) or dropout rate; empty where it has none.
        shape: of its output for one image, without the batch.
        parameters: number of trained numbers.
    """

    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int


def meta_model(architecture: Architecture) -> nn.Module:
    """The architecture's model in evaluation mode on PyTorch's meta device: it takes no memory."""
    with torch.device("meta"):
        return build_layers(architecture).eval()


def trace_layers(model: nn.Module, image_size: int) -> list[Layer]:
    """The layers that one image goes through, in the order of their computation.

    Args:
        model: on the meta device, as `meta_model` returns it.
        image_size: side of the image in pixels.
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
