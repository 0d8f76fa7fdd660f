"""Exact sign-flip statistics of a few values, one per seed.

Flipping the signs of values about a bound, in all 2^n ways, is the same as looking where the bound
lies among the means of all subsets of the values (Hartigan 1969, "Using subsample values as
typical values", JASA 64). The interval holds the bounds that this test does not reject.

The test is exact where seeds are independent and values are symmetric about their mean. The
difference of two configurations that do not differ is symmetric by itself; a level, or a difference
of configurations of unequal spread, need not be. Simulated with 8 seeds, 95 % intervals cover the
mean of normal samples 95 times in 100, of exponential ones 91, of log-normal ones 85. A verdict
therefore needs a second test as well, see `study.stats.region_test`.
"""

import math

import numpy as np

from study.stats.rule import ALPHA

MAX_EXACT = 20  # values whose subsets are all enumerated; beyond, 2^20 of them are sampled, seeded
TOLERANCE = 1e-9  # of the greatest value: sums that differ by less are equal


def sign_flip_p(values: np.ndarray, bound: float) -> float:
    """One-sided p of "the mean is at most the bound"; small where the mean is greater.

    The share of the 2^n ways to flip signs about the bound whose mean is at least the observed
    one; equally, the share of the subsets, the empty one included, whose mean is at most the bound.
    With more than 20 values, the share of a seeded random sample of 2^20 subsets, the empty one
    included.

    Args:
        values: finite, (n,).
        bound: in the unit of the values.

    Raises:
        ValueError: a value is not finite.
    """
    distances = values - bound
    tolerance = TOLERANCE * np.abs(values).max(initial=abs(bound))
    if values.size > MAX_EXACT:
        return float(np.mean(_subset_sums(distances)[0] <= tolerance))
    # each subset is one of the first half's and one of the second half's: counted, not listed
    first, second = (_subset_sums(half)[0] for half in np.array_split(distances, 2))
    counts = np.searchsorted(np.sort(second), tolerance - first, side="right")
    return float(counts.sum() / (first.size * second.size))


def seed_interval(values: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of the mean over seeds at level 1 - alpha: what `sign_flip_p` does not reject.

    Its ends are order statistics of the subset means. (NaN, NaN) with too few values for the level,
    5 or less at 95 %.

    Args:
        values: finite, (n,).
        alpha: share of intervals that may miss the mean.

    Raises:
        ValueError: a value is not finite.
    """
    sums, sizes = _subset_sums(values)
    left_out = int(alpha / 2 * sums.size)
    if left_out == 0:
        return math.nan, math.nan
    means = sums / np.maximum(sizes, 1)
    lows, highs = np.where(sizes, means, -np.inf), np.where(sizes, means, np.inf)
    high = sums.size - 1 - left_out
    return float(np.partition(lows, left_out)[left_out]), float(np.partition(highs, high)[high])


def least_p(n_seeds: int, sides: int = 2) -> float:
    """The smallest p that a test of one or two sides can give with so many seeds."""
    return min(1.0, sides / 2**n_seeds)


def _subset_sums(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and size of each subset, the empty one first, (2^n,) each; of a sample if n > 20."""
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite; got {values}")
    sums, sizes = np.zeros(1), np.zeros(1, dtype=int)
    if values.size <= MAX_EXACT:
        for value in values:
            sums = np.concatenate((sums, sums + value))
            sizes = np.concatenate((sizes, sizes + 1))
        return sums, sizes
    rng = np.random.default_rng(values.size)
    sums, sizes = np.zeros(2**MAX_EXACT), np.zeros(2**MAX_EXACT, dtype=int)
    for value in values:
        chosen = rng.integers(0, 2, sums.size - 1)
        sums[1:] += chosen * value
        sizes[1:] += chosen
    return sums, sizes
