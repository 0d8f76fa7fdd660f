"""Samplers by name: how Optuna proposes the next configuration of a search."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study.spec.search import Search
from study.spec.space import If

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler  # takes a second to import, and plans do not need it

STARTUP_TRIALS = 4  # drawn at random at first; with Optuna's ten a small budget would be all random
GP_TRIALS = 50  # a Gaussian process's proposal takes the longer the more trials it is told


@dataclass(frozen=True)
class Sampler:
    """How one kind of sampler is made.

    Attributes:
        description: what it is, in a few words.
        make: (seed, search, maximum number of trials, number of trials that it will be told of) ->
            Optuna sampler.
        budgeted: whether its proposals depend on the number of trials, which then is part of a
            search's identity: a search of another number is another search. With all others, a
            search that is given more trials goes on as if it had had them from the start.
        renewed: whether it is made anew, with a seed of its own, for each proposal. Then a
            proposal depends on the finished trials and its own number alone, and a search that
            resumes after a crash proposes what it would have proposed. Not for samplers that walk
            along a sequence or carry a state; these cannot be reproducible.
        informed: whether its proposals depend on finished trials at all.
        conditional: whether it takes spaces with conditions (`study.spec.space.If`). The others
            need a space whose points all have the same dimensions.
        fronts: whether it takes searches with a front (`study.spec.front.Front`).
    """

    description: str
    make: "Callable[[int, Search, int, int], BaseSampler]"
    renewed: bool = True
    budgeted: bool = False
    conditional: bool = False
    informed: bool = True
    fronts: bool = True


def _make_auto(seed: int, search: Search, trials: int, told: int) -> "BaseSampler":
    """What `benchmarks.search` found best, at a bounded cost per proposal."""
    conditional = any(isinstance(dimension, If) for dimension in search.space.values())
    return (_make_tpe if conditional or told > GP_TRIALS else _make_gp)(seed)


def _make_tpe(seed: int, *_given: Any) -> "BaseSampler":
    return _optuna().TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)


def _make_gp(seed: int, *_given: Any) -> "BaseSampler":
    return _optuna().GPSampler(seed=seed, n_startup_trials=STARTUP_TRIALS)


def _make_random(seed: int, *_given: Any) -> "BaseSampler":
    return _optuna().RandomSampler(seed=seed)


def _make_qmc(seed: int, *_given: Any) -> "BaseSampler":
    return _optuna().QMCSampler(seed=seed, scramble=True)


def _make_cmaes(seed: int, *_given: Any) -> "BaseSampler":
    return _optuna().CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _make_grid(seed: int, search: Search, trials: int, *_given: Any) -> "BaseSampler":
    """A grid of at least `trials` configurations, in random order."""

    class Grid(_optuna().GridSampler):
        """Optuna's, which after its last point stops a loop that ask and tell do not have."""

        def after_trial(self, *_given: Any) -> None:
            pass

    space = {
        name: dimension.grid(_points(search, trials)) for name, dimension in search.space.items()
    }
    return Grid(space, seed=seed)


SAMPLERS = {
    "auto": Sampler(
        f"Gaussian process for the first {GP_TRIALS} trials, then tree-structured Parzen "
        "estimator; that from the start where the space has conditions",
        _make_auto,
        conditional=True,
    ),
    "tpe": Sampler("tree-structured Parzen estimator", _make_tpe, conditional=True),
    "gp": Sampler("Gaussian process", _make_gp),
    "random": Sampler("uniformly at random", _make_random, conditional=True, informed=False),
    "qmc": Sampler("Sobol sequence", _make_qmc, renewed=False),
    "cmaes": Sampler("CMA-ES", _make_cmaes, renewed=False, fronts=False),
    "grid": Sampler("grid in random order", _make_grid, renewed=False, budgeted=True),
}


def _optuna() -> Any:
    import optuna.samplers

    return optuna.samplers


def _points(search: Search, trials: int) -> int:
    """Values per dimension so that the grid holds at least `trials` configurations."""
    return max(2, math.ceil(trials ** (1 / len(search.space))))
