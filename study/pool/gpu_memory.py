"""What a worker does so that its trials take no more than their share of a GPU's memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from hw3.engine import Recipe
from hw3.engines import ENGINE, engine_of
from hw3.gpu_memory import (
    check_fits,
    describe_share,
    memory_share,
    out_of_memory,
    training_bytes,
)
from hw3.models import make_architecture
from hw3.numerics import Numerics
from hw3.splits import Splits
from hw3.text import count_of
from study.search.trial import Job


def check_memory(jobs: Sequence[Job], data: Splits, gpu_share: float) -> None:
    """Compare what jobs that are trained as one need with the share of this host's GPU; nothing
    where there is none, nor for families with an engine of their own.

    Args:
        data: training and validation parts.
        gpu_share: GPUs per trial.

    Raises:
        hw3.gpu_memory.GpuMemoryError: they do not fit.
    """
    parts = jobs[0].ingredients
    numerics = Numerics(**parts["numerics"])
    available = memory_share(gpu_share) if numerics.device == "cuda" else None
    if available is None or engine_of(parts["family"]) is not ENGINE:
        return
    needed = training_bytes(
        make_architecture(parts["family"], parts["config"], data.shape),
        Recipe(**parts["recipe"]),
        numerics,
        len(data.train) + 2 * len(data.val),  # which is scored once more at the end
        len(jobs),
    )
    what = jobs[0].candidate if len(jobs) == 1 else f"{jobs[0].candidate}, {_as_one(jobs)},"
    check_fits(needed, available, what, describe_share(gpu_share))


def _as_one(jobs: Sequence[Job]) -> str:
    return f"{count_of(len(jobs), 'training')} as one"


@contextmanager
def clear_memory_errors(gpu_share: float) -> Iterator[None]:
    """Raise `hw3.gpu_memory.GpuMemoryError` in the place of CUDA's error."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise out_of_memory(gpu_share) from error
