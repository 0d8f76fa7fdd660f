import numpy as np
import pytest
import sklearn.metrics
import torch
from scipy.stats import mannwhitneyu
from sklearn.calibration import calibration_curve

from hw3.metrics import METRICS, accuracy, answers, auroc, log_loss, probabilities

LOGITS = np.array([-2.0, -0.5, 0.0, 0.5, 3.0], dtype=np.float32)
LABELS = np.array([0, 1, 0, 1, 1], dtype=np.uint8)


def test_accuracy_counts_a_logit_of_zero_as_normal():
    assert accuracy(LOGITS, LABELS) == pytest.approx(4 / 5)


def test_log_loss_is_pytorchs():
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(LOGITS), torch.from_numpy(LABELS).float()
    )
    assert log_loss(LOGITS, LABELS) == pytest.approx(float(expected), rel=1e-6)


def test_log_loss_of_extreme_logits_is_finite():
    assert log_loss(np.array([1e4, -1e4]), np.array([0, 1])) == pytest.approx(1e4)


def test_auroc_is_the_share_of_ordered_pairs_with_ties_half():
    logits = np.array([0.0, 1.0, 1.0, 2.0])
    labels = np.array([0, 0, 1, 1])
    assert auroc(logits, labels) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_auroc_is_the_mann_whitney_statistic_over_its_pairs():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    logits = rng.integers(-9, 9, 200).astype(np.float32)  # with many ties
    statistic = mannwhitneyu(logits[labels == 1], logits[labels == 0]).statistic
    assert auroc(logits, labels) == statistic / (labels.sum() * (1 - labels).sum())


def test_auroc_of_no_number_is_no_number():
    assert np.isnan(auroc(np.array([0.0, np.nan]), np.array([0, 1])))


RNG = np.random.default_rng(3)
BINARY = RNG.integers(0, 2, 300)
SCORES = np.round(RNG.normal(size=300) + BINARY, 1)  # with ties
CHANCES = 1 / (1 + np.exp(-SCORES))
ANSWERS = SCORES > 0
CLASSES = RNG.integers(0, 3, 300)
SCORES_OF_3 = RNG.normal(size=(300, 3)) + 1.5 * np.eye(3)[CLASSES]


def highest_sensitivity(labels, scores):
    rates = [((scores > t)[labels == 1].mean(), (scores <= t)[labels == 0].mean()) for t in scores]
    return max(sensitivity for sensitivity, specificity in rates if specificity >= 0.9)


def distance_from_diagonal(labels, chances):
    shares, means = calibration_curve(labels, chances, n_bins=10)
    counts = np.histogram(1 - chances, np.linspace(0, 1, 11))[0][::-1]  # closed on the right
    return np.abs(shares - means) @ counts[counts > 0] / counts.sum()


EXPECTED = {
    "accuracy": (BINARY == ANSWERS).mean(),
    "loss": sklearn.metrics.log_loss(BINARY, CHANCES),
    "auroc": sklearn.metrics.roc_auc_score(BINARY, SCORES),
    "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(BINARY, ANSWERS),
    "sensitivity": sklearn.metrics.recall_score(BINARY, ANSWERS),
    "specificity": sklearn.metrics.recall_score(BINARY, ANSWERS, pos_label=0),
    "f1": 2 * (BINARY & ANSWERS).sum() / (BINARY.sum() + ANSWERS.sum()),
    "average_precision": sklearn.metrics.average_precision_score(BINARY, SCORES),
    "sensitivity_at_90": highest_sensitivity(BINARY, SCORES),
    "brier": ((CHANCES - BINARY) ** 2).mean(),
    "calibration_error": distance_from_diagonal(BINARY, CHANCES),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_what_scikit_learn_or_its_definition_gives(name):
    assert METRICS[name](SCORES, BINARY) == pytest.approx(EXPECTED[name], abs=1e-12)
    assert METRICS[name](SCORES.astype(np.float32), BINARY.astype(np.uint8)) == pytest.approx(
        EXPECTED[name], abs=1e-6
    )


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_better_for_a_perfect_model_than_for_any(name):
    metric = METRICS[name]
    perfect = metric(np.where(BINARY == 1, 50.0, -50.0), BINARY)
    assert perfect == pytest.approx(float(metric.higher_is_better), abs=1e-12)
    other = metric(SCORES, BINARY)
    assert (other < perfect) if metric.higher_is_better else (other > perfect)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_of_no_number_is_no_number(name):
    for spoilt in (np.nan, np.inf):
        assert np.isnan(METRICS[name](np.array([0.0, spoilt, 1.0]), np.array([0, 1, 1])))
    assert np.isnan(METRICS[name](np.array([]), np.array([])))


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("only", [0, 1])
def test_a_metric_of_one_class_is_a_number_or_no_number_and_raises_nothing(name, only):
    value = METRICS[name](np.array([-2.0, 0.5, 1.0]), np.full(3, only))
    needs_both = {"auroc", "balanced_accuracy", "f1", "average_precision", "sensitivity_at_90"}
    other = {"sensitivity": 0, "specificity": 1}.get(name) == only
    assert np.isnan(value) == (name in needs_both or other)


@pytest.mark.parametrize("name", [name for name, one in METRICS.items() if one.two_classes])
def test_a_metric_of_two_classes_is_not_defined_for_three(name):
    assert np.isnan(METRICS[name](SCORES_OF_3, CLASSES))


def test_metrics_of_three_classes():
    answered, chances = SCORES_OF_3.argmax(axis=1), probabilities(SCORES_OF_3)
    measured = {
        name: METRICS[name](SCORES_OF_3, CLASSES)
        for name in ("balanced_accuracy", "f1", "brier", "calibration_error")
    }
    assert measured == pytest.approx(
        {
            "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(CLASSES, answered),
            "f1": sklearn.metrics.f1_score(CLASSES, answered, average="macro"),
            "brier": ((chances - np.eye(3)[CLASSES]) ** 2).sum(axis=1).mean() / 2,
            "calibration_error": distance_from_diagonal(answered == CLASSES, chances.max(axis=1)),
        }
    )
    assert np.isnan(METRICS["f1"](SCORES_OF_3[CLASSES < 2], CLASSES[CLASSES < 2]))


def test_two_logits_say_what_their_difference_says():
    both = np.column_stack([np.zeros(300), SCORES])
    assert probabilities(both)[:, 1] == pytest.approx(probabilities(SCORES))
    assert (answers(both) == answers(SCORES)).all()
    assert probabilities(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1.0]
