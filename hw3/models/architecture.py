"""A model's architecture: family, configuration and image size, checked; and its modules."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import torch
from torch import nn

from hw3.models.families import FAMILIES
from hw3.seeds import derive_seed

SIZE_STEP = 8  # three 2x2 pools halve the side of an image three times


@dataclass(frozen=True)
class Architecture:
    """All that decides a model's layers and their shapes; its weights need a seed as well.

    Attributes:
        family: a key of FAMILIES.
        config: hyper-parameters, an instance of the family's `config`.
        image_size: side of the square images in pixels, a positive multiple of 8.

    Raises:
        ValueError: one of them is not as said.
    """

    family: str
    config: Any
    image_size: int

    def __post_init__(self) -> None:
        check_family(self.family)
        record = FAMILIES[self.family].config
        if not isinstance(self.config, record):
            raise ValueError(
                f"config of the family {self.family} must be {record.__name__}; "
                f"got {self.config!r} (make_architecture makes one from a dictionary)"
            )
        check_image_size(self.image_size)


def make_architecture(family: str, values: Mapping[str, Any], image_size: int) -> Architecture:
    """The family's architecture with `values` in place of the homework's hyper-parameters.

    Raises:
        ValueError: no such family or hyper-parameter, a value out of range, or an image size
            that is not a positive multiple of 8.
    """
    return Architecture(family, make_config(family, values), image_size)


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
        raise ValueError(
            f"unknown hyper-parameter {', '.join(unknown)} of family {family}; "
            f"it has {', '.join(names)}"
        )
    return record(**values)


def check_family(family: str) -> None:
    """Raise ValueError unless `family` is a key of FAMILIES."""
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {family!r}")


def check_image_size(size: int) -> None:
    """Raise ValueError unless models can take images of `size` x `size` pixels."""
    rule = f"image size must be a positive multiple of {SIZE_STEP} (three 2x2 pools halve it)"
    if not isinstance(size, Integral):
        raise ValueError(f"{rule}; got {size!r}")
    if size < SIZE_STEP or size % SIZE_STEP:
        below = size // SIZE_STEP * SIZE_STEP
        near = f"are {below} and {below + SIZE_STEP}" if below > 0 else f"is {SIZE_STEP}"
        raise ValueError(f"{rule}; got {size}, the nearest {near}")


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
    return family.build(architecture.config, architecture.image_size)
