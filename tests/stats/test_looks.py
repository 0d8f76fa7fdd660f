"""The looks: shares of alpha that add up to one at most, and decide as much as they can."""

import numpy as np
import pytest

from study.stats.looks import NO_LOOKS, Looks, look_seeds, plan_looks, usable_share
from study.stats.replication import attainable_p
from study.stats.rule import ALPHA

RANGES = [(6, 6), (10, 10), (10, 30), (9, 12), (3, 40), (10, 11)]


@pytest.mark.parametrize("n_claims", [1, 6, 13, 30])
@pytest.mark.parametrize(("first", "most"), RANGES)
def test_shares_add_up_to_one_at_most(first, most, n_claims):
    looks = plan_looks(first, most, n_claims)
    assert all(share > 0 for share in looks.shares)
    assert sum(looks.shares) <= 1 + 1e-12
    assert list(looks.seeds) == sorted(set(looks.seeds))
    assert set(looks.seeds) <= set(look_seeds(first, most))


def test_looks_are_spread_from_the_first_to_the_most():
    assert look_seeds(10, 30) == [10, 13, 17, 23, 30]
    assert look_seeds(10, 16) == [10, 13, 16]
    assert look_seeds(10, 11) == [10, 11]
    assert look_seeds(10, 10) == [10]


@pytest.mark.parametrize("n_claims", [1, 2, 8, 13, 25])
def test_a_look_decides_with_its_share_as_with_all_of_alpha(n_claims):
    """At every step of Holm's method the same p pass."""
    share = usable_share(10, 1.0, n_claims)
    assert 0 < share <= 1
    for step in range(1, n_claims + 1):
        for p in attainable_p(10):
            assert (p / share <= ALPHA / step + 1e-12) == (p <= ALPHA / step)


def test_a_look_that_can_decide_nothing_is_left_out():
    assert plan_looks(5, 5, 1) == NO_LOOKS
    assert plan_looks(10, 30, 25).seeds[0] > 10


def test_thirteen_claims_can_be_decided_at_the_first_of_several_looks():
    looks = plan_looks(10, 30, 13)
    assert looks.seeds[0] == 10
    assert ALPHA * looks.shares[0] * (1 + 1e-12) >= 13 * 2 / 2**10


def test_a_later_run_spends_what_is_left_and_no_more():
    first = plan_looks(10, 10, 8)
    second = plan_looks(24, 24, 8, spent=first)
    assert second.seeds == (10, 24)
    assert second.shares[0] == first.shares[0]
    assert 0 < second.shares[1] <= first.left
    assert plan_looks(10, 10, 8, spent=first) == first  # the same run again: no new look
    assert plan_looks(8, 10, 8, spent=first) == first  # nothing anew of seeds that were looked at


def test_tests_of_a_mean_use_their_whole_share():
    assert plan_looks(10, 10, 8, sides=()).left == 0
    assert sum(plan_looks(10, 30, 8, sides=()).shares) == pytest.approx(1)


def test_looks_until_a_number_of_seeds():
    looks = Looks((10, 20, 30), (0.5, 0.25, 0.25))
    assert looks.until(20) == Looks((10, 20), (0.5, 0.25))
    assert looks.until(9) == NO_LOOKS
    assert looks.left == 0


def test_p_over_all_looks_is_seldom_small_where_a_claim_holds_in_half():
    """A look at each of the planned numbers, the least p over its share: at most alpha."""
    looks = plan_looks(6, 30, 1)
    rng = np.random.default_rng(0)
    held = rng.random((4000, 30)) < 0.5
    wrong = np.zeros(4000, bool)
    for n, share in zip(looks.seeds, looks.shares, strict=True):
        counts = held[:, :n].sum(axis=1)
        p = attainable_p(n)
        smaller = np.minimum(counts, n - counts)
        wrong |= p[np.minimum(smaller, len(p) - 1)] / share <= ALPHA
    assert 0.02 < wrong.mean() <= ALPHA
