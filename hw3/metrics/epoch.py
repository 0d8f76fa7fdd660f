"""The scores of every epoch of a training: arrays in, numbers out."""

import numpy as np


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose prediction (logit > 0) is the label, 0 to 1.

    Args:
        logits: float (N,).
        labels: 0 or 1, (N,).
    """
    return float(np.mean((logits > 0) == (labels > 0)))


def log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean binary cross-entropy in nats, 0 upwards; what BCEWithLogitsLoss computes.

    NaN where a logit is.

    Args:
        logits: float (N,).
        labels: 0 or 1, (N,).
    """
    signed = np.where(labels > 0, -1.0, 1.0) * logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # the caller looks at the result
        return float(np.mean(np.logaddexp(0.0, signed)))


def auroc(logits: np.ndarray, labels: np.ndarray) -> float:
    """Area under the receiver operating characteristic, 0 to 1; ties count one half.

    The Mann-Whitney statistic divided by the number of pairs (Hanley and McNeil 1982). NaN if a
    logit is not finite, for then there is no order.

    Args:
        logits: float (N,).
        labels: 0 or 1, (N,), both present.
    """
    if not np.isfinite(logits).all():
        return float("nan")
    from scipy.stats import rankdata  # takes a second to import, and plans do not need it

    positive = labels > 0
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    rank_sum = rankdata(logits)[positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
