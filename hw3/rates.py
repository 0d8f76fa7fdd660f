"""How fast a device multiplies and copies, measured now.

    python -m hw3.rates cuda bfloat16

prints both rates as JSON. In a process of its own, since CUDA takes some of the GPU's memory, and
the GPU itself where it is set up for one process, for as long as a process lives that has used it.
"""

import json
import sys
import time
from collections.abc import Callable

import torch

from hw3.numerics import Device, Precision

REPEATS = 5  # of which the fastest counts: others may be at work on the device
SIDE, COPIED = 4096, 2**28  # of a matrix; bytes: large enough to fill a GPU, and not its cache


def matrix_product_rate(device: Device, precision: Precision, side: int = SIDE) -> float:
    """Multiply-adds per second of a product of two square matrices."""
    left, right = torch.rand(2, side, side, device=device).to(getattr(torch, precision))
    return side**3 / _least_seconds(lambda: torch.mm(left, right), device)


def copy_rate(device: Device, size: int = COPIED) -> float:
    """Bytes per second that a copy within the device's memory reads and writes.

    Args:
        size: bytes that are copied.
    """
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / _least_seconds(lambda: target.copy_(source), device)


def _least_seconds(work: Callable[[], object], device: Device) -> float:
    """Wall-clock time of the fastest of REPEATS times, after one in which libraries get ready."""
    work()
    times = []
    for _ in range(REPEATS):
        _wait(device)
        started = time.perf_counter()
        work()
        _wait(device)
        times.append(time.perf_counter() - started)
    return min(times)


def _wait(device: Device) -> None:
    """Until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def main(
    device: Device, precision: Precision, side: str = f"{SIDE}", size: str = f"{COPIED}"
) -> None:
    """Print the rates of the device."""
    product = matrix_product_rate(device, precision, int(side))
    print(json.dumps({"multiply_adds": product, "bytes": copy_rate(device, int(size))}))


if __name__ == "__main__":
    main(*sys.argv[1:])  # pyright: ignore[reportArgumentType]
