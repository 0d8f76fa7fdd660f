"""Validation accuracy in bfloat16 against float32 over paired seeds, family by family.

    python -m benchmarks.precision [--data phantom] [--image-size 64] [--epochs 30] [--seeds 10]
        [--family conv]

Trains each family's homework model with both precisions on the same seeds and prints each pair's
final validation accuracy and loss, and the interval of the mean difference (exact sign-flip test,
95 %). A family whose interval lies below zero should not train in bfloat16. Six seeds are the
fewest that give one. Where bfloat16 is emulated this takes hours: give few epochs and small images.
"""

import argparse

import numpy as np

from hw3.data import load_splits
from hw3.engine import EpochRow, recipe_for, start_training, train_epochs
from hw3.memory import keep_freed_memory
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics, has_fast_bfloat16
from hw3.splits import Splits
from study.stats.signflip import seed_interval


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="phantom")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--family", choices=list(FAMILIES), action="append")
    options = parser.parse_args()
    keep_freed_memory()
    data = load_splits(options.data, options.image_size)
    speed = "faster than float32" if has_fast_bfloat16(options.device) else "no faster than float32"
    print(f"bfloat16 {speed} on {options.device}; {data.location}, {options.epochs} epochs")
    for family in options.family or FAMILIES:
        compare(family, data, options)


def compare(family: str, data: Splits, options: argparse.Namespace) -> None:
    """Print the pairs of one family, and the interval of their mean difference."""
    differences = []
    for seed in range(options.seeds):
        full = last_row(family, data, seed, options.epochs, Numerics(options.device, "float32"))
        half = last_row(family, data, seed, options.epochs, Numerics(options.device, "bfloat16"))
        differences.append(half.val_accuracy - full.val_accuracy)
        print(
            f"{family} seed {seed}: accuracy {full.val_accuracy:.4f} float32, "
            f"{half.val_accuracy:.4f} bfloat16; loss {full.val_loss:.4f}, {half.val_loss:.4f}",
            flush=True,
        )
    low, high = seed_interval(100 * np.array(differences))
    print(
        f"{family}: bfloat16 less float32 {100 * np.mean(differences):+.2f} percentage points, "
        f"95 % interval {low:+.2f} to {high:+.2f}, {options.seeds} seeds"
    )


def last_row(family: str, data: Splits, seed: int, epochs: int, numerics: Numerics) -> EpochRow:
    architecture = make_architecture(family, {}, data.image_size)
    training = start_training(architecture, recipe_for(epochs), seed, numerics)
    *_, row = train_epochs(training, data)
    return row


if __name__ == "__main__":
    main()
