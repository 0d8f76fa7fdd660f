"""Images per second of the training engine against the homework's own loop, on one thread each.

    python -m benchmarks.engine [--model conv] [--image-size 64] [--repeats 5] [--csv engine.csv]

Each has a process of its own, set up as a worker is. They take turns of one epoch, training and
validation, either one first by turns; then again with two of each at once, so that both cores are
busy. A matrix product is timed in every turn as well: the engine's arithmetic is given as a share
of that rate. `--model` and `--image-size` may be repeated; everything at all three sizes takes
about half an hour. `--clock cpu` counts CPU time, for machines that do other work meanwhile.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers import homework
from hw3.engine import Recipe, start_training, train_epochs
from hw3.layers import meta_model
from hw3.memory import keep_freed_memory
from hw3.models import Architecture, make_architecture
from hw3.numerics import Numerics, choose_numerics
from hw3.splits import Split, Splits, make_splits

MODELS = {
    "conv": ("conv", {}),
    "gap": ("gap", {"channels": 128, "hidden": 128}),
    "gap-lab4": ("gap", {}),
    "ann": ("ann", {}),
}
SIZES = (64, 128, 256)
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
PRODUCT = 1024  # side of the matrices whose product is timed
PRODUCTS = 5  # in each turn, their median


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", choices=list(MODELS), action="append")
    parser.add_argument("--image-size", type=int, action="append")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--csv", default="engine.csv")
    parser.add_argument("--child", choices=list(WORK), help=argparse.SUPPRESS)
    options = parser.parse_args()
    models, sizes = options.model or list(MODELS), options.image_size or list(SIZES)
    if options.child:
        serve(options.child, models[0], sizes[0], CLOCKS[options.clock])
        return
    rows = []
    for model in models:
        for size in sizes:
            for together in (1, 2):
                turns = take_turns(model, size, together, options.repeats, options.clock)
                rows.append(summarise(model, size, together, turns))
                print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(options.csv, index=False)
    print(table.to_string(index=False))


def take_turns(
    model: str, size: int, together: int, repeats: int, clock: str
) -> list[dict[str, float]]:
    """Seconds of each kind of work in every turn, of each process.

    Args:
        together: processes of a kind that work at once; the other kinds wait.
    """
    command = [sys.executable, "-m", "benchmarks.engine", "--model", model]
    command += ["--image-size", str(size), "--clock", clock, "--child"]
    children = {
        work: [
            subprocess.Popen(
                [*command, work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(together)
        ]
        for work in WORK
    }
    turns = []
    for turn in range(repeats + 1):
        order = list(WORK) if turn % 2 else list(WORK)[::-1]
        seconds = {work: ask(children[work]) for work in order}
        if turn:  # in the first, memory is taken and kernels are made
            turns += [{work: seconds[work][i] for work in WORK} for i in range(together)]
    for same in children.values():
        for child in same:
            child.communicate()
    return turns


def ask(children: list[subprocess.Popen[str]]) -> list[float]:
    """Have all of them work once; the seconds that each took."""
    for child in children:
        print("go", file=child.stdin, flush=True)
    return [float(child.stdout.readline()) for child in children]


def serve(work: str, model: str, size: int, clock: Callable[[], float]) -> None:
    """Work once for every line of the input, and print the seconds it took."""
    torch.set_num_threads(1)
    once = WORK[work](model, size)
    for _line in sys.stdin:
        started = clock()
        next(once)
        print(clock() - started, flush=True)


def architecture_of(model: str, size: int) -> Architecture:
    family, values = MODELS[model]
    return make_architecture(family, values, size)


def homework_epochs(model: str, size: int) -> Iterator[Any]:
    architecture = architecture_of(model, size)
    data = make_data(architecture)
    net = homework.MODELS[architecture.family](architecture.config, size)
    return homework.train_model(net, *homework.make_loaders(data.train, data.val), epochs=1000)


def engine_epochs(model: str, size: int) -> Iterator[Any]:
    keep_freed_memory()
    architecture = architecture_of(model, size)
    recipe = Recipe(epochs=1000, train_eval_every=1000)  # the homework has no such scoring
    training = start_training(architecture, recipe, 0, numerics_here())
    return train_epochs(training, make_data(architecture))


def products(_model: str, _size: int) -> Iterator[None]:
    dtype = getattr(torch, numerics_here().precision)
    left, right = torch.rand(2, PRODUCT, PRODUCT).to(dtype)
    while True:
        for _ in range(PRODUCTS):
            left @ right
        yield


WORK = {"homework": homework_epochs, "engine": engine_epochs, "product": products}


def numerics_here() -> Numerics:
    """What a run would take on this host."""
    return choose_numerics("cpu", "auto")


def summarise(
    model: str, size: int, together: int, turns: list[dict[str, float]]
) -> dict[str, Any]:
    """Medians over the turns; rates are of one process."""
    architecture = architecture_of(model, size)
    train, val = part_sizes(architecture)
    seconds = {work: statistics.median(turn[work] for turn in turns) for work in WORK}
    training, scoring = count_flops(architecture)
    engine_rate = (training * train + scoring * val) / seconds["engine"]
    product_rate = PRODUCTS * 2 * PRODUCT**3 / seconds["product"]
    return {
        "model": model,
        "size": size,
        "at once": together,
        "homework images/s": round(train / seconds["homework"], 1),
        "engine images/s": round(train / seconds["engine"], 1),
        "ratio": round(statistics.median(turn["homework"] / turn["engine"] for turn in turns), 2),
        "precision": numerics_here().precision,
        "product GFLOP/s": round(product_rate / 1e9, 1),
        "share of product": round(engine_rate / product_rate, 3),
    }


def count_flops(architecture: Architecture) -> tuple[int, int]:
    """Floating-point operations of convolutions and linear layers per image: in training
    (forward and backward, no gradient of the image), and in scoring."""
    size = architecture.image_size
    model, image = meta_model(architecture), torch.empty(1, 1, size, size, device="meta")
    with FlopCounterMode(display=False) as scoring:
        logits = model(image)
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    forward = scoring.get_total_flops()
    return forward + backward.get_total_flops(), forward


def part_sizes(architecture: Architecture) -> tuple[int, int]:
    """Numbers of training and validation images, four to one as in the homework; some seconds of
    its loop."""
    ann, size = architecture.family == "ann", architecture.image_size
    batches = 10 if ann else max(2, round(10 * (64 / size) ** 2))
    return batches * homework.BATCH_SIZE, batches * homework.BATCH_SIZE // 4


def make_data(architecture: Architecture) -> Splits:
    """Noise: the time does not depend on what the images show."""
    rng, size = np.random.default_rng(0), architecture.image_size

    def part(images: int) -> Split:
        pixels = rng.integers(0, 256, (images, size, size), dtype=np.uint8)
        return Split(pixels, np.arange(images, dtype=np.uint8) % 2)

    train, val = part_sizes(architecture)
    return make_splits("noise", "noise", part(train), part(val), None)


if __name__ == "__main__":
    main()
