"""A model's layers in the order of their computation, each with output shape and parameters."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw3.models import Architecture, build_layers
from hw3.shape import Shape, grey_images


@dataclass(frozen=True)
class Layer:
    """One module without children, as it was called for an example.

    Attributes:
        kind: the module's class.
        detail: its kernel (3×3), output size (1×1) or dropout rate; empty where it has none.
        shape: of its output for one example, without the batch.
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


def trace_layers(model: nn.Module, shape: Shape | int) -> list[Layer]:
    """The layers that one example goes through, in the order of their computation.

    Args:
        model: on the meta device, as `meta_model` returns it.
        shape: of the model's inputs; a whole number for a grey image, so many pixels wide.

    Raises:
        ValueError: the model does not give `shape.outputs` logits.
    """
    shape = shape if isinstance(shape, Shape) else grey_images(shape)
    layers: list[Layer] = []

    def note(module: nn.Module, _inputs: object, output: object) -> None:
        while isinstance(output, (tuple, list)) and output:  # recurrent layers give states as well
            output = output[0]
        if isinstance(output, Tensor):
            parameters = sum(parameter.numel() for parameter in module.parameters())
            shape = tuple(output.shape[1:])
            layers.append(Layer(type(module).__name__, _detail(module), shape, parameters))

    leaves = [module for module in model.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    dtype = torch.int64 if shape.whole else torch.float32
    with torch.no_grad():
        output = model(torch.empty(1, *shape.inputs, dtype=dtype, device="meta"))
    for hook in hooks:
        hook.remove()
    _check_outputs(output, shape)
    return layers


def _check_outputs(output: object, shape: Shape) -> None:
    if not isinstance(output, Tensor):
        raise ValueError(f"a model must give a tensor of logits; got {type(output).__name__}")
    if output.shape != (1, shape.outputs):
        each = "one for two classes" if shape.classes == 2 else f"{shape.classes}, one for a class"
        raise ValueError(
            f"a model must give logits of shape (N, {shape.outputs}), {each}; "
            f"got {tuple(output.shape)} for one example"
        )


def _detail(module: nn.Module) -> str:
    if isinstance(module, nn.Dropout):
        return f"{module.p:.3g}"
    size = getattr(module, "kernel_size", None) or getattr(module, "output_size", None)
    if size is None:
        return ""
    sides = size if isinstance(size, tuple) else (size, size)
    return "×".join(str(side) for side in sides)
