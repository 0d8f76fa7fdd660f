"""Test of a mean of values whose splits overlap: every seed splits the same images anew.

Such values are not independent, and their spread says too little about that of their mean: what
this data set has of its own is in all of them. Nadeau and Bengio (2003, "Inference for the
generalization error", Machine Learning 52) take any two as correlated as their validation parts
overlap, by n_val / (n_train + n_val). The variance of a mean over n seeds is then that of the
values times (1 / n + n_val / n_train), and does not vanish with more seeds.

The sign test with this correlation is in `study.stats.replication`.

What is tested is the procedures over draws of data sets of this size, not these images.
`benchmarks/README.md`, "Resampled splits", has the rates of wrong verdicts.
"""

import math

import numpy as np
from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to import

from study.stats.rule import ALPHA


def resampled_t_p(values: np.ndarray, bound: float, ratio: float) -> float:
    """One-sided p of "the mean is at most the bound": the corrected resampled t test.

    Args:
        values: finite, (n,), one per seed and split; with fewer than two, p is 1.
        bound: in the unit of the values.
        ratio: number of validation images over that of training images; 0 for Student's t test.
    """
    if values.size < 2:
        return 1.0
    distance, error = float(values.mean()) - bound, _standard_error(values, ratio)
    if error == 0:
        return (
            float(stdtr(values.size - 1, -math.copysign(math.inf, distance))) if distance else 0.5
        )
    return float(stdtr(values.size - 1, -distance / error))


def resampled_interval(
    values: np.ndarray, ratio: float, alpha: float = ALPHA
) -> tuple[float, float]:
    """Interval of the mean over data sets, splits and seeds that `resampled_t_p` does not reject.

    Args:
        values: finite, (n,), n at least 2.
        ratio: number of validation images over that of training images.
        alpha: share of intervals that may miss.
    """
    half = float(stdtrit(values.size - 1, 1 - alpha / 2)) * _standard_error(values, ratio)
    return float(values.mean()) - half, float(values.mean()) + half


def _standard_error(values: np.ndarray, ratio: float) -> float:
    return float(values.std(ddof=1)) * math.sqrt(1 / values.size + ratio)
