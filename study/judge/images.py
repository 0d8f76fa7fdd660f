"""What a claim's metric is made of, image by image, where it is made of images."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from study.spec.claim import Claim
from study.stats.crossed import crossed_mean
from study.table.images import image_losses, read_correct, read_numbers

Interval = tuple[float, float]
SCORES = {f"{part}_{score}": part for part in ("val", "test") for score in ("accuracy", "loss")}


def image_scores(claim: Claim, metric: str, rows: Sequence[pd.DataFrame]) -> np.ndarray | None:
    """Scores of single images whose mean is the claim's effect, (seeds, images): bool for one
    candidate's accuracy, else numbers. None where the effect has no such parts, or where the
    records do not have them, or are of other images.

    Args:
        metric: the column that is read.
        rows: of each candidate, one per seed that counts, in the same order.
    """
    if metric not in SCORES or claim.ratio or rows[0].empty:
        return None
    of_each = [_scores(metric, each) for each in rows]
    known = [scores for scores in of_each if scores is not None]
    if len(known) < len(rows) or len({scores.shape for scores in known}) > 1:
        return None
    return known[0] if len(known) == 1 else known[0].astype(float) - known[1]


def _scores(metric: str, rows: pd.DataFrame) -> np.ndarray | None:
    """One candidate's, (seeds, images)."""
    part, score = metric.split("_")
    texts = rows[f"{part}_correct"]
    if texts.isna().to_numpy().any():
        return None
    correct = [read_correct(text) for text in texts]
    if len({answers.size for answers in correct}) > 1:
        return None
    return np.array(correct) if score == "accuracy" else _losses(part, rows, np.array(correct))


def _losses(part: str, rows: pd.DataFrame, correct: np.ndarray) -> np.ndarray | None:
    """(seeds, images): as they are recorded, or of two classes from the logits."""
    several = rows[f"{part}_losses"].notna().to_numpy().all()
    texts = rows[f"{part}_{'losses' if several else 'logits'}"]
    if texts.isna().to_numpy().any():
        return None
    numbers = [read_numbers(text) for text in texts]
    if {one.size for one in numbers} != {correct.shape[1]}:
        return None
    return np.array(numbers) if several else image_losses(np.array(numbers), correct)


def patient_interval(
    scores: np.ndarray | None, metric: str, patients: Mapping[str, Sequence[int] | None]
) -> Interval | None:
    """95 % interval of the effect over new seeds and new patients; None where it is not known.

    Args:
        scores: of `image_scores`.
        patients: whose each image is, by part; every image is a patient of its own where a part is
            missing or None.
    """
    if scores is None:
        return None
    codes = patients.get(SCORES[metric])
    if codes is not None and len(codes) != scores.shape[1]:
        return None
    low, high = crossed_mean(scores, None if codes is None else np.array(codes)).interval
    return None if np.isnan([low, high]).any() else (low, high)
