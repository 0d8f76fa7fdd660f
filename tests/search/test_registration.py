"""Digests of claims: what gives a verdict its meaning changes them, the citation does not."""

from dataclasses import fields, replace

import pytest

from study.search.registration import (
    CITATION,
    claim_digest,
    claim_digests,
    registration,
    study_digest,
)
from study.spec.baseline import Baseline, Match
from study.spec.claim import Claim, Scale
from study.spec.search import Search
from study.spec.space import Int
from study.spec.study import Study
from tests.made import BUDGET, plan_of

CLAIM = Claim("costs", "gap", "val_accuracy", "cnn", below=0.0, quote="it costs", source="11")
CHANGES = {
    "name": "other",
    "candidate": "ann",
    "metric": "train_accuracy",
    "versus": None,
    "above": -0.1,
    "below": 0.01,
    "epoch": "best",
    "ratio": True,
    "one_sided": True,
    "about": "mean",
    "scale": Scale(30, 256),
    "text": "It pays.",
}
CNN = Baseline("cnn", "CNN", "conv", {"channels": 8})
ANN = Baseline("ann", "ANN", "ann", {}, Match("cnn", "parameters", ("width_1",)))
GAP = Search("gap", "GAP", "gap", {"channels": Int(4, 64)}, hand_picked=({"channels": 8},))
STUDY = Study("made", "A study", "Is it?", (CNN, ANN), (GAP,), (CLAIM,))


def test_every_field_of_a_claim_is_part_of_its_meaning_or_its_citation():
    assert {item.name for item in fields(Claim)} == {*CHANGES, *CITATION}


@pytest.mark.parametrize("field", CHANGES)
def test_what_a_claim_says_changes_the_digest(field):
    changed = replace(CLAIM, **{field: CHANGES[field]})
    assert claim_digest(STUDY, changed) != claim_digest(STUDY, CLAIM)


@pytest.mark.parametrize("field", CITATION)
def test_the_citation_changes_no_digest(field):
    changed = replace(CLAIM, **{field: "other words"})
    assert claim_digest(STUDY, changed) == claim_digest(STUDY, CLAIM)


def test_a_whole_bound_is_the_number_that_it_equals():
    assert claim_digest(STUDY, replace(CLAIM, below=0)) == claim_digest(STUDY, CLAIM)


@pytest.mark.parametrize(
    "changes",
    [
        {"baselines": (replace(CNN, config={"channels": 16}), ANN)},
        {"baselines": (replace(CNN, label="ANN, too"), ANN)},
        {"baselines": (replace(CNN, family="ann", config={}), ANN)},
        {"searches": (replace(GAP, space={"channels": Int(4, 128)}),)},
        {"searches": (replace(GAP, fixed={"hidden": 32}),)},
        {"searches": (replace(GAP, hand_picked=()),)},
        {"searches": (replace(GAP, label="other"),)},
    ],
)
def test_what_a_candidate_is_changes_the_digest(changes):
    assert claim_digest(replace(STUDY, **changes), CLAIM) != claim_digest(STUDY, CLAIM)


def test_a_baseline_of_equal_scale_is_what_it_is_matched_with():
    claim = replace(CLAIM, candidate="ann", versus=None)
    wider = replace(STUDY, baselines=(replace(CNN, config={"channels": 16}), ANN))
    assert claim_digest(wider, claim) != claim_digest(STUDY, claim)


def test_defaults_may_be_written_out_and_other_candidates_may_change():
    written = replace(CNN, config={"channels": 8, "dropout_conv": 0.0})
    other = replace(ANN, label="another ANN")
    study = replace(STUDY, baselines=(written, other))
    assert claim_digest(study, CLAIM) == claim_digest(STUDY, CLAIM)


def test_a_studys_digest_is_of_its_claims_in_any_order():
    other = replace(CLAIM, name="other")
    studies = [replace(STUDY, claims=claims) for claims in ((CLAIM, other), (other, CLAIM), ())]
    both, turned, none = map(study_digest, studies)
    assert both == turned
    assert len({both, none, study_digest(STUDY)}) == 3
    assert claim_digests(STUDY) == {"costs": claim_digest(STUDY, CLAIM)}


def test_a_training_is_registered_with_claims_and_budget():
    found = registration(plan_of(STUDY), "cnn")
    planned = {"trials": BUDGET.trials, "seeds": BUDGET.seeds, "judged": True, "source": "made"}
    claims = claim_digests(STUDY)
    assert found == {"study": "made", "claims": claims, "candidate": "cnn", "planned": planned}


def test_a_training_is_registered_with_the_claims_of_others_too():
    others = {"other": {"costs": "0" * 16}}
    found = registration(plan_of(STUDY), "cnn", others)
    assert found == registration(plan_of(STUDY), "cnn") | {"others": others}
