"""How many confirmations of a candidate are trained as one model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from hw3.engines import ENGINE, engine_of
from hw3.gpu_memory import fitting_together
from hw3.shape import Shape
from study.pool.gpu_memory import needs_of
from study.search.trial import Job

MOST = 16  # trainings as one that are chosen by themselves

# (job, number of confirmations that wait, this one among them) -> as one with it at most, from 1
Fusing = Callable[[Job, int], int]


def no_fusing(job: Job, waiting: int) -> int:
    """Each training alone."""
    return 1


@dataclass(frozen=True)
class FusedSeeds:
    """Confirmations that differ by seed alone are trained as one: no more than leave every worker
    some, and no more than fit into a GPU's memory.

    Attributes:
        most: number of trainings as one, at most.
        workers: number of trials at a time, among which those that wait are shared out.
        memory: bytes of GPU memory that a trial may take; None where that is not known, or on CPU
            cores.
        shape: of the examples.
        images: on the device, see `hw3.gpu_memory.training_bytes`.
    """

    most: int
    workers: int
    memory: int | None
    shape: Shape
    images: int

    def __call__(self, job: Job, waiting: int) -> int:
        engine = engine_of(job.ingredients["family"])
        most = min(self.most, math.ceil(waiting / self.workers))
        if most == 1 or engine.train_together is None:
            return 1
        if self.memory is None or engine is not ENGINE:  # whose memory is known
            return most
        needs = needs_of(job, self.shape, self.images)
        return max(1, fitting_together(**needs, available=self.memory, most=most))


def is_alike(one: Job, other: Job) -> bool:
    """Whether both are confirmations of one candidate that differ by seed alone."""
    if (one.stage, one.candidate) != (other.stage, other.candidate):
        return False
    return {**one.ingredients, "seed": None} == {**other.ingredients, "seed": None}
