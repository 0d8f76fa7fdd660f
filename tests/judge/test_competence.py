"""What is not judged on a model that has learnt nothing."""

import math

import pytest

from hw3.metrics import METRICS
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
    assert CONSTANT.scores["val_balanced_accuracy"] == 0.5
    assert (CONSTANT.scores["val_sensitivity"], CONSTANT.scores["val_specificity"]) == (1.0, 0.0)
    assert CONSTANT.scores["gap_accuracy"] == 0.0
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert CONSTANT.scores["train_loss"] == pytest.approx(entropy)
    assert CONSTANT.scores["gap_loss"] == pytest.approx(0.0)
    even = -(0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert CONSTANT.scores["test_loss"] == pytest.approx(even)


IMAGES = (0,) * 10 + (1,) * 30  # labels of the validation part


def answered(logits):
    """The score of a validation part whose images got these logits."""
    pairs = zip(logits, IMAGES, strict=True)
    correct = "".join("01"[(logit > 0) == bool(label)] for logit, label in pairs)
    return {"epoch": 1, "logits": list(logits), "correct": correct}


ALWAYS = [answered([2.0] * 40)]
NEVER = [answered([-2.0] * 40)]
RIGHT = [answered([-1.0] * 9 + [1.0] + [1.0] * 27 + [-1.0] * 3)]


USELESS, GOOD = {"val_accuracy": 0.75, "val_loss": 0.56}, {"val_accuracy": 0.9, "val_loss": 0.3}


def verdict_on(one, other=GOOD, val=RIGHT, **options):
    members = [
        trial(name, seed, epochs=({"train_eval_loss": 0.3, "seconds": 1.0} | row,), val=scores)
        for name, row, scores in (("a", one, val), ("b", other, RIGHT))
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


@pytest.mark.parametrize("metric", ["val_sensitivity", "val_specificity"])
@pytest.mark.parametrize("val", [ALWAYS, NEVER])
@pytest.mark.parametrize("region", [{"above": 0.8}, {"versus": "b", "above": 0.0}])
def test_the_rate_of_one_class_is_not_judged_on_a_useless_model(metric, val, region):
    verdict = verdict_on(USELESS, val=val, metric=metric, **region)
    assert verdict.outcome == "not judged" and "ConvGAP does no better" in verdict.note


def test_balanced_accuracy_is_judged_as_other_metrics_are():
    level = {"metric": "val_balanced_accuracy", "above": 0.85}
    assert verdict_on(GOOD, **level).outcome == "supported"
    assert verdict_on(GOOD, **level).effect == pytest.approx(0.9)
    assert verdict_on(USELESS, val=ALWAYS, **level).outcome == "refuted"
    below = {"metric": "val_balanced_accuracy", "below": 0.85}
    assert verdict_on(USELESS, val=ALWAYS, **below).outcome == "not judged"
    missing = verdict_on(GOOD, val=(), **level)
    assert missing.outcome == "not judged"
    assert "no confirmed trial of a has a value of val_balanced_accuracy" in missing.note


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_a_level_that_a_constant_answer_has_is_not_judged_on_a_useless_model(metric):
    value = CONSTANT.score(f"val_{metric}")
    region = {"metric": f"val_{metric}", "above": value - 0.01, "below": value + 0.01}
    assert verdict_on(USELESS, val=ALWAYS, **region).outcome == "not judged"


def test_a_useless_model_is_not_found_better_calibrated():
    region = {"metric": "val_calibration_error", "versus": "b", "below": 0.0}
    assert verdict_on(USELESS, val=ALWAYS, **region).outcome == "not judged"


def test_a_constant_answer_is_measured_by_any_metric():
    chance = 0.75
    assert CONSTANT.score("test_brier") == pytest.approx((chance**2 + (1 - chance) ** 2) / 2)
    assert CONSTANT.score("val_average_precision") == pytest.approx(0.75)
    assert CONSTANT.score("val_calibration_error") == pytest.approx(0.0)
    assert math.isnan(CONSTANT.score("val_mine"))


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
