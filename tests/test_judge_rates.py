"""How often the judge is wrong, and how often it decides: simulations with a known truth."""

import math

import numpy as np
import pytest

from benchmarks.statistics import SHAPES, power, wrong_verdicts
from study.judge import judge, outcomes
from study.table.rows import make_table
from tests.test_judge import claim, trials


@pytest.mark.parametrize("effect", [0.0, 0.06])
def test_judge_is_seldom_wrong_about_any_of_several_claims(effect):
    """Six searches against a baseline, from which the first three differ by `effect`."""
    rng = np.random.default_rng(7)
    claims = [claim(f"claim {i}", f"search {i}", "baseline", above=0.0) for i in range(6)]
    names = [*(f"search {i}" for i in range(6)), "baseline"]
    shifts = np.array([effect] * 3 + [0.0] * 4)
    table = make_table([m for name in names for m in trials(name, [0.5] * 8)])
    runs, wrong, right = 60, 0, 0
    for _ in range(runs):
        accuracy = rng.binomial(400, 0.9, (7, 8)) / 400 + shifts[:, None]
        table["val_accuracy"] = accuracy.ravel()
        found = [verdict.outcome for verdict in judge(claims, table)]
        differ, equal = found[:3], found[3:]
        if effect == 0:
            equal, differ = found, []
        wrong += any(o != "undecided" for o in equal) or "refuted" in differ
        right += "supported" in differ
    assert wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert right / runs > 0.5 or effect == 0


@pytest.mark.parametrize("n", [6, 10, 20])
@pytest.mark.parametrize("shape", SHAPES)
def test_simulated_studies_without_a_difference_are_seldom_judged(n, shape):
    """`benchmarks.statistics` in small; six seeds are too few for six claims."""
    studies = 300
    wrong = {claims: wrong_verdicts(n, shape, claims, studies)["wrong"] for claims in (1, 6)}
    assert max(wrong.values()) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)
    assert n > 6 or wrong[6] == 0
    if shape == "skewed":  # as often as the level says: nothing is given away
        assert wrong[1] > 0
        assert (wrong[6] > 0) == (n > 6)


def test_power_rises_with_effect_and_seeds():
    powers = [power(n, effect, 6, 100) for n, effect in ((6, 3), (10, 1), (10, 2), (20, 2))]
    assert powers[0] == 0
    assert powers == sorted(powers)
    assert powers[1] < powers[2] < powers[3]
    assert powers[-1] > 0.95


def test_one_sided_claims_without_a_difference_are_seldom_supported():
    claims = [claim(f"{i}", above=0.0, one_sided=True) for i in range(6)]
    noise = np.random.default_rng(3).standard_normal((300, 6, 10))
    found = ["supported" in outcomes(claims, list(values)) for values in noise]
    assert np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    skewed = 1 - np.random.default_rng(3).standard_exponential((300, 6, 10))
    found = ["supported" in outcomes(claims, list(values)) for values in skewed]
    assert 0 < np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
