"""The model families. FAMILIES is the only list of them; a new family is a file and a line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn

from hw3.models.ann import AnnConfig, build_ann
from hw3.models.conv import ConvConfig, build_conv
from hw3.models.gap import GapConfig, build_gap
from hw3.seeds import derive_seed
from hw3.splits import check_image_size


@dataclass(frozen=True)
class Family:
    """A parametrised architecture.

    Attributes:
        title: what figures and reports call it.
        config: its frozen record of hyper-parameters; the defaults are the homework's.
        build: (config, image size) -> module with one logit an image.
        batch_coupled: whether images of one batch affect each other (batch normalisation), so
            that a batch must not be cut into micro-batches.
    """

    title: str
    config: type[Any]
    build: Callable[[Any, int], nn.Module]
    batch_coupled: bool = False


FAMILIES = {
    "conv": Family("ConvModel", ConvConfig, build_conv),
    "ann": Family("ANN", AnnConfig, build_ann, batch_coupled=True),
    "gap": Family("ConvGAP", GapConfig, build_gap),
}


def make_config(family: str, values: Mapping[str, Any]) -> Any:
    """The family's configuration with `values` in place of the homework's.

    Raises:
        ValueError: no such family or hyper-parameter, or a value out of range.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {family!r}")
    record = FAMILIES[family].config
    names = [item.name for item in fields(record)]
    unknown = [name for name in values if name not in names]
    if unknown:
        raise ValueError(f"{family} has {', '.join(names)}; it has no {', '.join(unknown)}")
    return record(**values)


def build_model(family: str, config: Any, image_size: int, seed: int) -> nn.Module:
    """A model on the CPU with PyTorch's default initialisation, drawn from `seed` alone.

    Layers draw from PyTorch's global generator, so it is set for the time of the call only.
    """
    check_image_size(image_size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initialisation"))
        return FAMILIES[family].build(config, image_size)
