"""The metrics that claims, figures and searches can name. METRICS is the only list of them.

A new metric is a function and an entry, here or in a study's own file. Unless a docstring says
otherwise, its function takes the logits of N images, float (N,) for two classes or (N, C) for C of
them, and the labels, 0 to C - 1, (N,); it is NaN where a class has no image and it would need one.
scikit-learn computes what it has; it is imported where it is used, since plans do not need it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hw3.metrics.epoch import accuracy, auroc, log_loss
from hw3.metrics.predictions import answers, probabilities

SPECIFICITY = 0.9  # at which sensitivity_at_90 reads the sensitivity
BINS = 10  # of equal width, of the calibration error


@dataclass(frozen=True)
class Metric:
    """A score of a part's images.

    Attributes:
        label: what figures and reports call it, behind "validation" or "test".
        score: (logits, labels) -> float, see the top of this module.
        higher_is_better: whether the greater of two values is the better one.
        unit: of its values; a share is from 0 to 1, and is shown in percent.
        two_classes: whether it is defined for two classes only, of which 1 is the positive one.
    """

    label: str
    score: Callable[[np.ndarray, np.ndarray], float]
    higher_is_better: bool = True
    unit: Literal["share", "nats", ""] = "share"
    two_classes: bool = False

    def __call__(self, logits: np.ndarray, labels: np.ndarray) -> float:
        """The score; NaN where it is not defined, or where a logit is not finite.

        Args:
            logits: float (N,) or (N, C).
            labels: 0 to C - 1, (N,).
        """
        logits, labels = np.asarray(logits, np.float64), np.asarray(labels).astype(np.int64)
        defined = not (self.two_classes and logits.ndim > 1)
        if not (defined and labels.size and np.isfinite(logits).all()):
            return math.nan
        return float(self.score(logits, labels))


def balanced_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes of the share of its images that were classified correctly
    (Brodersen et al. 2010)."""
    recalls = [_recall(logits, labels, one) for one in range(_classes(logits))]
    return sum(recalls) / len(recalls)


def sensitivity(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images of class 1 that were classified correctly, the recall."""
    return _recall(logits, labels, 1)


def specificity(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images of class 0 that were classified correctly."""
    return _recall(logits, labels, 0)


def f1(logits: np.ndarray, labels: np.ndarray) -> float:
    """Harmonic mean of precision and recall of class 1 (van Rijsbergen 1979); of more than two
    classes the mean over them (macro). By scikit-learn's f1_score."""
    from sklearn.metrics import f1_score

    if not _has_every_class(logits, labels):
        return math.nan
    average = "binary" if logits.ndim == 1 else "macro"
    return f1_score(labels, answers(logits), average=average)


def area_under_roc(logits: np.ndarray, labels: np.ndarray) -> float:
    """`hw3.metrics.auroc`."""
    return auroc(logits, labels) if _has_every_class(logits, labels) else math.nan


def average_precision(logits: np.ndarray, labels: np.ndarray) -> float:
    """Precision at each threshold, weighted by what it adds to the recall: the area under the
    precision-recall curve. By scikit-learn's average_precision_score."""
    from sklearn.metrics import average_precision_score

    if not _has_every_class(logits, labels):
        return math.nan
    return float(average_precision_score(labels, logits))


def sensitivity_at_90(logits: np.ndarray, labels: np.ndarray) -> float:
    """The greatest sensitivity of a threshold whose specificity is at least SPECIFICITY. The
    threshold is that of these very images. By scikit-learn's roc_curve."""
    from sklearn.metrics import roc_curve

    if not _has_every_class(logits, labels):
        return math.nan
    false_positives, true_positives, _ = roc_curve(labels, logits, drop_intermediate=False)
    allowed = false_positives <= 1 - SPECIFICITY + 1e-9  # which is less than one image is
    return float(true_positives[allowed].max())


def brier(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared error of the probabilities (Brier 1950), 0 to 1: of class 1, or half of the sum
    over the classes where there are more than two. By scikit-learn's brier_score_loss."""
    from sklearn.metrics import brier_score_loss

    classes = list(range(_classes(logits)))
    score = brier_score_loss(labels, probabilities(logits), labels=classes)
    return score if logits.ndim == 1 else score / 2


def calibration_error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error: the distance between the mean probability and the share of
    images that are what it says, averaged over BINS bins of probability, each weighted by its
    images. The probability is that of class 1 (Naeini et al. 2015), or of more than two classes
    that of the predicted one (Guo et al. 2017)."""
    chances = probabilities(logits)
    hits = labels == 1
    if logits.ndim > 1:
        chances, hits = chances.max(axis=1), answers(logits) == labels
    bins = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], chances)
    return float(np.abs(np.bincount(bins, weights=chances - hits)).sum() / len(labels))


METRICS = {
    "accuracy": Metric("accuracy", accuracy),
    "loss": Metric("loss", log_loss, higher_is_better=False, unit="nats"),
    "auroc": Metric("AUROC", area_under_roc),
    "balanced_accuracy": Metric("balanced accuracy", balanced_accuracy),
    "sensitivity": Metric("sensitivity", sensitivity, two_classes=True),
    "specificity": Metric("specificity", specificity, two_classes=True),
    "f1": Metric("F1", f1),
    "average_precision": Metric("average precision", average_precision, two_classes=True),
    "sensitivity_at_90": Metric(
        "sensitivity at 90 % specificity", sensitivity_at_90, two_classes=True
    ),
    "brier": Metric("Brier score", brier, higher_is_better=False, unit=""),
    "calibration_error": Metric("calibration error", calibration_error, higher_is_better=False),
}


def _classes(logits: np.ndarray) -> int:
    return 2 if logits.ndim == 1 else logits.shape[1]


def _has_every_class(logits: np.ndarray, labels: np.ndarray) -> bool:
    return np.unique(labels).size == _classes(logits)


def _recall(logits: np.ndarray, labels: np.ndarray, one: int) -> float:
    """Share of a class's images that were classified correctly; NaN where it has none."""
    of_class = labels == one
    return float((answers(logits)[of_class] == one).mean()) if of_class.any() else math.nan
