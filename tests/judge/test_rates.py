"""How often the judge is wrong, and how often it decides: simulations with a known truth."""

import math

import numpy as np
import pytest

from benchmarks.statistics import SHAPES, WAYS, power, take_looks, wrong_verdicts
from study.judge import decide, judge
from study.stats.looks import plan_looks
from study.table.rows import make_table
from tests.judge.test_judge import claim, trials

STUDIES = 150
LIMIT = 0.05 + 3 * math.sqrt(0.05 * 0.95 / STUDIES)


@pytest.mark.parametrize("effect", [0.0, 0.06])
def test_judge_is_seldom_wrong_about_any_of_several_claims(effect):
    """Six searches against a baseline, from which the first three differ by `effect`."""
    rng = np.random.default_rng(7)
    claims = [claim(f"claim {i}", f"search {i}", "baseline", above=0.0) for i in range(6)]
    names = [*(f"search {i}" for i in range(6)), "baseline"]
    shifts = np.array([effect] * 3 + [0.0] * 4)
    table = make_table([m for name in names for m in trials(name, [0.5] * 10)])
    runs, wrong, right = 60, 0, 0
    for _ in range(runs):
        accuracy = rng.normal(0.9, 0.015, (7, 10)) + shifts[:, None]
        table["val_accuracy"] = accuracy.ravel()
        found = [verdict.outcome for verdict in judge(claims, table)]
        differ, equal = found[:3], found[3:]
        if effect == 0:
            equal, differ = found, []
        wrong += any(o != "undecided" for o in equal) or "refuted" in differ
        right += "supported" in differ
    assert wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert right / runs > 0.5 or effect == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_simulated_studies_are_seldom_judged_wrongly(way, shape):
    """`benchmarks.statistics` in small."""
    assert wrong_verdicts(shape, 1, way, STUDIES) <= LIMIT
    assert wrong_verdicts(shape, 8, way, STUDIES // 3, shared=True) <= LIMIT + 0.06


def test_power_rises_with_effect_and_seeds_and_beats_that_of_the_mean():
    def found(way, effect):
        return power(way, effect, 8, 40)[0]

    assert found("10", 1) < found("10", 2) < found("20", 2)
    assert found("10..30", 2) > 0.9
    assert found("10..30", 2) > found("mean 10", 2)


def test_open_claims_alone_get_more_seeds():
    looks = plan_looks(10, 30, 2)
    values = np.array([[1.0] * 30, [1.0, -1.0, 1.0] * 10])
    found, seeds = take_looks([claim("a", above=0.0), claim("b", above=0.0)], values, looks)
    assert found[0].outcome == "supported"
    assert seeds[0] == 10 < seeds[1]


def test_one_sided_claims_without_a_difference_are_seldom_supported():
    claims = [claim(f"{i}", above=0.0, one_sided=True) for i in range(6)]
    noise = np.random.default_rng(3).standard_normal((300, 6, 10))
    found = [{d.outcome for d in decide(claims, list(values))} for values in noise]
    assert np.mean(["supported" in each for each in found]) <= 0.05 + 3 * math.sqrt(0.0475 / 300)
    assert all("refuted" not in each for each in found)
