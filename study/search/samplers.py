"""The samplers that a search may use. SAMPLERS is the only list; a new sampler is a line in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from optuna import samplers
from optuna.samplers import BaseSampler

from study.spec.study import Search


@dataclass(frozen=True)
class Sampler:
    """How one kind of sampler is made.

    Attributes:
        make: (seed, search, maximum number of trials) -> Optuna sampler.
        renewed: whether it is made anew, with a seed of its own, for each proposal. Then a
            proposal depends on the finished trials and its own number alone, and a search that
            resumes after a crash proposes what it would have proposed. Not for samplers that walk
            along a sequence or carry a state.
    """

    make: Callable[[int, Search, int], BaseSampler]
    renewed: bool = True


SAMPLERS = {
    "tpe": Sampler(
        lambda seed, search, trials: samplers.TPESampler(
            seed=seed, n_startup_trials=_startup(trials)
        )
    ),
    "random": Sampler(lambda seed, search, trials: samplers.RandomSampler(seed=seed)),
    "qmc": Sampler(
        lambda seed, search, trials: samplers.QMCSampler(seed=seed, scramble=True), renewed=False
    ),
    "gp": Sampler(
        lambda seed, search, trials: samplers.GPSampler(
            seed=seed, n_startup_trials=_startup(trials)
        )
    ),
    "cmaes": Sampler(
        lambda seed, search, trials: samplers.CmaEsSampler(
            seed=seed, warn_independent_sampling=False
        ),
        renewed=False,
    ),
    "grid": Sampler(
        lambda seed, search, trials: samplers.GridSampler(
            {name: dim.grid(_points(search, trials)) for name, dim in search.space.items()},
            seed=seed,
        ),
        renewed=False,
    ),
}


def _startup(trials: int) -> int:
    """Random trials at first: a third, for with Optuna's ten a small budget would be all random."""
    return min(10, math.ceil(trials / 3))


def _points(search: Search, trials: int) -> int:
    """Values per dimension so that the grid holds at least `trials` configurations."""
    return max(2, math.ceil(trials ** (1 / len(search.space))))
