"""How long a run will take, before it does anything."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hw3 import rates as gpu_rates
from hw3.cost import scoring_bytes, step_bytes
from hw3.engines import ENGINE, engine_of
from hw3.numerics import Numerics, Precision
from study.search.choose import baseline_candidates
from study.search.hyperparameters import architecture_of, recipe_of
from study.search.plan import Plan
from study.search.timing import plan_rounds
from study.search.trial import TIMED_EPOCHS

# Multiply-adds of a training epoch over those of a forward pass: forward, and backward with
# respect to inputs and weights.
TRAINING_PASSES = 3
# What the engine does on one core: it multiplies at this share of a matrix product's rate, and a
# step takes so long on top. In bfloat16, over the measured time: CNNs 0.88 to 1.01 at 32x32 and
# 1.09 to 1.30 at 64x64 and 256x256; ANNs 0.67 to 1.19.
ENGINE_SHARE = 0.5
STEP_SECONDS = 0.002
# A captured step on a GPU, however small it is: one launch, and some tens of kernels that take a
# few microseconds each. Not measured yet, nor is that a GPU multiplies at ENGINE_SHARE, too.
GPU_STEP_SECONDS = 0.0003
PATIENCE = 60  # seconds, for Python, PyTorch and CUDA to start and the GPU to be measured


@dataclass(frozen=True)
class Rates:
    """How fast a training is on a device.

    Attributes:
        multiply_adds: per second.
        bytes: of memory, per second, read and written; infinite where that is not what limits it.
        step: seconds that a step takes however small it is.
    """

    multiply_adds: float
    bytes: float
    step: float

    def of_share(self, share: float) -> "Rates":
        """Those of a trial that has this share of the device, 0 to 1, while others have the rest:
        steps are launched no slower."""
        return replace(self, multiply_adds=share * self.multiply_adds, bytes=share * self.bytes)


@dataclass(frozen=True)
class Work:
    """What a device does in an epoch: training and scoring.

    Attributes:
        multiply_adds: of convolutions and linear layers.
        bytes: of a GPU's memory that are read and written at least; 0 on the CPU.
        steps: number of training steps.
    """

    multiply_adds: float
    bytes: float
    steps: float

    def seconds(self, rates: Rates) -> float:
        """Multiplying or moving bytes, whichever takes longer, and the steps on top."""
        limits = self.multiply_adds / rates.multiply_adds, self.bytes / rates.bytes
        return max(limits) + self.steps * rates.step


def training_seconds(
    plan: Plan, concurrent: int, gpus_per_trial: float = 1.0, fused: int = 1
) -> float | None:
    """Estimated seconds of the whole run, if nothing is stopped early or recorded and no claim
    needs more seeds than the first look has; None where a model's costs are not known, or a GPU's
    rates.

    From the models' costs and the rates of the device, which are measured now: a tenth of a second
    on the CPU, some seconds on a GPU.

    Args:
        concurrent: number of trials at a time, on a core each; the timing has one at a time.
        gpus_per_trial: below 1 the share of a GPU that each trial has; on CPU cores of no effect.
        fused: number of confirmations that are trained as one, at most, whose steps are launched
            at once on a GPU.
    """
    works, numerics = epoch_works(plan), plan.setting.numerics
    rates = measure_rates(numerics) if works else None
    if works is None or rates is None:
        return None
    on_gpu = numerics.device == "cuda"
    beside = rates.of_share(min(1.0, gpus_per_trial)) if on_gpu else rates
    trials, rounds = (
        {one.name: plan.budget.trials for one in plan.study.searches},
        plan_rounds(plan),
    )
    timed = min(TIMED_EPOCHS, plan.budget.epochs) if any(rounds.values()) else 0

    def seconds(name: str, work: Work) -> float:
        seeds, explored = plan.first_seeds(name), trials.get(name, 0)
        as_one = replace(work, steps=work.steps / max(1, min(fused, seeds))) if on_gpu else work
        spread = seeds * as_one.seconds(beside) + explored * work.seconds(beside)
        alone = work.seconds(rates) * rounds.get(name, 0) * timed
        return spread * plan.budget.epochs / concurrent + alone

    return sum(seconds(name, work) for name, work in works.items())


def epoch_seconds(plan: Plan) -> dict[str, float] | None:
    """Estimated seconds of an epoch of each candidate on one core or one GPU, whose rates are
    measured now. None where a model's costs are not known, or a GPU's rates."""
    works = epoch_works(plan)
    rates = measure_rates(plan.setting.numerics) if works else None
    if works is None or rates is None:
        return None
    return {name: work.seconds(rates) for name, work in works.items()}


def epoch_works(plan: Plan) -> dict[str, Work] | None:
    """What an epoch of each candidate is; of what a search will choose, of the middle of its space.
    None where a model's costs are not known."""
    members = [*plan.study.baselines, *plan.study.searches]
    if any(engine_of(member.family).cost is None for member in members):
        return None
    configs = {
        candidate.name: (candidate.family, candidate.config)
        for candidate in baseline_candidates(plan.study, plan.shape)
    } | {
        name: (search.family, search.config(search.middle()))
        for search in plan.study.searches
        for name in search.choices
    }
    return {name: epoch_work(plan, *config) for name, config in configs.items()}


def epoch_work(plan: Plan, family: str, config: Mapping[str, Any]) -> Work:
    """What an epoch of a configuration is, of a family whose models' costs are known."""
    images = {name: sum(counts.values()) for name, counts in plan.data.counts.items()}
    setting, engine = plan.setting, engine_of(family)
    scored = images["val"] + images["train"] / setting.recipe.train_eval_every
    architecture = architecture_of(family, config, plan.shape)
    assert engine.cost is not None
    multiply_adds = engine.cost(architecture).multiply_adds
    batch_size = recipe_of(family, config, setting.recipe).batch_size
    steps = images["train"] / batch_size
    moved = 0.0
    # Memory limits GPUs alone; hw3's own engine trains modules, whose layers can be traced.
    if engine is ENGINE and setting.numerics.device != "cpu":
        moved = steps * step_bytes(architecture, batch_size, setting.numerics)
        moved += scored * scoring_bytes(architecture, setting.numerics)
    return Work((TRAINING_PASSES * images["train"] + scored) * multiply_adds, moved, steps)


def measure_rates(numerics: Numerics) -> Rates | None:
    """The rates of one core of this host, or of its GPU; None where there is no GPU that can be
    used."""
    if numerics.device == "cpu":
        rate = _matrix_product_rate(numerics.precision)
        return Rates(ENGINE_SHARE * rate, math.inf, STEP_SECONDS)
    measured = _measure_gpu(numerics.precision)
    if measured is None:
        return None
    return Rates(ENGINE_SHARE * measured["multiply_adds"], measured["bytes"], GPU_STEP_SECONDS)


def _measure_gpu(precision: Precision) -> dict[str, float] | None:
    """What `hw3.rates` says of the GPU, in a process of its own."""
    command = [sys.executable, "-m", gpu_rates.__name__, "cuda", precision]
    folder = Path(gpu_rates.__file__).parents[1]  # where Python finds the package
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, check=True, timeout=PATIENCE
        )
        return json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _matrix_product_rate(precision: Precision, size: int = 512, repeats: int = 10) -> float:
    """Multiply-adds per second of one core, the best of a few products."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    left, right = torch.rand(2, size, size).to(getattr(torch, precision))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return size**3 / min(times)
