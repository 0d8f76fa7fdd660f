"""What is put in the place of layers that `vmap` cannot compute for several models, or only slowly:
dropout, with the masks that each model would draw alone, and global average pooling."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from hw3.engine.repeated import drawing_from
from hw3.numerics import Numerics


class MaskedDropout(nn.Module):
    """Dropout whose mask is given at each call; the identity in evaluation mode.

    Attributes:
        kept: the mask, a bool buffer of the input's shape, True for what is kept.
    """

    kept: Tensor

    def __init__(self, rate: float):
        super().__init__()
        self._scale = 1 / (1 - rate)
        self.register_buffer("kept", torch.empty(0, dtype=torch.bool), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """float (N, ...) -> float (N, ...)."""
        return torch.where(self.kept, features * self._scale, 0) if self.training else features


class GlobalAverage(nn.Module):
    """AdaptiveAvgPool2d(1), whose own kernel `vmap` would call for one model after the other."""

    def forward(self, features: Tensor) -> Tensor:
        """float (N, C, H, W) -> (N, C, 1, 1)."""
        return features.mean(dim=(-2, -1), keepdim=True)


def for_stacking(model: nn.Module) -> nn.Module:
    """A copy of the model with such layers in place of its own; the weights' names stay."""
    model = copy.deepcopy(model)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Dropout):
            masked = MaskedDropout(layer.p) if layer.p else nn.Identity()
            model.set_submodule(name, masked)
        elif isinstance(layer, nn.AdaptiveAvgPool2d) and layer.output_size in (1, (1, 1)):
            model.set_submodule(name, GlobalAverage())
    return model


class Masks:
    """The masks that a model's dropout layers draw for one batch.

    Args:
        model: as it is trained alone. It is copied, and computes the batch once: only then are the
            shapes, types and layouts known on which the masks depend.
        images: a batch as the model takes it.
        numerics: of the training.

    Raises:
        RuntimeError: a dropout layer is used more than once.
    """

    def __init__(self, model: nn.Module, images: Tensor, numerics: Numerics):
        model = copy.deepcopy(model).train()
        self._drawn_on: dict[str, tuple[Tensor, float]] = {}  # in the order of their computation
        for name, layer in model.named_modules():
            if isinstance(layer, nn.Dropout) and layer.p:
                layer.register_forward_hook(self._noting(name, layer.p))
        scratch = torch.Generator(images.device)
        with torch.no_grad(), drawing_from(scratch), numerics.autocast():
            model(images)

    def _noting(self, name: str, rate: float):
        def note(_layer: nn.Module, inputs: tuple[Tensor], _output: Tensor) -> None:
            if name in self._drawn_on:
                raise RuntimeError(f"the dropout layer {name} is used more than once")
            self._drawn_on[name] = torch.ones_like(inputs[0]), rate

        return note

    def draw(self, generators: Sequence[torch.Generator]) -> dict[str, Tensor]:
        """Masks by the name of their buffer, bool (len(generators), N, ...): each generator's are
        those that its model would draw alone, where dropout has the same input."""
        if not self._drawn_on:
            return {}
        masks: dict[str, list[Tensor]] = {name: [] for name in self._drawn_on}
        for generator in generators:
            with drawing_from(generator):
                for name, (ones, rate) in self._drawn_on.items():
                    masks[name].append(dropout(ones, rate) != 0)
        return {f"{name}.kept": torch.stack(drawn) for name, drawn in masks.items()}
