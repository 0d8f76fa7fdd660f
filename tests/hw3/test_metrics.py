import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from hw3.metrics import accuracy, auroc, log_loss

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
