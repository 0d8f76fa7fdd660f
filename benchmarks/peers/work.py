"""The work that the study and its peers do: a fixed list of configurations, epochs and seeds.

Task C's confirmation in its quick profile: its three baselines, a configuration in place of the one
that its search would choose, and ten seeds of each. No search, and nothing is stopped early.
"""

import argparse
import json
from dataclasses import dataclass
from typing import Any

from hw3.data import load_splits, phantom_location
from hw3.splits import Splits
from study.spec.budget import PROFILES

QUICK = PROFILES["quick"]
WORKERS = 2  # trials at a time, on a thread each
BASELINES: dict[str, tuple[str, dict[str, Any]]] = {  # family and configuration
    "convmodel": ("conv", {}),
    "lab4": ("gap", {}),
    "modified": ("gap", {"channels": 128, "hidden": 128}),
    "chosen": ("gap", {"channels": 256, "hidden": 64}),
}


@dataclass(frozen=True)
class Work:
    """Every configuration of BASELINES on each of `seeds` seeds, for `epochs` epochs."""

    seeds: int = QUICK.seeds
    epochs: int = QUICK.epochs
    image_size: int = QUICK.image_size

    def load(self) -> Splits:
        """The quick profile's phantoms."""
        return load_splits(phantom_location(QUICK.phantoms), self.image_size)

    def arguments(self) -> list[str]:
        """On a command line, as `add_work` takes them."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in vars(self).items()]


def add_work(parser: argparse.ArgumentParser) -> None:
    """The options that say how much work there is."""
    parser.add_argument("--seeds", type=int, default=Work.seeds)
    parser.add_argument("--epochs", type=int, default=Work.epochs)
    parser.add_argument("--image-size", type=int, default=Work.image_size)


def work_of(options: argparse.Namespace) -> Work:
    return Work(options.seeds, options.epochs, options.image_size)


def print_seconds(ray: float, workers: float, trials: float, engine: float | None = None) -> None:
    """One line of JSON, the last that a contestant prints.

    Args:
        ray: seconds of Ray's start.
        workers: seconds from there to the first trial's start; 0 where each trial has its own.
        trials: seconds from there to the end.
        engine: seconds in epochs, summed over the trials; None where nobody counted them.
    """
    print(json.dumps({"ray": ray, "workers": workers, "trials": trials, "engine": engine}))
