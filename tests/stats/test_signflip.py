"""The sign-flip test against scipy's, and how often its interval covers the mean."""

import math

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_1samp

from study.stats.signflip import least_p, seed_interval, sign_flip_p


def scipy_p(values, alternative):
    return permutation_test(
        (values,),
        lambda x, axis: np.sum(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        alternative=alternative,
    ).pvalue


@pytest.mark.parametrize("n", [2, 5, 8, 11])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("bound", [0.0, 1.0, -0.75])
def test_sign_flip_p_is_the_paired_permutation_test(n, tied, bound):
    rng = np.random.default_rng([n, tied])
    values = rng.integers(-2, 4, n).astype(float) if tied else rng.standard_normal(n) + 0.5
    greater = scipy_p(values - bound, "greater")
    less = scipy_p(values - bound, "less")
    assert sign_flip_p(values, bound) == pytest.approx(greater, abs=1e-12)
    assert sign_flip_p(-values, -bound) == pytest.approx(less, abs=1e-12)


def test_sign_flip_p_counts_ties_of_accuracies_as_equal():
    """Shares of 400 images have no exact floating-point sums; images counted whole do."""
    rng = np.random.default_rng(0)
    images = rng.integers(-8, 10, (300, 8))
    bounds = rng.integers(-4, 4, 300)
    for row, bound in zip(images, bounds, strict=True):
        exact = sign_flip_p(row.astype(float), float(bound))
        left = (row + 380) / 400
        assert sign_flip_p(left - 380 / 400, bound / 400) == exact


def test_sign_flip_p_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="finite"):
        sign_flip_p(np.array([1.0, math.nan, 2.0]), 0.0)


def test_sign_flip_p_of_many_seeds_is_sampled_and_repeatable():
    values = np.random.default_rng(0).standard_normal(24) + 0.5
    p = sign_flip_p(values, 0.0)
    assert p == sign_flip_p(values, 0.0)
    assert p == pytest.approx(ttest_1samp(values, 0.0, alternative="greater").pvalue, rel=0.2)
    low, high = seed_interval(values)
    assert 2 * sign_flip_p(values, low - 1e-6) <= 0.05 < 2 * sign_flip_p(values, low + 1e-6)
    assert 2 * sign_flip_p(-values, -high - 1e-6) <= 0.05 < 2 * sign_flip_p(-values, -high + 1e-6)


@pytest.mark.parametrize("n", [6, 7, 8, 10, 12])
def test_seed_interval_holds_what_the_test_does_not_reject(n):
    rng = np.random.default_rng(n)
    for values in (rng.standard_normal(n), rng.integers(-3, 4, n) / 400):
        low, high = seed_interval(values)
        step = 1e-7
        assert 2 * sign_flip_p(values, low - step) <= 0.05 < 2 * sign_flip_p(values, low)
        assert 2 * sign_flip_p(-values, -high - step) <= 0.05 < 2 * sign_flip_p(-values, -high)


def test_least_p_is_that_of_values_all_on_one_side():
    for n in (1, 2, 6, 11):
        assert least_p(n, sides=1) == sign_flip_p(np.arange(1.0, n + 1), 0.0)
    assert [least_p(n) for n in (0, 1, 6)] == [1.0, 1.0, 2 / 64]


def test_seed_interval_of_six_seeds_is_their_range_and_of_five_there_is_none():
    values = np.array([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    assert seed_interval(values) == (1.0, 6.0)
    assert np.isnan(seed_interval(values[:5])).all()
    assert np.isnan(seed_interval(np.empty(0))).all()


NOMINAL = {6: 1 - 2 / 64, 8: 1 - 12 / 256, 10: 1 - 50 / 1024}  # what order statistics allow


@pytest.mark.parametrize("n", NOMINAL)
@pytest.mark.parametrize("shape", ["normal", "heavy", "tied", "skewed"])
def test_seed_interval_covers_the_mean_as_often_as_it_says(n, shape):
    rng = np.random.default_rng(n)
    samples = {
        "normal": rng.standard_normal((3000, n)),
        "heavy": rng.standard_t(2, (3000, n)),
        "tied": (rng.binomial(400, 0.97, (3000, n)) - rng.binomial(400, 0.97, (3000, n))) / 400,
        "skewed": rng.standard_exponential((3000, n)) - 1,
    }[shape]
    low, high = np.array([seed_interval(values) for values in samples]).T
    coverage = np.mean((low <= 1e-9) & (high >= -1e-9))
    noise = 3.5 * math.sqrt(0.05 * 0.95 / 3000)
    if shape in ("normal", "heavy"):
        assert coverage == pytest.approx(NOMINAL[n], abs=noise)
    else:  # ties make it wider; a skew costs what the module's docstring says
        promised = 0.95 if shape == "tied" else 0.905
        assert coverage >= promised - noise
