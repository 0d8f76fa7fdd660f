"""What is not judged on a model that has learnt nothing."""

import math

import pytest

from study.judge import Terms, constant_predictor, judge
from study.table.rows import make_table
from tests.judge.test_judge import claim, trial

COUNTS = {
    "train": {"normal": 20, "pneumonia": 60},
    "val": {"normal": 10, "pneumonia": 30},
    "test": {"normal": 20, "pneumonia": 20},
}
CONSTANT = constant_predictor(COUNTS)


def test_the_constant_predictor_answers_with_the_training_parts_majority():
    assert CONSTANT.answer == "pneumonia"
    assert CONSTANT.scores["val_accuracy"] == 0.75
    assert CONSTANT.scores["test_accuracy"] == 0.5
    assert CONSTANT.scores["gap_accuracy"] == 0.0
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert CONSTANT.scores["train_loss"] == pytest.approx(entropy)
    assert CONSTANT.scores["gap_loss"] == pytest.approx(0.0)
    even = -(0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert CONSTANT.scores["test_loss"] == pytest.approx(even)


USELESS, GOOD = {"val_accuracy": 0.75, "val_loss": 0.56}, {"val_accuracy": 0.9, "val_loss": 0.3}


def verdict_on(one, other=GOOD, **options):
    members = [
        trial(name, seed, epochs=({"train_eval_loss": 0.3, "seconds": 1.0} | row,))
        for name, row in (("a", one), ("b", other))
        for seed in range(8)
    ]
    labels = {"a": "ConvGAP", "b": "ConvModel"}
    return judge([claim(**options)], make_table(members), Terms(constant=CONSTANT), labels)[0]


@pytest.mark.parametrize(
    "options",
    [
        {"metric": "gap_loss", "below": 0.5},
        {"metric": "val_accuracy", "below": 0.9},
        {"metric": "val_accuracy", "above": 0.7, "below": 0.8},
        {"metric": "epochs_to_converge", "below": 5},
        {"metric": "seconds_to_converge", "versus": "b", "below": 1.5, "ratio": True},
        {"metric": "gap_loss", "versus": "b", "below": 0.9},
    ],
)
def test_a_claim_that_a_useless_model_satisfies_is_not_judged_on_one(options):
    verdict = verdict_on(USELESS, **options)
    assert verdict.outcome == "not judged"
    assert "ConvGAP does no better than always answering “pneumonia” (75.0 %" in verdict.note
    assert verdict_on(GOOD, USELESS, **{"above": 0.0} | options).note.startswith("ConvModel") == (
        "versus" in options
    )


@pytest.mark.parametrize(
    "options",
    [
        {"metric": "val_accuracy", "above": 0.9},  # said of a good model, and refuted
        {"metric": "val_accuracy", "versus": "b", "below": 0.0},
        {"metric": "learning_rate", "below": 2.0},
    ],
)
def test_a_claim_that_a_useless_model_can_fail_is_judged(options):
    assert verdict_on(USELESS, **options).outcome in ("supported", "refuted")


def test_two_useless_models_are_not_compared_by_their_scores():
    verdict = verdict_on(USELESS, USELESS, versus="b", above=-0.01, below=0.01)
    assert verdict.outcome == "not judged"
    assert "ConvGAP and ConvModel do no better" in verdict.note


def test_a_candidate_is_useless_if_half_of_its_trainings_are():
    members = [
        trial("a", seed, epochs=(GOOD if seed < 4 else USELESS,), status=status)
        for seed, status in enumerate(["complete"] * 8)
    ]
    options = {"metric": "gap_loss", "below": 1.0}
    table = make_table(members)
    assert judge([claim(**options)], table, Terms(constant=CONSTANT))[0].outcome == "not judged"
    one_more = make_table([*members, trial("a", 9, epochs=(GOOD,))])
    assert judge([claim(**options)], one_more, Terms(constant=CONSTANT))[0].outcome == "supported"
    assert judge([claim(**options)], table)[0].outcome == "supported"  # nothing is known of shares
