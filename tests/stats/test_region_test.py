"""Support and refutation of a region, and Holm's correction against statsmodels'."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from study.stats.region_test import holm, mean_p, region_p
from study.stats.signflip import sign_flip_p
from study.stats.skew import skew_p

TIGHT = (0.94, 0.95, 0.945, 0.95, 0.94, 0.95, 0.945, 0.95)


def test_mean_p_is_the_greater_of_both_tests():
    clear, skewed = np.array([1.0, 2.0, 4.0, 3.0, 2.5, 1.5]), np.array(TIGHT)
    for values, bound in ((clear, 0.0), (clear, 9.0), (skewed, 0.95)):
        for sides in (1, 2):
            both = sign_flip_p(values, bound), skew_p(values, bound, sides)
            assert mean_p(values, bound, sides) == max(both)
    assert mean_p(np.array(TIGHT), 0.5) == 1 / 256  # all on one side: no more can eight seeds say
    assert mean_p(np.empty(0), 0.0) == mean_p(np.array([1.0]), 0.0) == 1


def test_region_p_of_one_bound_gives_both_sides():
    values = np.array([1.0, 2.0, 4.0, -0.5])
    inside, outside = mean_p(values, 0.0), mean_p(-values, 0.0)
    assert inside < outside
    assert region_p(values, 0.0, math.inf) == (inside, outside)
    assert region_p(values, -math.inf, 0.0) == (outside, inside)


def test_region_p_of_two_bounds_needs_both_inside_or_one_outside():
    values = np.array([1.0, 2.0, 4.0, -0.5])
    above, below = mean_p(values, -9.0), mean_p(-values, -1.5)
    outside = mean_p(values, 1.5)
    assert region_p(values, -9.0, 1.5) == (max(above, below), outside)


def test_region_p_of_support_never_rises_when_values_do():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.standard_normal(7)
        p = [region_p(values + shift, 0.0, math.inf) for shift in np.linspace(-3, 3, 61)]
        support, refute = np.array(p).T
        assert (np.diff(support) <= 0).all()
        assert (np.diff(refute) >= 0).all()
        assert support[0] > support[-1]


def test_holm_is_statsmodels():
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 9):
        p = rng.integers(1, 40, size) / 128
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
