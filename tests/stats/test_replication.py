"""Exact binomial statistics against SciPy's."""

import pytest
from scipy.stats import binomtest

from study.stats.replication import (
    attainable_p,
    held_to_support,
    least_p,
    replication_p,
    share_interval,
)

CASES = [(held, n) for n in (1, 2, 7, 10, 30) for held in range(n + 1)]


@pytest.mark.parametrize(("held", "n"), CASES)
def test_p_and_interval_are_scipys(held, n):
    support, refute = replication_p(held, n)
    assert support == pytest.approx(binomtest(held, n, alternative="greater").pvalue)
    assert refute == pytest.approx(binomtest(held, n, alternative="less").pvalue)
    for alpha in (0.05, 0.01):
        interval = binomtest(held, n).proportion_ci(1 - alpha, method="exact")
        assert share_interval(held, n, alpha) == pytest.approx((interval.low, interval.high))


def test_no_training_says_nothing():
    assert replication_p(0, 0) == (1.0, 1.0)
    assert share_interval(0, 0) == (0.0, 1.0)
    assert held_to_support(0, 0.05) is None


@pytest.mark.parametrize("sides", [1, 2])
def test_the_least_p_is_that_of_all_trainings(sides):
    for n in range(1, 12):
        assert least_p(n, sides) == pytest.approx(min(1, sides * replication_p(n, n)[0]))
        assert attainable_p(n, sides)[0] == pytest.approx(least_p(n, sides))


@pytest.mark.parametrize("tail", [0.05, 0.025, 0.05 / 26, 1e-5])
def test_as_many_must_hold_as_the_tail_asks(tail):
    for n in range(1, 40):
        enough = [held for held in range(n + 1) if replication_p(held, n)[0] <= tail]
        assert held_to_support(n, tail) == (min(enough) if enough else None)
