"""What tuning adds to a study: searches of equal budget, claims about what they choose."""

from dataclasses import replace

import pytest

from hw3.models import Shape
from study.cli.check import check_study
from study.search.choose import baseline_candidates
from study.search.registration import claim_digest, study_digest
from study.search.timing import plan_rounds
from study.search.tuning import planned_study, tuned_study
from study.spec.baseline import Baseline, Match
from study.spec.budget import PROFILES
from study.spec.claim import Claim, Scale
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.spec.search import Search
from study.spec.space import Choice, Float, If, Int
from study.spec.study import Study
from study.spec.times import ELAPSED
from tests.made import plan_of

RATE = Float(1e-4, 1e-2, log=True)
CNN = Baseline("cnn", "CNN", "conv", {"channels": 8})
ANN = Baseline("ann", "ANN", "ann", {"learning_rate": 0.005, "width_1": 16})
GAP = Search("gap", "GAP", "gap", {"channels": Int(4, 64)}, hand_picked=({"channels": 8},))
BETTER = Claim("better", "cnn", "val_accuracy", "ann", above=0.0)
WIDE = Claim("wide", "gap", "val_accuracy", "cnn", above=0.0)
OTHER = Baseline("other", "no claim's", "conv")
STUDY = Study(
    "made", "Made", "?", (CNN, ANN, OTHER), (GAP,), (BETTER, WIDE), tune={"learning_rate": RATE}
)


def searches(study):
    return {search.name: search for search in tuned_study(study).searches}


def test_each_candidate_of_a_claim_is_tuned_and_begins_as_it_is():
    found = searches(STUDY)
    assert list(found) == ["gap", "cnn_tuned", "ann_tuned", "gap_tuned"]
    assert found["cnn_tuned"] == Search(
        *("cnn_tuned", "CNN, tuned", "conv", {"learning_rate": RATE}, {"channels": 8}),
        hand_picked=({"learning_rate": 0.001},),
        tunes="cnn",
    )
    assert found["ann_tuned"].fixed == {"width_1": 16}
    assert found["ann_tuned"].hand_picked == ({"learning_rate": 0.005},)
    assert found["gap_tuned"].space == {**GAP.space, "learning_rate": RATE}
    assert found["gap_tuned"].hand_picked == ({"channels": 8, "learning_rate": 0.001},)
    labels = tuned_study(STUDY).labels()
    assert labels["cnn_tuned"] == "CNN, tuned" and labels["gap_tuned"] == "GAP, chosen and tuned"


def test_claims_are_about_tuned_candidates_and_each_has_its_untuned_one():
    study = tuned_study(STUDY)
    better, _ = study.claims
    assert better.candidates == ("cnn_tuned", "ann_tuned")
    assert [study.untuned(claim) for claim in study.claims] == [BETTER, WIDE]
    assert study.untuned(BETTER) is None


def test_what_was_said_at_a_scale_and_what_names_a_tuned_candidate_stays():
    said = replace(BETTER, name="said", scale=Scale(30, 256))
    helps = Claim("helps", "other_tuned", "val_accuracy", "other", above=0.0)
    study = tuned_study(replace(STUDY, claims=(BETTER, said, helps)))
    assert study.claims[1:] == (said, helps)
    assert study.untuned(helps) is None
    assert "other_tuned" in study.labels()


def test_a_study_that_tunes_nothing_or_is_tuned_already_is_itself():
    plain = replace(STUDY, tune={})
    assert tuned_study(plain) is plain
    tuned = tuned_study(STUDY)
    assert tuned_study(tuned) is tuned


@pytest.mark.parametrize(
    "changes", [{"baselines": CNN}, {"tune": 3}, {"searches": (replace(GAP, hand_picked=({},)),)}]
)
def test_a_study_with_mistakes_is_left_for_them_to_be_told(changes):
    wrong = replace(STUDY, **changes)
    assert planned_study(wrong, Shape((1, 16, 16), 2)) is wrong
    with pytest.raises(StudyError, match="made has a mistake"):
        check_study(wrong, PROFILES["smoke"], with_figures=False)


def test_the_default_figures_are_of_the_tuned_candidates():
    shown = {one.options.get("candidate") for one in tuned_study(STUDY).figures}
    assert {"cnn_tuned", "ann_tuned", "other"} <= shown and "cnn" not in shown
    own = replace(STUDY, figures=(Figure("mine", "comparison", "Mine"),))
    assert tuned_study(own).figures == own.figures


def test_the_recipe_is_tuned_for_all_and_of_the_models_what_each_has():
    study = replace(STUDY, claims=(BETTER,), tune={"learning_rate": RATE, "channels": Int(4, 16)})
    found = searches(study)
    assert list(found["cnn_tuned"].space) == ["learning_rate", "channels"]
    assert list(found["ann_tuned"].space) == ["learning_rate"]


def test_where_a_condition_does_not_hold_a_hyper_parameter_is_what_it_was():
    tune = {
        "optimiser": Choice(("adam", "sgd")),
        "momentum": If("optimiser", equals="sgd", then=Float(0.5, 0.99)),
    }
    own = replace(CNN, config={"optimiser": "adam", "momentum": 0.7})
    found = searches(replace(STUDY, baselines=(own, ANN), claims=(BETTER,), tune=tune))
    assert found["cnn_tuned"].fixed == {"momentum": 0.7}
    assert found["cnn_tuned"].hand_picked == ({"optimiser": "adam"},)


def test_the_untuned_are_confirmed_and_timed_like_the_tuned():
    slow = Claim("slow", "cnn", ELAPSED, "ann", above=1.0, ratio=True)
    plan = plan_of(tuned_study(replace(STUDY, claims=(BETTER, slow))))
    assert plan.unclaimed == {"other", "gap"}
    rounds = plan_rounds(plan)
    assert rounds["cnn"] == rounds["cnn_tuned"] == plan.budget.seeds > 0


MATCHED = Baseline("ann", "ANN", "ann", match=Match("cnn", "parameters", ("width_1", "width_2")))
EQUAL = replace(STUDY, baselines=(CNN, MATCHED), claims=(BETTER,))


def test_a_baseline_of_equal_scale_is_tuned_at_its_size():
    for size in (16, 32):
        shape = Shape((1, size, size), 2)
        study = planned_study(EQUAL, shape)
        (tuned,) = (search for search in study.searches if search.tunes == "ann")
        solved = baseline_candidates(EQUAL, shape)[1].config
        assert tuned.config({"learning_rate": 0.01}) == solved | {"learning_rate": 0.01}
        assert study_digest(study) == study_digest(tuned_study(EQUAL))
    other = replace(EQUAL, baselines=(replace(CNN, config={"channels": 16}), MATCHED))
    digests = [
        claim_digest(tuned_study(one), Claim("c", "ann_tuned", "val_loss", below=1.0))
        for one in (EQUAL, other)
    ]
    assert digests[0] != digests[1]


def test_what_is_tuned_is_part_of_a_claims_meaning():
    wider = replace(STUDY, tune={"learning_rate": replace(RATE, high=1.0)})
    digests = {study_digest(tuned_study(one)) for one in (STUDY, wider, replace(STUDY, tune={}))}
    assert len(digests) == 3


SLOW = Baseline("slow", "CNN, slow", "conv", {"channels": 8, "learning_rate": 1e-4})
MISTAKES = {  # what is done to the study: (how, facts that are named)
    "misspelt": ({"tune": {"learnin_rate": RATE}}, ["learnin_rate", "Did you mean learning_rate?"]),
    "dimension": ({"tune": {"learning_rate": Float(1.0, 0.1)}}, ["learning_rate: low must be"]),
    "no dimension": ({"tune": {"learning_rate": 0.1}}, ["tune['learning_rate']", "Float"]),
    "searched": ({"tune": {"channels": Int(4, 16)}}, ["search gap searches channels itself"]),
    "own value": (
        {"tune": {"learning_rate": Float(1e-4, 1e-3)}},
        ["baseline ann has learning_rate = 0.005, which must be among", "0.0001 to 0.001"],
    ),
    "nothing to tune": (
        {"claims": (BETTER,), "tune": {"channels": Int(4, 16)}},
        ["baseline ann has no channels, so it would be compared untuned"],
    ),
    "no claim": ({"claims": ()}, ["tune: no claim has candidates to tune"]),
    "scale": ({"claims": (replace(BETTER, scale=Scale(30, 256)),)}, ["one with a scale stays"]),
    "nothing left": (
        {"baselines": (CNN, SLOW), "claims": (replace(BETTER, versus="slow"),), "searches": ()},
        ["claim better compares cnn with slow, which differ in nothing but", "learning_rate"],
    ),
    "matched": (
        {"baselines": (CNN, MATCHED), "claims": (BETTER,), "tune": {"dropout_1": Float(0.0, 0.5)}},
        ["baseline ann is matched with cnn, so only their recipe can be tuned; got dropout_1"],
    ),
    "name": (
        {"baselines": (CNN, ANN, replace(OTHER, name="cnn_tuned"))},
        ["a name of its own; 'cnn_tuned'"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_cannot_be_tuned_is_refused_before_anything_is_spent(mistake):
    changes, facts = MISTAKES[mistake]
    with pytest.raises(StudyError) as raised:
        check_study(replace(STUDY, **changes), PROFILES["smoke"])
    for fact in facts:
        assert fact in str(raised.value)


def test_a_study_that_tunes_has_no_mistake():
    for study in (STUDY, EQUAL):
        check_study(study, PROFILES["smoke"], with_figures=False)


def test_other_mistakes_are_told_where_something_is_tuned():
    unknown = replace(CNN, config={"depth": 3})
    with pytest.raises(StudyError, match="baseline cnn: unknown hyper-parameter depth") as raised:
        check_study(replace(STUDY, baselines=(unknown, ANN, OTHER)), PROFILES["smoke"])
    assert "has a mistake" in str(raised.value)
