"""The samplers that a search may use. SAMPLERS is the only list; a new sampler is a line in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study.spec.study import Search

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler  # takes a second to import, and plans do not need it

STARTUP_TRIALS = 4  # drawn at random at first; with Optuna's ten a small budget would be all random


@dataclass(frozen=True)
class Sampler:
    """How one kind of sampler is made.

    Attributes:
        make: (seed, search, maximum number of trials) -> Optuna sampler.
        budgeted: whether its proposals depend on the number of trials, which then is part of a
            search's identity: a search of another number is another search. With all others, a
            search that is given more trials goes on as if it had had them from the start.
        renewed: whether it is made anew, with a seed of its own, for each proposal. Then a
            proposal depends on the finished trials and its own number alone, and a search that
            resumes after a crash proposes what it would have proposed. Not for samplers that walk
            along a sequence or carry a state.
        conditional: whether it takes spaces with conditions (`study.spec.space.If`). The others
            need a space whose points all have the same dimensions.
    """

    make: "Callable[[int, Search, int], BaseSampler]"
    renewed: bool = True
    budgeted: bool = False
    conditional: bool = False


SAMPLERS = {
    "tpe": Sampler(
        lambda seed, search, trials: _optuna().TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS
        ),
        conditional=True,
    ),
    "random": Sampler(
        lambda seed, search, trials: _optuna().RandomSampler(seed=seed), conditional=True
    ),
    "qmc": Sampler(
        lambda seed, search, trials: _optuna().QMCSampler(seed=seed, scramble=True), renewed=False
    ),
    "gp": Sampler(
        lambda seed, search, trials: _optuna().GPSampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    ),
    "cmaes": Sampler(
        lambda seed, search, trials: _optuna().CmaEsSampler(
            seed=seed, warn_independent_sampling=False
        ),
        renewed=False,
    ),
    "grid": Sampler(lambda *given: _make_grid(*given), renewed=False, budgeted=True),
}


def _make_grid(seed: int, search: Search, trials: int) -> "BaseSampler":
    """A grid of at least `trials` configurations, in random order."""

    class Grid(_optuna().GridSampler):
        """Optuna's, which after its last point stops a loop that ask and tell do not have."""

        def after_trial(self, *_given: Any) -> None:
            pass

    space = {
        name: dimension.grid(_points(search, trials)) for name, dimension in search.space.items()
    }
    return Grid(space, seed=seed)


def _optuna() -> Any:
    import optuna.samplers

    return optuna.samplers


def _points(search: Search, trials: int) -> int:
    """Values per dimension so that the grid holds at least `trials` configurations."""
    return max(2, math.ceil(trials ** (1 / len(search.space))))
