"""The samplers that may propose. SAMPLERS is the only list of them; a new sampler is a line."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from optuna import samplers
from optuna.samplers import BaseSampler

from study.spec.study import Arm


@dataclass(frozen=True)
class Sampler:
    """How one kind of sampler is made.

    Attributes:
        make: (seed, arm, trials of the arm) -> Optuna sampler.
        renewed: whether it is made anew, with a seed of its own, for each proposal. Then a
            proposal depends on the finished trials and its own number alone, and a study that
            goes on after a crash proposes what it would have. Not for samplers that walk along
            a sequence or carry a state.
    """

    make: Callable[[int, Arm, int], BaseSampler]
    renewed: bool = True


SAMPLERS = {
    "tpe": Sampler(
        lambda seed, arm, trials: samplers.TPESampler(seed=seed, n_startup_trials=_startup(trials))
    ),
    "random": Sampler(lambda seed, arm, trials: samplers.RandomSampler(seed=seed)),
    "qmc": Sampler(
        lambda seed, arm, trials: samplers.QMCSampler(seed=seed, scramble=True), renewed=False
    ),
    "gp": Sampler(
        lambda seed, arm, trials: samplers.GPSampler(seed=seed, n_startup_trials=_startup(trials))
    ),
    "cmaes": Sampler(
        lambda seed, arm, trials: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        renewed=False,
    ),
    "grid": Sampler(
        lambda seed, arm, trials: samplers.GridSampler(
            {name: dim.grid(_points(arm, trials)) for name, dim in arm.space.items()}, seed=seed
        ),
        renewed=False,
    ),
}


def _startup(trials: int) -> int:
    """Random trials at first: a third, for with Optuna's ten a small budget would be all random."""
    return min(10, math.ceil(trials / 3))


def _points(arm: Arm, trials: int) -> int:
    """Points a dimension so that the grid holds at least `trials` configurations."""
    return max(2, math.ceil(trials ** (1 / len(arm.space))))
