"""Digests of claims: what decides a verdict changes them, words do not."""

from dataclasses import fields, replace

import pytest

from study.spec.registration import WORDS, claim_digest, claim_digests, study_digest
from study.spec.study import Claim, Scale

CLAIM = Claim("costs", "gap", "val_accuracy", "convmodel", below=0.0, quote="it costs", source="11")
CHANGES = {
    "name": "other",
    "candidate": "lab4",
    "metric": "train_accuracy",
    "versus": None,
    "above": -0.1,
    "below": 0.01,
    "epoch": "best",
    "ratio": True,
    "one_sided": True,
    "about": "mean",
    "scale": Scale(30, 256),
}


def test_every_field_of_a_claim_is_one_that_decides_or_words():
    assert {item.name for item in fields(Claim)} == {*CHANGES, *WORDS}


@pytest.mark.parametrize("field", CHANGES)
def test_what_decides_a_verdict_changes_the_digest(field):
    assert claim_digest(replace(CLAIM, **{field: CHANGES[field]})) != claim_digest(CLAIM)


@pytest.mark.parametrize("field", WORDS)
def test_words_change_no_digest(field):
    assert claim_digest(replace(CLAIM, **{field: "other words"})) == claim_digest(CLAIM)


def test_a_whole_bound_is_the_number_that_it_equals():
    assert claim_digest(replace(CLAIM, below=0)) == claim_digest(CLAIM)


def test_a_studys_digest_is_of_its_claims_in_any_order():
    other = replace(CLAIM, name="other")
    assert study_digest([CLAIM, other]) == study_digest([other, CLAIM])
    assert len({study_digest(each) for each in ([CLAIM, other], [CLAIM], [])}) == 3
    assert claim_digests([CLAIM]) == {"costs": claim_digest(CLAIM)}
