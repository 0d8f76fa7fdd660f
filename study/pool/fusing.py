"""How many confirmations of a candidate are trained as one model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from hw3.engine import Recipe
from hw3.engines import engine_of
from hw3.gpu_memory import fitting_together
from hw3.models import make_architecture
from hw3.numerics import Numerics
from hw3.shape import Shape
from study.search.trial import Job

MOST = 16  # trainings as one that are chosen by themselves

# (job, number of confirmations that wait, this one among them) -> as one with it at most, from 1
Fusing = Callable[[Job, int], int]


def no_fusing(job: Job, waiting: int) -> int:
    """Each training alone."""
    return 1


@dataclass(frozen=True)
class FusedSeeds:
    """Confirmations that differ by seed alone are trained as one, so many that all workers have
    some, and no more than fit into a GPU's memory.

    Attributes:
        most: number of trainings as one, at most.
        workers: number of trials at a time, among which those that wait are shared out; None where
            as many as possible are to be trained as one.
        memory: bytes of GPU memory that a trial may take; None where that is not known, or on CPU
            cores.
        shape: of the examples.
        images: on the device, see `hw3.gpu_memory.training_bytes`.
    """

    most: int
    workers: int | None
    memory: int | None
    shape: Shape
    images: int

    def __call__(self, job: Job, waiting: int) -> int:
        most = self.most if has_fused_training(job.ingredients["family"]) else 1
        if self.workers is not None:
            most = min(most, math.ceil(waiting / self.workers))
        if most > 1 and self.memory is not None:
            most = self._fitting(job, self.memory, most)
        return max(1, most)

    def _fitting(self, job: Job, memory: int, most: int) -> int:
        parts = job.ingredients
        return fitting_together(
            make_architecture(parts["family"], parts["config"], self.shape),
            Recipe(**parts["recipe"]),
            Numerics(**parts["numerics"]),
            self.images,
            memory,
            most,
        )


def has_fused_training(family: str) -> bool:
    """Whether the family's engine can train several of its models as one."""
    return engine_of(family).train_together is not None


def is_alike(one: Job, other: Job) -> bool:
    """Whether both are confirmations of one candidate that differ by seed alone."""
    if (one.stage, one.candidate) != (other.stage, other.candidate):
        return False
    return {**one.ingredients, "seed": None} == {**other.ingredients, "seed": None}
