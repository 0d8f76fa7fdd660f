"""Scores of single images, as the table keeps them: text, one entry for each image of a part."""

import math
from collections.abc import Sequence

import numpy as np


def format_logits(logits: Sequence[float] | None) -> str | None:
    """What the table's `val_logits` and `test_logits` hold; None where there are none."""
    return " ".join(map(str, logits)) if logits else None


def read_logits(text: str) -> np.ndarray:
    """The table's `val_logits` or `test_logits`, float (images,)."""
    return np.array(text.split(), dtype=float)


def image_losses(logits: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Cross-entropy of each image in nats, whose mean is the part's loss.

    Args:
        logits: (..., images).
        correct: whether the prediction (logit > 0) is the label, bool (..., images).
    """
    return np.logaddexp(0.0, np.where(correct, -1, 1) * np.abs(logits))


def class_rates(logits: np.ndarray, correct: np.ndarray) -> dict[str, float]:
    """How well each class was recognised: sensitivity, specificity, and their mean, the
    balanced_accuracy; NaN where an image of a class is missing.

    Pneumonia, label 1, is the positive class. The labels follow from predictions and answers.

    Args:
        logits: (images,).
        correct: whether the prediction (logit > 0) is the label, bool (images,).
    """
    positive = (logits > 0) == correct
    sensitivity, specificity = (
        float(correct[of_class].mean()) if of_class.any() else math.nan
        for of_class in (positive, ~positive)
    )
    return {
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
    }


def read_correct(text: str) -> np.ndarray:
    """The table's `val_correct` or `test_correct`, bool (images,)."""
    return np.frombuffer(text.encode(), np.uint8) == ord("1")
