"""Recurrent network against convolution on time series: nothing assumes images.

python -m study run examples/signals.py
"""

from dataclasses import dataclass

import numpy as np
from torch import nn

from hw3.data import SOURCES, Source, splits_from_arrays
from hw3.models import FAMILIES, Family
from hw3.models.config import bounded
from study import Baseline, Claim, Float, Study

STEPS, SIGNALS = 32, 900


@dataclass(frozen=True)
class Config:
    width: int = bounded(16, 1, 512)


class Recurrent(nn.Module):
    """The last state of a GRU that reads the signal from its beginning to its end."""

    def __init__(self, width: int, outputs: int):
        super().__init__()
        self.gru, self.head = nn.GRU(1, width, batch_first=True), nn.Linear(width, outputs)

    def forward(self, signals):
        """float (N, STEPS, 1) -> logits, (N, outputs)."""
        return self.head(self.gru(signals)[0][:, -1])


def build_recurrent(config, shape):
    return Recurrent(config.width, shape.outputs)


def build_convolution(config, shape):
    steps = [nn.Flatten(), nn.Unflatten(1, (1, STEPS)), nn.Conv1d(1, config.width, 9), nn.ReLU()]
    pool = [nn.AdaptiveMaxPool1d(1), nn.Flatten()]
    return nn.Sequential(*steps, *pool, nn.Linear(config.width, shape.outputs))


def load(location, image_size):
    """Made up: a wave whose frequency is steady, rises, or falls, under noise."""
    draw, time = np.random.default_rng(0), np.linspace(0, 1, STEPS)
    trend = np.arange(SIGNALS) % 3
    rate = draw.uniform(3, 6, SIGNALS)[:, None] + np.array([0, 4, -2])[trend][:, None] * time
    waves = np.sin(2 * np.pi * (rate * time + draw.uniform(0, 1, SIGNALS)[:, None]))
    signals = waves + draw.normal(0, 0.3, waves.shape)
    return splits_from_arrays(signals[:, :, None], trend, ("steady", "rising", "falling"))


SOURCES["signals"] = Source("Made-up signals", load=load)
FAMILIES["recurrent"] = Family("GRU", Config, build_recurrent)
FAMILIES["convolution"] = Family("1D convolution", Config, build_convolution)
STUDY = Study(
    name="signals",
    title="Signals: recurrence against convolution",
    question="Does a GRU tell trends of frequency better than a convolution does?",
    data="signals",
    baselines=(
        Baseline("gru", "GRU, 16", "recurrent"),
        Baseline("convolution", "convolution, 16", "convolution"),
    ),
    claims=(Claim("gru_wins", "gru", "test_accuracy", "convolution", above=0.0),),
    answer=("gru_wins",),
    tune={"learning_rate": Float(1e-3, 1.0, log=True)},  # the default suits the convolution alone
)
