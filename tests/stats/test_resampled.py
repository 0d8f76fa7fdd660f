"""Corrected tests for splits that overlap; without overlap they are the tests of textbooks."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp

from study.stats.replication import share_interval, sign_tails
from study.stats.resampled import resampled_interval, resampled_t_p

VALUES = np.array([0.3, -0.1, 0.4, 0.25, 0.0, 0.7, 0.35, 0.2])
RATIOS = (0.0, 0.1, 0.25, 1.0)


def correlated(ratio, n_seeds, studies, mean=0.0, spread=1.0):
    """Values with the correlation that the tests assume, (studies, n_seeds)."""
    rng = np.random.default_rng(0)
    own, shared = rng.standard_normal((studies, n_seeds)), rng.standard_normal((studies, 1))
    return mean + spread * (own + math.sqrt(ratio) * shared)


def test_without_overlap_it_is_students_test_and_interval():
    found = ttest_1samp(VALUES, 0.1, alternative="greater")
    assert resampled_t_p(VALUES, 0.1, ratio=0.0) == pytest.approx(found.pvalue)
    interval = ttest_1samp(VALUES, 0.0).confidence_interval(0.95)
    assert resampled_interval(VALUES, ratio=0.0) == pytest.approx(tuple(interval))


def test_the_variance_has_nadeau_and_bengios_factor():
    low, high = resampled_interval(VALUES, ratio=0.25)
    plain_low, plain_high = resampled_interval(VALUES, ratio=0.0)
    factor = (1 / VALUES.size + 0.25) * VALUES.size
    assert (high - low) / (plain_high - plain_low) == pytest.approx(math.sqrt(factor))
    assert resampled_t_p(VALUES, low, ratio=0.25) == pytest.approx(0.025)
    assert resampled_t_p(-VALUES, -high, ratio=0.25) == pytest.approx(0.025)


@pytest.mark.parametrize(("bound", "p"), [(0.9, 0.0), (1.0, 0.5), (1.1, 1.0)])
def test_equal_values_leave_no_doubt(bound, p):
    assert resampled_t_p(np.ones(5), bound, ratio=0.25) == p


def test_one_value_says_nothing():
    assert resampled_t_p(np.ones(1), 0.0, ratio=0.25) == 1.0


@pytest.mark.parametrize("n_seeds", [1, 5, 10, 20])
def test_without_overlap_the_sign_test_is_the_exact_binomial_one(n_seeds):
    for held in range(n_seeds + 1):
        p = binomtest(held, n_seeds, alternative="greater").pvalue
        assert sign_tails(n_seeds)[held] == pytest.approx(p)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("n_seeds", [10, 30])
def test_both_sides_of_the_sign_test_are_alike(n_seeds, ratio):
    """At least k on the one side, or fewer than k: fewer than k is more than n - k on the other."""
    for held in range(1, n_seeds + 1):
        other = sign_tails(n_seeds, ratio)[n_seeds - held + 1]
        assert sign_tails(n_seeds, ratio)[held] == pytest.approx(1 - other)


def test_more_overlap_makes_equal_signs_say_less():
    found = [sign_tails(10, ratio)[10] for ratio in RATIOS]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1 / 11)  # all orders of shared and ten own parts alike


@pytest.mark.parametrize("ratio", RATIOS)
def test_both_tests_keep_their_level_where_values_are_as_assumed(ratio):
    studies = correlated(ratio, 10, 4000)
    rates = [
        np.mean([resampled_t_p(each, 0.0, ratio) <= 0.05 for each in studies]),
        np.mean([sign_tails(10, ratio)[int((each > 0).sum())] <= 0.05 for each in studies]),
    ]
    assert max(rates) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / len(studies))


@pytest.mark.parametrize("ratio", RATIOS)
def test_intervals_cover_the_mean_over_data_sets(ratio):
    studies = correlated(ratio, 10, 2000, mean=3.0, spread=0.1)
    ends = np.array([resampled_interval(each, ratio) for each in studies])
    share = np.mean((ends[:, 0] <= 3.0) & (ends[:, 1] >= 3.0))
    assert share == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / len(studies)))


@pytest.mark.parametrize("held", [0, 7, 10])
def test_the_interval_of_a_share_widens_with_the_overlap(held):
    narrow, wide = (share_interval(held, 10, ratio=ratio) for ratio in (0.0, 0.25))
    assert share_interval(held, 10, ratio=1e-9) == pytest.approx(narrow, abs=1e-4)
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
    assert wide != narrow
