"""Whether a study's trainings fit on their share of a GPU, before anything is spent."""

from collections.abc import Iterator, Mapping
from typing import Any

from hw3.engines import ENGINE, engine_of
from hw3.gpu_memory import (
    GpuMemoryError,
    check_fits,
    describe_share,
    images_on_device,
    memory_share,
    training_bytes,
)
from study.cli.executors import gpus_here, gpus_of_trial
from study.cli.options import Options
from study.search.choose import baseline_candidates
from study.search.hyperparameters import architecture_of, recipe_of
from study.search.plan import Plan
from study.spec.errors import StudyError


def check_gpu_memory(plan: Plan, options: Options) -> None:
    """Compare what the largest training of a study needs with what a trial may take of this
    machine's GPUs, the smallest of them where they differ.

    Does nothing where trials are not trained on GPUs of this machine, nor for families with an
    engine of their own.

    Raises:
        StudyError: it does not fit.
    """
    share = gpus_of_trial(options)
    available = {device: memory_share(share, device) or 0 for device in gpus_here(options)}
    needed = dict(_needed_bytes(plan)) if available else {}
    if not needed:
        return
    device = min(available, key=available.__getitem__)
    largest = max(needed, key=needed.__getitem__)
    try:
        check_fits(needed[largest], available[device], largest, describe_share(share, device))
    except GpuMemoryError as error:
        raise StudyError(str(error)) from error


def _needed_bytes(plan: Plan) -> Iterator[tuple[str, int]]:
    """Of each baseline, and of each search at the corners of its space: what it is, and how much
    GPU memory it needs."""
    for candidate in baseline_candidates(plan.study, plan.shape):
        if engine_of(candidate.family) is ENGINE:
            needed = _config_bytes(plan, candidate.family, candidate.config)
            yield f"baseline {candidate.name}", needed
    for search in plan.study.searches:
        if engine_of(search.family) is ENGINE:
            for params in (*search.corners(), *search.hand_picked):
                where = ", ".join(f"{name} = {value}" for name, value in params.items())
                needed = _config_bytes(plan, search.family, search.config(params))
                yield f"search {search.name} at {where}", needed


def _config_bytes(plan: Plan, family: str, config: Mapping[str, Any]) -> int:
    return training_bytes(
        architecture_of(family, config, plan.shape),
        recipe_of(family, config, plan.setting.recipe),
        plan.setting.numerics,
        planned_images(plan),
    )


def planned_images(plan: Plan) -> int:
    """`hw3.gpu_memory.images_on_device` of the plan's data."""
    return images_on_device(
        **{part: sum(counts.values()) for part, counts in plan.data.counts.items()}
    )
