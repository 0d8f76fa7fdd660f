"""What logits say: probabilities, and the predicted class."""

import numpy as np


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Of class 1, (N,), where the logits are (N,); of each class, (N, C), where they are."""
    if logits.ndim == 1:
        return np.exp(-np.logaddexp(0.0, -logits))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def answers(logits: np.ndarray) -> np.ndarray:
    """The predicted class of each image, int (N,); of two classes 0 where the logit is 0."""
    return (logits > 0).astype(np.int64) if logits.ndim == 1 else logits.argmax(axis=1)
