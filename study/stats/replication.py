"""In what share of all trainings does a claim hold? Exact statistics of one answer per seed.

Each training either meets the claim or does not, and trainings with other seeds are independent, so
the number that meet it is binomial, whatever the law of the values. Nothing is assumed about their
shape: for a difference this is the sign test (Arbuthnott 1710; Conover 1999, "Practical
Nonparametric Statistics", 3.4).

Where every seed splits the same images anew, trainings are not independent: what this data set has
of its own is in all of them. Two of them are then taken to be as correlated as their validation
parts overlap (Nadeau and Bengio 2003, "Inference for the generalization error", Machine Learning
52), by r / (1 + r) where r is the number of validation images over that of training images. The
correlation is that of normal scores behind the answers: given what all seeds share, answers are
independent, so that the count is a mixture of binomials. With r = 0 it is the binomial itself.
What is tested is then the procedure over data sets of this size, not these images.
"""

import math
from functools import lru_cache

import numpy as np
from scipy.special import bdtrc, bdtri, ndtr, ndtri  # scipy.stats takes a second to import

from study.stats.rule import ALPHA

HALF = 0.5  # a claim is supported where it holds in more trainings than these, else refuted
NODES = 200  # of the quadrature over what all seeds share; 100 give the same 9 digits
STEPS = 60  # of a bisection


def replication_p(held: int, n: int, ratio: float = 0.0) -> tuple[float, float]:
    """One-sided p for support and for refutation of "it holds in more than half of all trainings".

    Without overlap what `scipy.stats.binomtest(held, n).pvalue` gives with the alternatives
    "greater" and "less".

    Args:
        held: trainings in which the claim held, from 0 to n.
        n: trainings; without any both p are 1.
        ratio: number of validation images over that of training images where every seed has a
            split of its own; 0 where all have the same.
    """
    tails = sign_tails(n, ratio)
    return tails[held], tails[n - held]


@lru_cache(maxsize=4096)
def sign_tails(n: int, ratio: float = 0.0) -> tuple[float, ...]:
    """Chances that it holds in at least 0, 1, ..., n trainings, where it does in half of all."""
    return tuple(_tail(held, n, HALF, ratio) for held in range(n + 1))


def share_interval(
    held: int, n: int, alpha: float = ALPHA, ratio: float = 0.0
) -> tuple[float, float]:
    """Interval of the share of all trainings in which the claim holds, at level 1 - alpha.

    Clopper and Pearson's (1934), without overlap what `binomtest(held, n)` has as
    `proportion_ci(method="exact")`: it covers at least as often as it says. (0, 1) without
    trainings.
    """
    if ratio:
        return _lower(held, n, alpha, ratio), 1.0 - _lower(n - held, n, alpha, ratio)
    low = float(bdtri(held - 1, n, 1 - alpha / 2)) if held else 0.0
    high = float(bdtri(held, n, alpha / 2)) if held < n else 1.0
    return low, high


def least_p(n: int, sides: int = 2, ratio: float = 0.0) -> float:
    """The smallest p that a test of one or two sides can give with so many trainings."""
    return min(1.0, sides * (_tail(n, n, HALF, ratio) if ratio else 0.5**n))


def attainable_p(n: int, sides: int = 2, ratio: float = 0.0) -> np.ndarray:
    """All p up to 1 that a test of one or two sides can give, ascending, (n + 1,) at most."""
    return np.unique(np.minimum(1.0, sides * np.array(sign_tails(n, ratio))))


def held_to_support(n: int, tail: float, ratio: float = 0.0) -> int | None:
    """The least number of trainings that must meet the claim for a one-sided p of at most `tail`;
    None where not even all of them are enough."""
    enough = [held for held, p in enumerate(sign_tails(n, ratio)) if p <= tail]
    return enough[0] if enough else None


def shared_shares(share: float, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """The shares of trainings that meet the claim given what all seeds share, and their weights,
    (nodes,) each; one of weight 1 where they share nothing."""
    if not ratio or share in (0.0, 1.0):
        return np.array([share]), np.ones(1)
    shared, weights = np.polynomial.hermite_e.hermegauss(NODES)
    # a correlation of ratio / (1 + ratio): shared to own variance is as the ratio to 1
    scores = ndtri(share) * math.sqrt(1 + ratio) + math.sqrt(ratio) * shared
    return ndtr(scores), weights / weights.sum()


def _tail(held: int, n: int, share: float, ratio: float) -> float:
    """Chance that it holds in at least so many trainings, where it does in this share of all."""
    if held == 0:
        return 1.0
    shares, weights = shared_shares(share, ratio)
    return float(weights @ bdtrc(held - 1, n, shares))


def _lower(held: int, n: int, alpha: float, ratio: float) -> float:
    """The share at which so many or more are found with a chance of alpha / 2, by bisection."""
    low, high = 0.0, 1.0 if held else 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = _tail(held, n, middle, ratio) < alpha / 2
        low, high = (middle, high) if found else (low, middle)
    return low
