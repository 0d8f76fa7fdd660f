"""The loss that trainings minimise, for two classes and for more, and which answers are right."""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.functional import cross_entropy as categorical_cross_entropy


def cross_entropy(
    logits: Tensor, targets: Tensor, reduction: str = "mean", smoothing: float = 0.0
) -> Tensor:
    """In nats, of the examples' logits.

    Args:
        logits: (N,) of two classes, or (N, C).
        targets: float (N,) of two classes, int64 (N,) of more.
        reduction: PyTorch's, "mean" or "sum".
        smoothing: share of the target that is spread evenly over the classes, 0 to 1.
    """
    if logits.ndim == 1:
        smooth = targets * (1 - smoothing) + smoothing / 2 if smoothing else targets
        return binary_cross_entropy_with_logits(logits, smooth, reduction=reduction)
    return categorical_cross_entropy(
        logits, targets, reduction=reduction, label_smoothing=smoothing
    )


def hits(logits: Tensor, targets: Tensor) -> Tensor:
    """Whether the prediction is the target, bool (N,): whether a single logit is above 0, or which
    of several is the greatest. Arguments as `cross_entropy` has them."""
    if logits.ndim == 1:
        return (logits > 0) == (targets > 0)
    return logits.argmax(dim=1) == targets
