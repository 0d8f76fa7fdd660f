"""How many confirmations a study trains as one, as --fuse has it."""

from hw3.numerics import Device
from study.cli.executors import Executor
from study.cli.memory import images_on_device
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


def fused_at_most(options: Options, device: Device) -> int:
    """The largest number of trainings as one; 1 where each is trained alone."""
    if options.fuse != "auto":
        return options.fuse
    return MOST if device == "cuda" and not options.reproducible else 1


def fusing_of(plan: Plan, options: Options, executor: Executor) -> Fusing:
    """What says how many confirmations of the plan are trained as one.

    A number that was asked for is kept to, if it fits in memory; by itself no worker is left
    without work that others have.
    """
    most = fused_at_most(options, plan.setting.numerics.device)
    if most == 1:
        return no_fusing
    workers = executor.resources.concurrent if options.fuse == "auto" else None
    return FusedSeeds(most, workers, executor.gpu_memory, plan.shape, images_on_device(plan))
