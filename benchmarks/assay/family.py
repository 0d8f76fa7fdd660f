"""A model that trains in some 20 ms, and has names for one configuration."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from hw3.models import FAMILIES, Family, Shape
from hw3.models.config import bounded, check_bounds
from hw3.seeds import derive_seed

FAMILY = "assay"
GAIN = 30.0  # by which steps are larger than Adam's: the recipe's rate is meant for more of them
OVERFLOW = 1e38


@dataclass(frozen=True)
class AssayConfig:
    """What the models of a study differ in.

    Attributes:
        width: units of the one hidden layer.
        twin: another name for the same configuration. It decides which random numbers a seed's
            weights are drawn with, and nothing else: two twins have weights that are independent
            and alike in distribution, and train on images in the same order.
        dead: share of seeds that begin with hidden units that no image activates, and so never
            learn.
        broken: share of seeds whose loss is not finite from the start.
    """

    width: int = bounded(8, 1, 1024)
    twin: int = bounded(0, 0, 1_000_000)
    dead: float = bounded(0.0, 0.0, 1.0)
    broken: float = bounded(0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        check_bounds(self)


class Gain(nn.Module):
    """Multiplies by a constant."""

    def forward(self, values: Tensor) -> Tensor:
        return GAIN * values


def build(config: AssayConfig, shape: Shape) -> nn.Module:
    """float (N, *shape.inputs) -> logits, float (N, shape.outputs)."""
    seed = derive_seed(torch.initial_seed(), "twin", config.twin)  # of the training's seed alone
    fate = derive_seed(seed, "fate") / 2**63
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = nn.Linear(shape.features, config.width)
        last = nn.Linear(config.width, 1)
    # a few steps must be enough for its running averages, hence the momentum
    norm = nn.BatchNorm1d(config.width, eps=1e-9, momentum=0.5)
    with torch.no_grad():
        hidden.weight /= GAIN  # normalised away, so that a step turns it further
        for parameter in last.parameters():
            parameter /= GAIN
        if fate < config.dead:
            norm.weight.zero_()
            norm.bias.fill_(-1.0)
        elif fate < config.dead + config.broken:
            last.weight.fill_(OVERFLOW)
    return nn.Sequential(nn.Flatten(), hidden, norm, nn.ReLU(), last, Gain())


def register() -> None:
    """Add the family to the list for this process."""
    FAMILIES[FAMILY] = Family("assay", cast(type, AssayConfig), build, batch_coupled=True)
