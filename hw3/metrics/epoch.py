"""The scores of every epoch of a training: arrays in, numbers out.

For two classes there is one logit for each image, (N,), that of class 1; for C classes there are C,
(N, C), and labels are 0 to C - 1.
"""

import numpy as np


def hits(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the prediction (logit > 0, or the class of the greatest one) is the label, bool (N,).

    Args:
        logits: float (N,) or (N, C).
        labels: 0 or 1, or up to C - 1, (N,).
    """
    if logits.ndim == 1:
        return (logits > 0) == (labels > 0)
    return logits.argmax(axis=1) == labels


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose prediction is the label, 0 to 1. Arguments as `hits` has them."""
    return float(np.mean(hits(logits, labels)))


def log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats, 0 upwards; what PyTorch's BCEWithLogitsLoss computes, or for
    more than two classes its CrossEntropyLoss.

    NaN where a logit is.

    Args:
        logits: float (N,) or (N, C).
        labels: 0 or 1, or up to C - 1, (N,).
    """
    return float(np.mean(image_losses(logits, labels)))


def image_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy of each image in nats, (N,). Arguments as `log_loss` has them."""
    with np.errstate(invalid="ignore"):  # the caller looks at the result
        if logits.ndim == 1:
            signed = np.where(labels > 0, -1.0, 1.0) * logits.astype(np.float64)
            return np.logaddexp(0.0, signed)
        of_label = np.take_along_axis(logits, labels.astype(np.int64)[:, None], axis=1)[:, 0]
        return np.logaddexp.reduce(logits.astype(np.float64), axis=1) - of_label


def auroc(logits: np.ndarray, labels: np.ndarray) -> float:
    """Area under the receiver operating characteristic, 0 to 1; ties count one half. Of more than
    two classes the mean of each against all others, by its probability.

    The Mann-Whitney statistic divided by the number of pairs (Hanley and McNeil 1982). NaN if a
    logit is not finite, for then there is no order.

    Args:
        logits: float (N,) or (N, C).
        labels: 0 or 1, or up to C - 1, (N,), all present.
    """
    if not np.isfinite(logits).all():
        return float("nan")
    if logits.ndim == 1:
        return _rank(logits, labels > 0)
    wide = logits.astype(np.float64)
    chances = wide - np.logaddexp.reduce(wide, axis=1, keepdims=True)  # their logarithms
    return float(np.mean([_rank(of, labels == one) for one, of in enumerate(chances.T)]))


def _rank(scores: np.ndarray, positive: np.ndarray) -> float:
    from scipy.stats import rankdata  # takes a second to import, and plans do not need it

    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    rank_sum = rankdata(scores)[positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
