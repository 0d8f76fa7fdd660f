import dataclasses
import math

import pytest

from study.spec.budget import PROFILES
from study.spec.study import Baseline, Claim, Measure, Search, Study
from tests.made import DROPOUT_SEARCH, STUDY


def claim(**changes):
    values = {"name": "c", "text": "t", "homework": "h", "figure": "f"}
    return Claim(**values | {"left": Measure("small", "val_accuracy")} | changes)


def test_claim_needs_a_region():
    assert claim(above=0.0).below == math.inf
    for wrong in ({}, {"above": 1.0, "below": 1.0}, {"above": 2.0, "below": 1.0}):
        with pytest.raises(ValueError, match="claim c"):
            claim(**wrong)


def test_claim_by_ratio_needs_two_sides():
    with pytest.raises(ValueError, match="left and right"):
        claim(above=1.0, ratio=True)
    both = {"right": Measure("small", "val_accuracy"), "ratio": True}
    for wrong in ({"above": 0.0}, {"above": -1.0}, {"below": 0.0}):
        with pytest.raises(ValueError, match="above 0"):
            claim(**both, **wrong)
    assert claim(**both, below=0.5).ratio


def test_study_refuses_names_given_twice():
    twice = Baseline("gap", "same name as a search", "conv")
    with pytest.raises(ValueError, match="gap"):
        dataclasses.replace(STUDY, points=(*STUDY.baselines, twice))
    with pytest.raises(ValueError, match="claim"):
        dataclasses.replace(STUDY, claims=(claim(above=0), claim(below=1)))


def test_study_refuses_a_claim_about_nothing_of_its_own():
    with pytest.raises(ValueError, match="nowhere"):
        dataclasses.replace(STUDY, claims=(claim(left=Measure("nowhere", "x"), above=0),))


def test_arm_sets_tied_and_fixed_hyper_parameters():
    assert DROPOUT_SEARCH.config({"dropout": 0.5}) == {
        "channels": 8,
        "dropout_conv": 0.5,
        "dropout_hidden": 0.5,
    }
    plain = Search("a", "A", "gap", space={})
    assert plain.config({"hidden": 3}) == {"hidden": 3}


def test_profiles_judge_unless_they_only_try():
    assert [name for name, budget in PROFILES.items() if not budget.judged] == ["smoke"]
    assert isinstance(STUDY, Study)


def test_a_one_sided_claim_needs_a_direction():
    assert claim(above=0.0).sides == 2
    assert claim(above=0.0, one_sided=True).sides == claim(below=0.0, one_sided=True).sides == 1
    with pytest.raises(ValueError, match="claim c: one_sided"):
        claim(above=0.0, below=1.0, one_sided=True)
