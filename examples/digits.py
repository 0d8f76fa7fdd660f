"""A model of one's own on scikit-learn's handwritten digits: ten classes of 8x8 pixels.

python -m study run examples/digits.py
"""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import nn

from hw3.data import SOURCES, Source, splits_from_arrays
from hw3.models import FAMILIES, Family
from hw3.models.config import bounded, check_bounds
from study import Baseline, Choice, Claim, Float, Int, Search, Study


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of the model: default, least and greatest value."""

    width: int = bounded(16, 1, 1024)
    blocks: int = bounded(1, 0, 8)

    def __post_init__(self) -> None:
        check_bounds(self)


class Residual(nn.Module):
    """A convolution that is added to what it is given."""

    def __init__(self, width: int):
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + torch.relu(self.convolution(images))


def build(config, shape):
    """float (N, 1, 8, 8) from 0 to 1 -> a logit for each class, (N, 10)."""
    first = nn.Conv2d(shape.channels, config.width, 3, padding=1)
    blocks = [Residual(config.width) for _ in range(config.blocks)]
    head = nn.Linear(config.width * 16, shape.outputs)
    return nn.Sequential(first, nn.ReLU(), *blocks, nn.AvgPool2d(2), nn.Flatten(), head)


def load(location, image_size):
    digits = load_digits()
    pixels = (digits.images * 255 / 16).astype("uint8")  # of 17 grey levels
    return splits_from_arrays(pixels, digits.target, [str(digit) for digit in range(10)])


SOURCES["digits"] = Source("Handwritten digits of scikit-learn", load=load)
FAMILIES["residual"] = Family("residual CNN", Config, build)
SPACE = {
    "width": Int(4, 32, log=True),
    "learning_rate": Float(1e-4, 1e-1, log=True),
    "batch_size": Choice((16, 64, 256)),
}
STUDY = Study(
    name="digits",
    title="Handwritten digits: residual blocks",
    question="Do residual blocks, and a tuned learning rate, recognise more digits?",
    data="digits",
    image_size=8,
    baselines=(
        Baseline("plain", "no block", "residual", {"blocks": 0}),
        Baseline("two", "two blocks", "residual", {"blocks": 2}),
    ),
    searches=(Search("tuned", "two blocks", "residual", SPACE, fixed={"blocks": 2}),),
    claims=(
        Claim("blocks_help", "two", "test_accuracy", "plain", above=0.0),
        Claim("tuning_helps", "tuned", "test_balanced_accuracy", "two", above=0.0),
        Claim("level", "tuned", "test_accuracy", above=0.95, quote="more than 95 %"),
    ),
    answer=("blocks_help", "tuning_helps"),
)
