"""What a worker does so that its trials take no more than their share of a GPU's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from hw3.engine import Recipe
from hw3.engines import ENGINE, engine_of
from hw3.gpu_memory import (
    check_fits,
    describe_share,
    images_on_device,
    memory_share,
    out_of_memory,
    training_bytes,
)
from hw3.models import make_architecture
from hw3.numerics import Numerics
from hw3.shape import Shape
from hw3.splits import Splits
from study.search.trial import RESAMPLING, Job


def check_memory(job: Job, together: int, data: Splits, gpu_share: float) -> None:
    """Compare what a job's training needs with the share of this host's GPU; nothing where there is
    none, nor for families with an engine of their own.

    Args:
        together: number of trainings as one, this one among them.
        data: training and validation parts.
        gpu_share: GPUs per trial.

    Raises:
        hw3.gpu_memory.GpuMemoryError: they do not fit.
    """
    parts = job.ingredients
    on_gpu = parts["numerics"].get("device") == "cuda"
    available = memory_share(gpu_share) if on_gpu else None
    if available is None or engine_of(parts["family"]) is not ENGINE:
        return
    images = images_on_device(len(data.train), len(data.val))
    needed = training_bytes(**needs_of(job, data.shape, images), together=together)
    check_fits(needed, available, job.candidate, describe_share(gpu_share))


def needs_of(job: Job, shape: Shape, images: int) -> dict[str, Any]:
    """What `hw3.gpu_memory` takes of a job's training."""
    parts = job.ingredients
    return {
        "architecture": make_architecture(parts["family"], parts["config"], shape),
        "recipe": Recipe(**parts["recipe"]),
        "numerics": Numerics(**parts["numerics"]),
        "images": images,
        "own_images": RESAMPLING in parts,
    }


@contextmanager
def clear_memory_errors(gpu_share: float) -> Iterator[None]:
    """Raise `hw3.gpu_memory.GpuMemoryError` in the place of CUDA's error."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise out_of_memory(gpu_share) from error
