"""The test for skewed values: how often it errs for exponential ones, and against Student's t."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from study.stats.skew import skew_p


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("n", [6, 10, 30])
def test_skew_p_is_small_as_often_as_it_says_where_values_are_exponential(n, sides):
    samples = 1 - np.random.default_rng(5).standard_exponential((4000, n))
    p = np.array([skew_p(values, 0.0, sides) for values in samples])
    if sides == 2:
        p = 2 * np.minimum(p, [skew_p(-values, 0.0) for values in samples])
    for level in (0.05, 0.005):
        noise = 3.5 * math.sqrt(level / 4000)
        assert np.mean(p <= level) == pytest.approx(level, abs=noise)


@pytest.mark.parametrize("n", [6, 10, 30])
def test_skew_p_of_less_skewed_values_is_larger_than_students(n):
    for values in np.random.default_rng(n).standard_normal((20, n)) + 0.5:
        student = ttest_1samp(values, 0.0, alternative="greater").pvalue
        assert skew_p(values, 0.0) >= student or student > 0.2
        assert skew_p(values, 0.0) + skew_p(-values, 0.0) == pytest.approx(1)


def test_skew_p_of_equal_values():
    assert skew_p(np.full(8, 0.5), 0.4) < 1e-5
    assert skew_p(np.full(8, 0.5), 0.6) > 0.99
    assert skew_p(np.full(8, 0.5), 0.5) == pytest.approx(0.5)
