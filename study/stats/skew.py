"""A test of the mean for skewed values, one per seed.

Where values are skewed, Student's t and sign flips find the mean on the side of the short tail too
often: a few values that miss the long tail lie close together, all on one side of their true mean.
No test is exact for every skew (Bahadur and Savage 1956, "The nonexistence of certain statistical
procedures in nonparametric problems", Annals of Mathematical Statistics 27). This one is for values
as skewed as exponential ones, in either direction: its p is how often exponential samples have a t
statistic as great, simulated, seeded.
"""

import math
from functools import lru_cache

import numpy as np

DRAWS = 2**18  # of t statistics, where seeds are few
MAX_VALUES = 2**24  # of all draws together, where seeds are many
CHUNK = 2**20  # values drawn at once


def skew_p(values: np.ndarray, bound: float, sides: int = 2) -> float:
    """One-sided p of "the mean is at most the bound" for values as skewed as exponential ones.

    Args:
        values: finite, (n,); with fewer than two, p is 1.
        bound: in the unit of the values.
        sides: of the whole test, 1 or 2. With two, half the share of samples that go as far to
            either side; with one, the share that go as far to the side of the short tail.
    """
    if values.size < 2:
        return 1.0
    statistic = _t_statistic(values - bound)
    if statistic < 0 and sides == 2:
        return 1 - skew_p(-values, -bound)
    null = _null_statistics(values.size, sides)
    beyond = null.size - np.searchsorted(null, statistic, side="left")
    return float((beyond + 1) / (null.size + 1)) / sides


def _t_statistic(distances: np.ndarray) -> float:
    """Infinite where values are all equal and not zero."""
    mean, spread = float(distances.mean()), float(distances.std(ddof=1))
    if mean == 0:
        return 0.0
    return mean * math.sqrt(distances.size) / spread if spread else math.copysign(math.inf, mean)


@lru_cache(maxsize=64)
def _null_statistics(n_seeds: int, sides: int) -> np.ndarray:
    """Ascending t statistics of exponential samples about their mean, the short tail upwards;
    for two sides their absolute values. float32 (draws,)."""
    draws = min(DRAWS, MAX_VALUES // n_seeds)
    rng = np.random.default_rng(n_seeds)
    statistics = np.empty(draws, dtype=np.float32)
    step = max(1, CHUNK // n_seeds)
    for start in range(0, draws, step):
        size = (min(step, draws - start), n_seeds)
        sample = 1 - rng.standard_exponential(size, dtype=np.float32)
        scale = math.sqrt(n_seeds) / sample.std(axis=1, ddof=1)
        statistics[start : start + step] = sample.mean(axis=1) * scale
    return np.sort(np.abs(statistics) if sides == 2 else statistics)
