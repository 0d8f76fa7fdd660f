"""The model families. FAMILIES is the only list of them; a new family is a file and a line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from hw3.models.ann import AnnConfig, build_ann
from hw3.models.conv import ConvConfig, build_conv
from hw3.models.gap import GapConfig, build_gap


@dataclass(frozen=True)
class Family:
    """A parametrised architecture.

    Attributes:
        title: what figures and reports call it.
        config: its frozen record of hyper-parameters; the defaults are the homework's.
        build: (config, image size) -> module with one logit per image.
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
