"""Scores of single images, as the table keeps them: text, one entry for each image of a part."""

import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import numpy as np

from hw3.metrics import METRICS, Metric
from study.store.reading import warn


def format_numbers(numbers: Sequence[float] | None) -> str | None:
    """What the table's `val_logits`, `val_losses` and `val_confidences` hold; None where there are
    none."""
    return " ".join(map(str, numbers)) if numbers else None


def read_numbers(text: str) -> np.ndarray:
    """The table's `val_logits`, `val_losses` or `val_confidences`, float (images,)."""
    return np.array(text.split(), dtype=float)


def image_losses(logits: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Cross-entropy of each image of two classes in nats, whose mean is the part's loss.

    Args:
        logits: (..., images).
        correct: whether the prediction (logit > 0) is the label, bool (..., images).
    """
    return np.logaddexp(0.0, np.where(correct, -1, 1) * np.abs(logits))


def measure(logits: np.ndarray, labels: np.ndarray) -> Mapping[str, float]:
    """What a part's images score by each of `hw3.metrics.METRICS`, by its name.

    Args:
        logits: (images,) of two classes, (images, classes) of more.
        labels: from 0, (images,).
    """
    content = (logits.astype(float).tobytes(), labels.astype(np.int64).tobytes())
    return _measure(*content, logits.shape, tuple(METRICS.items()))


@lru_cache(maxsize=4096)  # the table is made again at each look, from much the same records
def _measure(
    logits: bytes, labels: bytes, shape: tuple[int, ...], metrics: tuple[tuple[str, Metric], ...]
) -> Mapping[str, float]:
    values = np.frombuffer(logits).reshape(shape)
    of_images = np.frombuffer(labels, np.int64)
    return {name: _score(name, metric, values, of_images) for name, metric in metrics}


def _score(name: str, metric: Metric, logits: np.ndarray, labels: np.ndarray) -> float:
    """NaN where somebody's own metric raises: no fault of it may cost the table."""
    try:
        return metric(logits, labels)
    except Exception as error:  # noqa: BLE001 - it may raise anything
        _warn_once(f"the metric {name} is missing where it raises: {type(error).__name__}: {error}")
        return math.nan


@cache
def _warn_once(message: str) -> None:
    warn(message)


def read_correct(text: str) -> np.ndarray:
    """The table's `val_correct` or `test_correct`, bool (images,)."""
    return np.frombuffer(text.encode(), np.uint8) == ord("1")
