"""How many confirmations a study trains as one, as --fuse has it."""

import math

from hw3.engines import engine_of
from hw3.numerics import Device
from study.cli.executors import Executor
from study.cli.memory import planned_images
from study.cli.options import Options
from study.pool.fusing import MOST, FusedSeeds, Fusing, no_fusing
from study.search.plan import Plan
from study.spec.errors import StudyError


def check_fuse(options: Options) -> None:
    """Raise StudyError where trainings are to be reproducible, and more than one trained as one:
    the last digits of a sum depend on how many are."""
    if options.reproducible and options.fuse not in ("auto", 1):
        raise StudyError(
            f"--fuse {options.fuse} and --reproducible do not go together: how a model's numbers "
            "are rounded depends on how many are trained as one. Leave out one of them."
        )


def planned_fused(plan: Plan, options: Options, concurrent: int) -> int:
    """How many confirmations are trained as one, at most, if none is recorded yet; 1 where each is
    trained alone.

    Args:
        concurrent: number of trials at a time.
    """
    families = {member.family for member in (*plan.study.baselines, *plan.study.searches)}
    if not any(engine_of(family).train_together for family in families):
        return 1
    confirmations = sum(plan.first_seeds(name) for name in plan.study.labels())
    most = _at_most(options, plan.setting.numerics.device)
    return min(most, plan.budget.seeds, math.ceil(confirmations / concurrent))


def _at_most(options: Options, device: Device) -> int:
    if options.fuse != "auto":
        return options.fuse
    return MOST if device == "cuda" and not options.reproducible else 1


def fusing_of(plan: Plan, options: Options, executor: Executor) -> Fusing:
    """What says how many confirmations of the plan are trained as one."""
    most = _at_most(options, plan.setting.numerics.device)
    if most == 1:
        return no_fusing
    workers, memory = executor.resources.concurrent, executor.gpu_memory
    return FusedSeeds(most, workers, memory, plan.shape, planned_images(plan))
