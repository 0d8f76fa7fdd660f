"""Several seeds of one configuration trained as one model, against one after the other.

    python -m benchmarks.fused [--family conv] [--image-size 32] [--seeds 4] [--repeats 5]

The models' weights are stacked and the training step is mapped over them (torch.func.vmap, which
makes one grouped convolution of each layer's); every seed has its own images. Both ways take turns
in one process on one thread. Prints seconds per epoch, the ratio, and by how much the losses of
the last epoch differ.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn.functional import binary_cross_entropy_with_logits

from hw3.memory import keep_freed_memory
from hw3.models import FAMILIES, build_model, make_architecture

BATCH_SIZE, BATCHES = 32, 25  # 800 images, as the quick profile has


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    uncoupled = [name for name, family in FAMILIES.items() if not family.batch_coupled]
    parser.add_argument("--family", choices=uncoupled, default="conv")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    images, labels = make_batches(options.seeds, options.image_size)
    ways: dict[str, Callable[[], Tensor]] = {
        "in turn": separate_epoch(make_models(options), images, labels),
        "fused": fused_epoch(make_models(options), images, labels),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    losses = {}
    for turn in range(options.repeats + 1):
        for name in list(ways) if turn % 2 else list(ways)[::-1]:
            started = time.perf_counter()
            losses[name] = ways[name]()
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(taken[1:]) for name, taken in seconds.items()}
    pairs = zip(seconds["in turn"][1:], seconds["fused"][1:], strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    difference = (losses["in turn"] - losses["fused"]).abs().max().item()
    print(f"{options.seeds} x {options.family} at {options.image_size}: {medians} s per epoch")
    print(f"in turn over fused {ratio:.2f}; losses differ by at most {difference:.1e}")


def make_batches(seeds: int, size: int) -> tuple[Tensor, Tensor]:
    """float32 images (batches, seeds, N, 1, S, S) and labels (batches, seeds, N)."""
    generator = torch.Generator().manual_seed(0)
    shape = (BATCHES, seeds, BATCH_SIZE)
    images = torch.rand(*shape, 1, size, size, generator=generator)
    return images, torch.randint(0, 2, shape, generator=generator).float()


def make_models(options: argparse.Namespace) -> list[nn.Module]:
    architecture = make_architecture(options.family, {}, options.image_size)
    return [build_model(architecture, seed) for seed in range(options.seeds)]


def adam(parameters) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-3, fused=True)


def separate_epoch(models: list[nn.Module], images: Tensor, labels: Tensor) -> Callable[[], Tensor]:
    """As the engine computes it: channels last, one model after the other."""
    models = [model.to(memory_format=torch.channels_last) for model in models]  # pyright: ignore
    optimisers = [adam(model.parameters()) for model in models]

    def epoch() -> Tensor:
        totals = torch.zeros(len(models))
        for seed, (model, optimiser) in enumerate(zip(models, optimisers, strict=True)):
            for batch, targets in zip(images[:, seed], labels[:, seed], strict=True):
                optimiser.zero_grad()
                batch = batch.to(memory_format=torch.channels_last)
                loss = binary_cross_entropy_with_logits(model(batch).squeeze(1), targets)
                loss.backward()
                optimiser.step()
                totals[seed] += loss.detach()
        return totals / len(images)

    return epoch


def fused_epoch(models: list[nn.Module], images: Tensor, labels: Tensor) -> Callable[[], Tensor]:
    """All models as one: a step of Adam on stacked weights is one of each."""
    weights, buffers = stack_module_state(models)
    optimiser = adam(weights.values())

    def loss_of(weights: dict, buffers: dict, batch: Tensor, targets: Tensor) -> Tensor:
        logits = functional_call(models[0], (weights, buffers), (batch,)).squeeze(1)
        return binary_cross_entropy_with_logits(logits, targets)

    losses_of = torch.func.vmap(loss_of)

    def epoch() -> Tensor:
        totals = torch.zeros(len(models))
        for batch, targets in zip(images, labels, strict=True):
            optimiser.zero_grad()
            losses = losses_of(weights, buffers, batch, targets)
            losses.sum().backward()
            optimiser.step()
            totals += losses.detach()
        return totals / len(images)

    return epoch


if __name__ == "__main__":
    main()
