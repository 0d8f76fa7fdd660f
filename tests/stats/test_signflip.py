"""The sign-flip test against scipy's, and how often its interval covers the mean."""

import math

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_1samp

from benchmarks.intervals import SHAPES, exact_interval, exact_p
from study.stats.replication import least_p
from study.stats.signflip import (
    GENERATORS,
    _flipped_by,
    _subset_sums,
    seed_interval,
    sign_flip_p,
)


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


@pytest.mark.parametrize("n", [21, 24, 100])
def test_interval_of_many_seeds_holds_what_the_test_does_not_reject(n):
    values = np.random.default_rng(0).standard_normal(n) + 2 / math.sqrt(n)
    p = sign_flip_p(values, 0.0)
    assert p == sign_flip_p(values, 0.0)
    assert p == pytest.approx(ttest_1samp(values, 0.0, alternative="greater").pvalue, rel=0.2)
    low, high = seed_interval(values)
    assert (low, high) == seed_interval(values)
    assert 2 * sign_flip_p(values, low - 1e-6) <= 0.05 < 2 * sign_flip_p(values, low + 1e-6)
    assert 2 * sign_flip_p(-values, -high - 1e-6) <= 0.05 < 2 * sign_flip_p(-values, -high + 1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_interval_of_many_seeds_is_near_that_of_all_flips(shape):
    values = SHAPES[shape](np.random.default_rng(3), (24,))
    error = values.std(ddof=1) / math.sqrt(24)
    assert seed_interval(values) == pytest.approx(exact_interval(values), abs=0.1 * error)
    assert exact_p(values, 0.0) == pytest.approx(sign_flip_p(values, 0.0), rel=0.1)


def test_exact_interval_is_that_of_few_seeds():
    values = np.random.default_rng(0).standard_normal(12)
    assert exact_interval(values) == pytest.approx(seed_interval(values))


@pytest.mark.parametrize("n", [21, 60])
def test_flips_of_many_seeds_are_a_group(n):
    """So that the test keeps its level: flips made one after the other are one of them."""
    masks = _flipped_by(n)
    flips = np.bitwise_count(np.arange(2**GENERATORS)[:, None] & masks) % 2  # (flips, values)
    assert len(np.unique(flips, axis=0)) == 2**GENERATORS
    one, other = np.random.default_rng(0).integers(0, 2**GENERATORS, (2, 500))
    assert (flips[one] ^ flips[other] == flips[one ^ other]).all()
    values = np.random.default_rng(1).standard_normal(n)
    np.testing.assert_allclose(_subset_sums(values), flips @ values, atol=1e-12)


@pytest.mark.parametrize("n", [12, 20, 21, 100])
def test_sign_flip_p_is_never_0_and_never_rises_with_the_values(n):
    values = np.random.default_rng(n).standard_normal(n)
    p = [sign_flip_p(values + shift, 0.0) for shift in np.linspace(-9, 9, 37)]
    assert (np.diff(p) <= 0).all()
    assert p[0] == 1 and p[-1] == 1 / _subset_sums(values).size


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
