"""How large a run's weights become, and whose do not fit."""

from dataclasses import replace

import pytest

from hw3.cost import model_cost
from hw3.models import make_architecture
from study.search.weights import describe_plan, plan_weights
from tests.made import BUDGET, SETTING, plan_of


def size(family, **config):
    return 4 * model_cost(make_architecture(family, config, SETTING.image_size)).parameters


# By name: the baseline, and of each search the largest model of its space.
SIZES = {
    "small": size("conv", channels=8),
    "gap": size("gap", channels=64),
    "dropout": size("conv", channels=8),
}


def planned(kept, limit=1e9, **changes):
    plan = replace(plan_of(budget=replace(BUDGET, judged=False)), weights=kept, **changes)
    return plan_weights(plan, limit), plan


@pytest.mark.parametrize(("kept", "trainings"), [("none", 0), ("best", 1), ("all", 2)])
def test_the_size_is_that_of_the_largest_models_that_can_be_chosen(kept, trainings):
    weights, plan = planned(kept)
    assert weights.size == trainings * sum(SIZES.values())
    assert set(weights.candidates) == (set(SIZES) if trainings else set())
    assert ("MB" in describe_plan(weights, plan, 1e9)) == bool(trainings)


def test_a_candidate_that_does_not_fit_is_named_and_the_others_are_kept():
    weights, plan = planned("best", limit=SIZES["small"] + SIZES["gap"])
    assert weights.candidates == ("small", "gap") and weights.left_out == ("dropout",)
    assert weights.size == SIZES["small"] + SIZES["gap"]
    said = describe_plan(weights, plan, 0.5e9)
    assert "over --weights-limit (0.5 GB), so not kept: dropout, chosen" in said


def test_where_nothing_fits_nothing_is_kept():
    weights, plan = planned("all", limit=0)
    assert (weights.size, weights.candidates) == (0, ())
    assert describe_plan(weights, plan, 0).startswith("none kept; over")
