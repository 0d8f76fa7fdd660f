"""Several seeds of one configuration trained as one model, against one after the other.

    python -m benchmarks.fused [--family conv] [--image-size 32] [--seeds 4] [--repeats 5]

Both ways (`hw3.fused.train_fused` and `hw3.engine.train_epochs`) take turns in one process on one
thread, on noise. Prints seconds per epoch of all seeds, the ratio, and by how much the training
losses of the last epoch differ, relative to the losses.
"""

import argparse
import statistics

import torch

from benchmarks.gpu import make_data
from hw3.engine import EpochRow, Recipe, Training, start_training, train_epochs
from hw3.fused import train_fused
from hw3.memory import keep_freed_memory
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics
from hw3.splits import Splits

IMAGES = 800  # for training, as the quick profile has
EPOCHS = 3  # the first of which is not counted


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--family", choices=list(FAMILIES), default="conv")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    data = make_data(options.image_size, IMAGES)
    ways = {"in turn": train_in_turn, "fused": train_as_one}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    losses: dict[str, list[float]] = {}
    for turn in range(options.repeats):
        for name in list(ways) if turn % 2 else list(ways)[::-1]:
            rows = ways[name](make_trainings(options), data)
            losses[name] = [own[-1].train_loss for own in rows]
            counted = (row.seconds for own in rows for row in own[1:])
            seconds[name].append(sum(counted) / (EPOCHS - 1))
    ratio = statistics.median(
        one / other for one, other in zip(seconds["in turn"], seconds["fused"], strict=True)
    )
    pairs = zip(losses["in turn"], losses["fused"], strict=True)
    difference = max(abs(other / one - 1) for one, other in pairs)
    medians = {name: round(statistics.median(taken), 3) for name, taken in seconds.items()}
    print(f"{options.seeds} x {options.family} at {options.image_size}: {medians} s per epoch")
    print(f"in turn over fused {ratio:.2f}; losses differ by at most {difference:.1e}")


def make_trainings(options: argparse.Namespace) -> list[Training]:
    architecture = make_architecture(options.family, {}, options.image_size)
    recipe = Recipe(epochs=EPOCHS)
    return [start_training(architecture, recipe, n, Numerics()) for n in range(options.seeds)]


def train_in_turn(trainings: list[Training], data: Splits) -> list[list[EpochRow]]:
    return [list(train_epochs(training, data)) for training in trainings]


def train_as_one(trainings: list[Training], data: Splits) -> list[list[EpochRow]]:
    epochs = list(train_fused(trainings, [data] * len(trainings)))
    return [[row for row in own if row is not None] for own in zip(*epochs, strict=True)]


if __name__ == "__main__":
    main()
