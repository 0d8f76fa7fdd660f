"""Simulation of the interval over seeds, where the truth is known.

    python -m benchmarks.intervals [--samples 2000] [--compared 200]

"coverage" is the share of 95 % intervals of `study.stats.signflip.seed_interval` that hold the
mean, zero. Shapes of the values:

    normal  standard normal
    tied    differences of two binomial accuracies on 400 images at 97 %, many of them equal
    skewed  exponential minus its mean

"deviation" is what a group of flips in the place of all flips does beyond 20 seeds: by how much the
ends of 95 % intervals differ from the exact ones, in standard errors of the mean (root mean square,
and the greatest), and p at three standard errors from the mean, as a share of the exact p.
"""

import argparse

import numpy as np
import pandas as pd

from study.stats.rule import ALPHA
from study.stats.signflip import TOLERANCE, seed_interval, sign_flip_p

SEEDS = (6, 10, 20, 30, 100)
MANY_SEEDS = (21, 24, 30)  # more than can all be flipped at each point of a curve
IMAGES, ACCURACY = 400, 0.97


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def tied(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    one, other = rng.binomial(IMAGES, ACCURACY, (2, *shape))
    return (one - other) / IMAGES


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_exponential(shape) - 1


SHAPES = {"normal": normal, "tied": tied, "skewed": skewed}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--compared", type=int, default=200, help="with all flips")
    options = parser.parse_args()
    covered = [
        {"seeds": seeds, "shape": shape, "coverage": coverage(seeds, shape, options.samples)}
        for seeds in SEEDS
        for shape in SHAPES
    ]
    print(pd.DataFrame(covered).to_string(index=False, float_format="{:.4f}".format))
    deviations = [
        {"seeds": seeds, "shape": shape} | deviation(seeds, shape, options.compared)
        for seeds in MANY_SEEDS
        for shape in SHAPES
    ]
    print(pd.DataFrame(deviations).to_string(index=False, float_format="{:.4f}".format))


def coverage(seeds: int, shape: str, samples: int) -> float:
    """Share of 95 % intervals that hold the mean, zero."""
    rng = np.random.default_rng([seeds, 0])
    values = SHAPES[shape](rng, (samples, seeds))
    low, high = np.array([seed_interval(each) for each in values]).T
    tiny = 1e-12  # of accuracies, which have no exact sums
    return float(np.mean((low <= tiny) & (high >= -tiny)))


def deviation(seeds: int, shape: str, samples: int) -> dict[str, float]:
    """How far intervals and p lie from those of all flips: root mean square, and the greatest."""
    rng = np.random.default_rng([seeds, 2])
    ends, shares = [], []
    for values in SHAPES[shape](rng, (samples, seeds)):
        error = values.std(ddof=1) / seeds**0.5
        ends += list(np.subtract(seed_interval(values), exact_interval(values)) / error)
        bound = values.mean() - 3 * error
        shares.append(sign_flip_p(values, bound) / exact_p(values, bound) - 1)
    return {
        "end, RMS": float(np.sqrt(np.mean(np.square(ends)))),
        "greatest": float(np.abs(ends).max()),
        "p, median": float(np.median(np.abs(shares))),
    }


def exact_interval(values: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """What `seed_interval` would give if it looked at all flips, to 1e-9 of the values' range."""
    low, high = (sign * _last_rejected(sign * values, alpha / 2) for sign in (1, -1))
    return low, high


def _last_rejected(values: np.ndarray, tail: float) -> float:
    """The greatest bound below the mean with an exact p of at most `tail`, by bisection."""
    low, high = float(values.min()) - 1e-9, float(values.mean())
    while high - low > 1e-9 * np.ptp(values):
        middle = (low + high) / 2
        low, high = (middle, high) if exact_p(values, middle) <= tail else (low, middle)
    return low


def exact_p(values: np.ndarray, bound: float) -> float:
    """What `sign_flip_p` would give if it looked at all 2^n flips: in seconds for n = 40."""
    tolerance = TOLERANCE * np.abs(values).max(initial=abs(bound))
    first, second = (_subset_sums(half) for half in np.array_split(values - bound, 2))
    counts = np.searchsorted(np.sort(second), np.sort(tolerance - first), side="right")
    return float(counts.sum() / (first.size * second.size))


def _subset_sums(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums, sums + value))
    return sums


if __name__ == "__main__":
    main()
