import dataclasses

import pytest

from study.spec.baseline import Baseline
from study.spec.budget import PROFILES
from study.spec.claim import Claim, Scale
from study.spec.search import Search
from study.spec.space import Choice, Float, Int
from study.spec.study import Study, unknown_name
from tests.made import DROPOUT_SEARCH, STUDY


def claim(**changes):
    return Claim(**{"name": "c", "candidate": "small", "metric": "val_accuracy"} | changes)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "above or below"),
        ({"above": 1.0, "below": 1.0}, "less than below"),
        ({"above": 2.0, "below": 1.0}, "less than below"),
        ({"above": 0.0, "epoch": "last"}, "final, best"),
        ({"above": 1.0, "ratio": True}, "versus"),
        ({"above": 0.0, "ratio": True, "versus": "gap"}, "above 0"),
        ({"below": 0.0, "ratio": True, "versus": "gap"}, "above 0"),
        ({"above": 0.0, "versus": "small"}, "another candidate"),
        ({"above": 0.0, "below": 1.0, "one_sided": True}, "single bound"),
        ({"above": 0.0, "scale": Scale(0)}, "scale: epochs and image_size must be at least 1"),
        ({"above": 0.0, "scale": Scale(30, 0)}, "scale: epochs and image_size must be at least 1"),
        ({"above": 0.0, "scale": Scale(30, "256")}, "scale: image_size must be a whole number or"),
    ],
)
def test_claim_says_what_is_wrong_with_it(changes, rule):
    assert any(rule in mistake for mistake in claim(**changes).mistakes())


@pytest.mark.parametrize(
    "changes",
    [
        {"above": 0.0},
        {"above": 0.0, "below": 1.0, "epoch": "best"},
        {"below": 0.5, "ratio": True, "versus": "gap"},
        {"below": 0.0, "one_sided": True, "versus": "gap"},
        {"above": 0.0, "scale": Scale(30)},
        {"above": 0.0, "scale": Scale(30, 256)},
    ],
)
def test_claim_that_can_be_judged_has_no_mistakes(changes):
    assert list(claim(**changes).mistakes()) == []


def test_sides_of_a_claim():
    assert claim(above=0.0).sides == 2
    assert claim(above=0.0, one_sided=True).sides == claim(below=0.0, one_sided=True).sides == 1


def test_study_names_what_is_given_twice_and_what_is_unknown():
    twice = Baseline("gap", "same name as a search", "conv")
    study = dataclasses.replace(
        STUDY,
        baselines=(*STUDY.baselines, twice),
        claims=(claim(above=0), claim(below=1), claim(name="d", candidate="smal", above=0)),
    )
    mistakes = list(study.mistakes())
    assert len(mistakes) == 3
    assert any("gap" in mistake and "twice" in mistake for mistake in mistakes)
    assert any("claim" in mistake and "'c'" in mistake for mistake in mistakes)
    assert any("smal" in mistake and "Did you mean small?" in mistake for mistake in mistakes)
    assert list(STUDY.mistakes()) == []


def test_search_sets_tied_and_fixed_hyper_parameters():
    assert DROPOUT_SEARCH.config({"dropout": 0.5}) == {
        "channels": 8,
        "dropout_conv": 0.5,
        "dropout_hidden": 0.5,
    }
    plain = Search("a", "A", "gap", space={})
    assert plain.config({"hidden": 3}) == {"hidden": 3}


def test_corners_hold_every_dimensions_ends():
    space = {"x": Float(0.0, 0.9), "n": Int(1, 8, log=True), "c": Choice((0, 32, 64))}
    corners = list(Search("a", "A", "gap", space).corners())
    for name, dimension in space.items():
        assert {corner[name] for corner in corners} >= set(dimension.grid(2))


def test_a_search_without_a_space_or_with_foreign_names_says_so():
    search = Search("a", "A", "gap", {"x": Float(0, 1)}, ties={"y": ("z",)}, hand_picked=({},))
    assert len(list(search.mistakes())) == 2
    assert list(Search("a", "A", "gap", {}).mistakes())


def test_profiles_judge_unless_they_only_try():
    assert [name for name, budget in PROFILES.items() if not budget.judged] == ["smoke"]


def test_a_study_without_figures_gets_the_standard_ones():
    study = Study("s", "S", "?", STUDY.baselines)
    kinds = {figure.kind for figure in study.figures}
    assert {"pareto", "curves", "comparison", "architecture"} <= kinds
    assert "search" not in kinds
    assert "search" in {figure.kind for figure in STUDY.figures}
    assert list(study.mistakes()) == []


def test_a_name_among_many_is_refused_with_the_nearest_and_not_with_all():
    known = [f"{part}_{name}" for part in ("val", "test") for name in "abcdefghijkl"]
    said = unknown_name("metric", "val__c", known)
    assert said.startswith("metric must be one of 24 names; got 'val__c'. Did you mean val_c?")
    assert said.count("val_") + said.count("test_") < 10
    assert unknown_name("metric", "val__c", known[:4]).startswith("metric must be one of val_a, ")
