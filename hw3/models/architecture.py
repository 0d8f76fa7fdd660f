"""A model's architecture: family, configuration and shape, checked; and its modules."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import torch
from torch import nn

from hw3.models.families import FAMILIES
from hw3.names import did_you_mean
from hw3.seeds import derive_seed
from hw3.shape import Shape, grey_images


@dataclass(frozen=True)
class Architecture:
    """All that decides a model's layers and their shapes; its weights need a seed as well.

    Attributes:
        family: a key of FAMILIES.
        config: hyper-parameters, an instance of the family's `config`.
        shape: of its inputs and outputs; a whole number stands for the homework's grey images of
            two classes, so many pixels wide.

    Raises:
        ValueError: one of them is not as said.
    """

    family: str
    config: Any
    shape: Shape

    def __post_init__(self) -> None:
        check_family(self.family)
        record = FAMILIES[self.family].config
        if not isinstance(self.config, record):
            raise ValueError(
                f"config of the family {self.family} must be {record.__name__}; "
                f"got {self.config!r} (make_architecture makes one from a dictionary)"
            )
        object.__setattr__(self, "shape", _as_shape(self.family, self.shape))
        check_shape(self.family, self.shape)

    @property
    def image_size(self) -> int:
        """Side of the images in pixels; 0 where its inputs are no images."""
        return self.shape.image_size


def make_architecture(family: str, values: Mapping[str, Any], shape: Shape | int) -> Architecture:
    """The family's architecture with `values` in place of the homework's hyper-parameters.

    Args:
        shape: as `Architecture` takes it.

    Raises:
        ValueError: no such family or hyper-parameter, a value out of range, or a shape that the
            family does not take.
    """
    return Architecture(family, make_config(family, values), shape)  # pyright: ignore[reportArgumentType]


def make_config(family: str, values: Mapping[str, Any]) -> Any:
    """The family's configuration with `values` in place of the homework's.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    check_family(family)
    record = FAMILIES[family].config
    names = [item.name for item in fields(record)]
    unknown = [name for name in values if name not in names]
    if unknown:
        hints = "".join(did_you_mean(name, names) for name in unknown)
        raise ValueError(
            f"unknown hyper-parameter {', '.join(unknown)} of family {family}; "
            f"it has {', '.join(names)}.{hints}"
        )
    return record(**values)


def check_family(family: str) -> None:
    """Raise ValueError unless `family` is a key of FAMILIES."""
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {family!r}")


def check_shape(family: str, shape: Shape) -> None:
    """Raise ValueError unless the family takes inputs of this shape."""
    step = FAMILIES[family].size_step
    if step == 1:
        return
    if not shape.is_image:
        raise ValueError(
            f"the family {family} takes images, (channels, height, width); got {shape.describe()}"
        )
    for side in shape.inputs[1:]:
        check_image_size(side, step)


def check_image_size(size: int, step: int = 1) -> None:
    """Raise ValueError unless images of `size` x `size` pixels can be halved as `step` asks for."""
    rule = "image size must be a positive whole number"
    if step > 1:
        rule = f"image size must be a positive multiple of {step} (pools halve it)"
    if not isinstance(size, Integral):
        raise ValueError(f"{rule}; got {size!r}")
    if size < step or size % step:
        below = size // step * step
        near = f"are {below} and {below + step}" if below > 0 else f"is {step}"
        raise ValueError(f"{rule}; got {size}, the nearest {near}")


def _as_shape(family: str, shape: Shape | int) -> Shape:
    if isinstance(shape, Shape):
        return shape
    check_image_size(shape, FAMILIES[family].size_step)
    return grey_images(int(shape))


def build_model(architecture: Architecture, seed: int) -> nn.Module:
    """A model on the CPU with PyTorch's default initialisation, drawn from `seed` alone.

    Layers draw from PyTorch's global generator, so it is seeded for this call and then restored.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initialisation"))
        return build_layers(architecture)


def build_layers(architecture: Architecture) -> nn.Module:
    """The architecture's module on the current device, drawn from the global generator."""
    family = FAMILIES[architecture.family]
    return family.build(architecture.config, architecture.shape)
