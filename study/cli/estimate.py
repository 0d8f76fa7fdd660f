"""How long a run will take, before it does anything."""

import time
from collections.abc import Mapping
from typing import Any

from hw3.engines import engine_of
from hw3.numerics import Precision
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


def training_seconds(plan: Plan, concurrent: int) -> float | None:
    """Estimated seconds of the whole run on CPU cores, if nothing is stopped early or recorded and
    no claim needs more seeds than the first look has; None where a model's costs are not known.

    From the models' multiply-adds and matrix products timed now, a tenth of a second.

    Args:
        concurrent: number of trials at a time, on a core each; the timing has one at a time.
    """
    seconds, rounds = epoch_seconds(plan), plan_rounds(plan)
    if seconds is None:
        return None
    trials = {search.name: plan.budget.trials for search in plan.study.searches}
    trainings = {name: plan.first_seeds(name) + trials.get(name, 0) for name in seconds}
    timed = min(TIMED_EPOCHS, plan.budget.epochs) if any(rounds.values()) else 0
    return sum(
        one * (trainings[name] * plan.budget.epochs / concurrent + rounds.get(name, 0) * timed)
        for name, one in seconds.items()
    )


def epoch_seconds(plan: Plan) -> dict[str, float] | None:
    """Estimated seconds of an epoch of each candidate on one core; of what a search will choose, of
    the middle of its space. None where a model's costs are not known."""
    members = [*plan.study.baselines, *plan.study.searches]
    if any(engine_of(member.family).cost is None for member in members):
        return None
    images = {name: sum(counts.values()) for name, counts in plan.data.counts.items()}
    setting = plan.setting
    scored = images["val"] + images["train"] / setting.recipe.train_eval_every
    passes = TRAINING_PASSES * images["train"] + scored
    rate = ENGINE_SHARE * _matrix_product_rate(setting.numerics.precision)

    def seconds(family: str, config: Mapping[str, Any]) -> float:
        cost_of = engine_of(family).cost
        assert cost_of is not None
        cost = cost_of(architecture_of(family, config, plan.shape))
        batch_size = recipe_of(family, config, setting.recipe).batch_size
        overhead = STEP_SECONDS * images["train"] / batch_size
        return passes * cost.multiply_adds / rate + overhead

    baselines = {
        candidate.name: seconds(candidate.family, candidate.config)
        for candidate in baseline_candidates(plan.study, plan.shape)
    }
    middles = {
        name: seconds(search.family, search.config(search.middle()))
        for search in plan.study.searches
        for name in search.choices
    }
    return baselines | middles


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
