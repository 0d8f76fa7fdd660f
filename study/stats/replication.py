"""In what share of all trainings does a claim hold? Exact binomial statistics, one answer per seed.

Each training either meets the claim or does not, and trainings with other seeds are independent, so
the number that meet it is binomial, whatever the law of the values. Nothing is assumed about their
shape: for a difference this is the sign test (Arbuthnott 1710; Conover 1999, "Practical
Nonparametric Statistics", 3.4).
"""

import math

import numpy as np
from scipy.special import bdtr, bdtrc, bdtri, bdtrik  # scipy.stats takes a second to import

from study.stats.rule import ALPHA

HALF = 0.5  # a claim is supported where it holds in more trainings than these, else refuted


def replication_p(held: int, n: int) -> tuple[float, float]:
    """One-sided p for support and for refutation of "it holds in more than half of all trainings".

    What `scipy.stats.binomtest(held, n).pvalue` gives with the alternatives "greater" and "less".

    Args:
        held: trainings in which the claim held, from 0 to n.
        n: trainings; without any both p are 1.
    """
    support = 1.0 if held == 0 else float(bdtrc(held - 1, n, HALF))
    return support, float(bdtr(held, n, HALF)) if n else 1.0


def share_interval(held: int, n: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of the share of all trainings in which the claim holds, at level 1 - alpha.

    Clopper and Pearson's (1934): `binomtest(held, n).proportion_ci(method="exact")`. Covers at
    least as often as it says. (0, 1) without trainings.
    """
    low = 0.0 if held == 0 else float(bdtri(held - 1, n, 1 - alpha / 2))
    high = 1.0 if held == n else float(bdtri(held, n, alpha / 2))
    return low, high


def least_p(n: int, sides: int = 2) -> float:
    """The smallest p that a test of one or two sides can give with so many trainings."""
    return min(1.0, sides / 2**n)


def attainable_p(n: int, sides: int = 2) -> np.ndarray:
    """All p up to 1 that a test of one or two sides can give, ascending, (n + 1,) at most."""
    tails = bdtr(np.arange(n + 1), n, HALF)
    return np.unique(np.minimum(1.0, sides * tails))


def held_to_support(n: int, tail: float) -> int | None:
    """The least number of trainings that must meet the claim for a one-sided p of at most `tail`;
    None where not even all of them are enough."""
    if least_p(n, 1) > tail:
        return None
    missed = math.floor(float(bdtrik(tail, n, HALF)) + 1e-9)  # P(at most so many) <= tail
    return n - missed
