"""What looks can decide: exact chances against simulation."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from study.stats.looks import Looks, plan_looks
from study.stats.power import (
    decision_chances,
    detectable_share,
    in_deviations,
    is_futile,
    needed_at,
    seeds_needed,
    seeds_to_decide,
)
from study.stats.rule import Rule


@pytest.mark.parametrize(("n_claims", "needed"), [(1, 6), (2, 7), (6, 8), (12, 9), (25, 10)])
def test_seeds_needed_is_the_least_that_passes(n_claims, needed):
    assert seeds_needed(Rule(n_claims)) == needed
    assert seeds_needed(Rule(n_claims, sides=1)) == needed - 1


def test_the_tail_is_holms_strictest_step():
    assert Rule().tail == 0.025
    assert Rule(5, sides=1).tail == 0.01
    assert Rule(0).tail == Rule(1).tail


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_chances_are_those_of_simulated_runs(share, sides):
    rule, runs = Rule(3, sides=sides), 20_000
    looks = plan_looks(8, 24, 3)
    held = np.random.default_rng(1).random((runs, 24)) < share
    supported, refuted = np.zeros(runs, bool), np.zeros(runs, bool)
    seeds = np.zeros(runs)
    for n, needed in needed_at(looks, rule):
        is_open = ~(supported | refuted)
        counts = held[:, :n].sum(axis=1)
        seeds[is_open] = n
        if needed is not None:
            supported |= is_open & (counts >= needed)
            refuted |= is_open & (counts <= n - needed) & (sides == 2)
    exact = decision_chances(looks, rule, share)
    assert exact[:2] == pytest.approx((supported.mean(), refuted.mean()), abs=0.012)
    assert exact[2] == pytest.approx(seeds.mean(), abs=0.2)


def test_chances_from_within_a_run_are_of_the_looks_that_follow():
    looks, rule = plan_looks(10, 30, 8), Rule(8)
    assert decision_chances(looks, rule, 1.0, 10, 13)[:2] == (1.0, 0.0)
    assert decision_chances(looks, rule, 0.9, 27, 30) == (0.0, 0.0, 30.0)


def test_a_detectable_share_is_detected_with_its_power():
    for looks in (plan_looks(10, 10, 8), plan_looks(10, 30, 8)):
        share = detectable_share(looks, Rule(8))
        assert decision_chances(looks, Rule(8), share, gives_up=True)[0] >= 0.8
        assert decision_chances(looks, Rule(8), share - 0.001, gives_up=True)[0] < 0.8
    assert math.isnan(detectable_share(Looks((5,), (1.0,)), Rule(8)))


def test_more_seeds_detect_less():
    shares = [detectable_share(plan_looks(n, n, 3), Rule(3)) for n in (8, 12, 20, 40)]
    assert shares == sorted(shares, reverse=True)
    assert in_deviations(float(norm.cdf(1.5))) == pytest.approx(1.5)


def test_a_claim_that_holds_in_half_is_soon_given_up():
    looks, rule = plan_looks(10, 30, 8), Rule(8)
    assert is_futile(looks, rule, 5, 10)
    assert not is_futile(looks, rule, 9, 10)
    assert not is_futile(looks, rule, 1, 10)
    assert is_futile(looks, Rule(8, sides=1), 1, 10)
    assert is_futile(looks, rule, 22, 30)  # no look is left


def test_seeds_to_decide_fall_with_the_share_and_exceed_those_at_hand():
    near, middle, far = (seeds_to_decide(held, 10, 1.0, Rule()) for held in (9, 8, 6))
    assert 10 < near < middle < far
    assert seeds_to_decide(2, 10, 1.0, Rule()) == middle
    assert seeds_to_decide(8, 10, 1.0, Rule(6)) > middle
    assert seeds_to_decide(8, 10, 0.2, Rule()) > middle
    assert seeds_to_decide(8, 10, 1.0, Rule(sides=1)) < middle


@pytest.mark.parametrize(
    ("held", "n", "left", "rule"),
    [
        (5, 10, 1.0, Rule()),
        (8, 10, 0.0, Rule()),
        (2, 10, 1.0, Rule(sides=1)),
        (51, 100, 1.0, Rule()),
    ],
)
def test_no_number_of_seeds_decides(held, n, left, rule):
    assert seeds_to_decide(held, n, left, rule) is None


def test_chances_of_a_run_are_less_where_claims_are_given_up():
    """Against simulated runs that follow `is_futile` as the judge does."""
    looks, rule, share, rng = plan_looks(10, 30, 1), Rule(1), 0.75, np.random.default_rng(3)
    found = [run_of(looks, rule, rng.random(30) < share) for _ in range(4000)]
    supported, refuted, seeds = decision_chances(looks, rule, share, gives_up=True)
    assert np.mean([one == "supported" for one, _ in found]) == pytest.approx(supported, abs=0.025)
    assert np.mean([one == "refuted" for one, _ in found]) == pytest.approx(refuted, abs=0.01)
    assert np.mean([n for _, n in found]) == pytest.approx(seeds, rel=0.02)
    assert supported < decision_chances(looks, rule, share)[0] - 0.01


def run_of(looks, rule, holds):
    for n, needed in needed_at(looks, rule):
        held = int(holds[:n].sum())
        if needed is not None and held >= needed:
            return "supported", n
        if needed is not None and n - held >= needed:
            return "refuted", n
        if is_futile(looks, rule, held, n):
            return "undecided", n
    return "undecided", n
