"""Numbers of seeds and detectable differences: by the tests themselves, and against Student's t."""

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from study.stats.power import detectable_difference, seeds_needed, seeds_to_decide
from study.stats.region_test import mean_p
from study.stats.rule import Rule


@pytest.mark.parametrize("n_claims, needed", [(0, 1), (1, 6), (2, 7), (3, 7), (6, 8), (7, 9)])
def test_seeds_needed_is_the_least_that_passes(n_claims, needed):
    assert seeds_needed(Rule(n_claims)) == needed


def test_a_one_sided_test_needs_a_seed_less():
    for n_claims in (1, 2, 6):
        assert seeds_needed(Rule(n_claims, sides=1)) == seeds_needed(Rule(n_claims)) - 1


def test_rule_shares_its_level_between_claims_and_sides():
    assert Rule().tail == 0.025
    assert Rule(5, sides=1).tail == 0.01
    assert Rule(0).tail == Rule(1).tail


@pytest.mark.parametrize("n, n_claims", [(6, 1), (8, 6), (12, 6), (15, 6)])
def test_detectable_difference_is_detected_with_its_power(n, n_claims):
    size = detectable_difference(n, Rule(n_claims))
    samples = np.random.default_rng(99).standard_normal((1500, n)) + size
    count = 1500 if n <= 12 else 300
    detected = [2 * mean_p(values, 0.0) <= 0.05 / n_claims for values in samples[:count]]
    noise = 0.02 + 3 * math.sqrt(0.16 / count)
    assert np.mean(detected) >= 0.8 - noise
    assert np.mean(detected) <= 0.8 + noise or n > 12  # beyond, a skew's reach is rounded up


@pytest.mark.parametrize("n, n_claims", [(13, 1), (30, 6), (500, 3)])
def test_detectable_difference_of_many_seeds_nears_students(n, n_claims):
    size = detectable_difference(n, Rule(n_claims))
    assert 0.8 < TTestPower().power(size, n, 0.05 / n_claims) < 1
    assert TTestPower().power(0.7 * size, n, 0.05 / n_claims) < 0.8


def test_detectable_difference_shrinks_with_seeds_and_grows_with_claims():
    sizes = [detectable_difference(n, Rule(3)) for n in range(5, 40)]
    assert sizes[:2] == [math.inf] * 2
    assert np.isfinite(sizes[2:]).all()
    assert (np.diff(sizes[2:]) < 0).all()
    one, three, six, seven = (detectable_difference(8, Rule(n)) for n in (1, 3, 6, 7))
    assert one < three < six < seven == math.inf


def test_a_one_sided_test_detects_less_with_equal_power():
    """Never more; where a skew decides, one side is nearly as hard to detect as two."""
    for n, n_claims in ((10, 4), (15, 6), (400, 6)):
        one = detectable_difference(n, Rule(n_claims, sides=1))
        assert 0.8 < one / detectable_difference(n, Rule(n_claims)) <= 1
    size = detectable_difference(8, Rule(6, sides=1))
    samples = np.random.default_rng(99).standard_normal((1500, 8)) + size
    detected = [mean_p(values, 0.0, sides=1) <= 0.05 / 6 for values in samples]
    assert np.mean(detected) == pytest.approx(0.8, abs=0.05)


def standard_noise() -> np.ndarray:
    """Eight values of mean 0 and standard deviation 1."""
    noise = np.random.default_rng(0).standard_normal(8)
    return (noise - noise.mean()) / noise.std(ddof=1)


def test_seeds_to_decide_fall_with_the_distance_and_exceed_the_seeds_at_hand():
    noise, above_zero, alone = standard_noise(), (0.0, math.inf), Rule()
    near, middle, far, clear = (
        seeds_to_decide(noise + size, above_zero, alone) for size in (0.1, 0.3, 0.8, 5.0)
    )
    assert near > middle > far > clear == 9
    assert detectable_difference(middle, alone) <= 0.3 < detectable_difference(middle - 1, alone)
    assert seeds_to_decide(noise + 0.3, above_zero, Rule(6)) > middle
    assert seeds_to_decide(noise + 0.3, (0.0, 0.4), alone) == near  # the nearest bound counts
    assert seeds_to_decide(noise - 0.3, above_zero, alone) == middle
    assert seeds_to_decide(noise, above_zero, alone) is None
    assert seeds_to_decide(noise + 0.01, above_zero, alone) is None


def test_seeds_to_decide_one_sided_are_fewer_and_none_on_the_other_side():
    noise, above_zero, one_sided = standard_noise(), (0.0, math.inf), Rule(6, sides=1)
    one = seeds_to_decide(noise + 0.3, above_zero, one_sided)
    assert one < seeds_to_decide(noise + 0.3, above_zero, Rule(6))
    assert seeds_to_decide(noise - 0.3, above_zero, one_sided) is None
