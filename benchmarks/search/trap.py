"""A metric that grows with epochs, so that a trial that was stopped early looks best.

    python -m benchmarks.search.trap [--repeats 100] [--trials 24] [--noise 0.02]

A made generalisation gap, to be minimised, grows evenly over 16 epochs at a rate that is the only
hyper-parameter. Counted is in how many searches the choice is the configuration, of those that the
search tried, with the least gap at full length:

    Ray, last     the least last report, as `ResultGrid.get_best_result()` chooses
    Ray, all      the least report of any epoch, as `get_best_result(scope="all")` does
    Optuna        `study.best_trial` of the same search, `OptunaSearch` with ASHA
    ours          `FinishedTrials.chosen`
"""

import argparse
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna

from benchmarks.search.families import NAME, register
from benchmarks.search.ours import whole_search
from benchmarks.search.peers import RayTune, train
from study.spec.search import Search
from study.spec.space import Float

RATE = "net_max_dropout"  # a hyper-parameter of the family that is looked up
LEAST = 0.05  # growth over a training where the rate is 0


class Growing:
    """A table of curves that grow.

    Args:
        noise: standard deviation of each epoch's; a configuration always has the same.
    """

    name, epochs = "growing", 16
    target = LEAST
    search = Search("growing", "growing", NAME, {RATE: Float(0.0, 1.0)})

    def __init__(self, noise: float):
        register()
        self._noise = noise

    def losses(self, point: Mapping[str, Any]) -> np.ndarray:
        rng = np.random.default_rng(int(point[RATE] * 2**52))
        growth = (LEAST + point[RATE]) * np.arange(1, self.epochs + 1) / self.epochs
        return growth + self._noise * rng.standard_normal(self.epochs)

    def best(self, points: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The one with the least loss at full length."""
        return min(points, key=lambda point: self.losses(point)[-1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--noise", type=float, default=0.02)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    table = Growing(options.noise)
    right = [
        peers_right(table, seed, options.trials) | {"ours": ours_right(table, seed, options.trials)}
        for seed in range(options.repeats)
    ]
    for name in right[0]:
        print(f"{name:10} {sum(one[name] for one in right):4} of {len(right)}")


def peers_right(table: Growing, seed: int, trials: int) -> dict[str, bool]:
    """Whether Ray's and Optuna's choices after one search are right."""
    peer = RayTune(table, seed)
    ends = [train(peer, table) for _ in range(trials)]
    points = [trial.params for trial in peer.study.trials]
    reports = [table.losses(point)[:epoch] for point, (epoch, _) in zip(points, ends, strict=True)]
    chosen = {
        "Ray, last": points[int(np.argmin([loss for _, loss in ends]))],
        "Ray, all": points[int(np.argmin([losses.min() for losses in reports]))],
        "Optuna": peer.study.best_trial.params,
    }
    best = table.best(points)
    return {name: point == best for name, point in chosen.items()}


def ours_right(table: Growing, seed: int, trials: int) -> bool:
    """Whether the framework's own choice is right."""
    finished, _ = whole_search(table, trials, seed=seed)
    points = [record.params for record in finished.explored(table.search)]
    chosen = finished.chosen(table.search)
    return chosen is not None and chosen.config[RATE] == table.best(points)[RATE]


if __name__ == "__main__":
    main()
