"""Calibration: how often models are right, by how sure they say they are."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw3.metrics import probabilities
from study.figures.theme import COLOURS, FAINT, MARKERS, add_legend
from study.table.images import read_correct, read_numbers
from study.table.seeds import confirmed_finals, describe_same, name_once

BINS = 8
PARTS = {"test": "test", "val": "validation"}
HELD = ("logits", "confidences")  # tables of earlier versions have no confidences
COLUMNS = ["candidate", "label", "part", "bin", "images", "seeds", "confidence", "right"]


def frame_of_calibration(
    table: pd.DataFrame, *, candidates: tuple[str, ...] | None = None, bins: int = BINS
) -> pd.DataFrame:
    """How sure the models of each candidate are of their answers, and how often they are right, at
    the last epoch; of the test part where its answers are recorded, else of the validation part.
    The probability is that of the answer, whatever the number of classes (Guo et al. 2017).

    The answers of all seeds are taken together, in order of confidence, and cut into bins of equal
    numbers of answers.

    Args:
        candidates: names; all if None.
        bins: number of bins, from 1.

    Returns:
        One row per candidate and bin: candidate, label, part, bin from 0, images (answers in the
        bin), seeds, confidence (mean probability of the answer that is given) and right (share of
        right answers). Empty where no probabilities are recorded.
    """
    finals = confirmed_finals(table)
    if candidates is not None:
        finals = finals.loc[finals["candidate"].isin(candidates)]
    finals = name_once(finals)
    scored = {part: _scored(finals, part) for part in PARTS}
    part = next((part for part, rows in scored.items() if len(rows)), None)
    if part is None:
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for name, trainings in scored[part].groupby("candidate", sort=False):
        label = trainings["label"].iloc[0]
        each = [_answers(training, part) for training in trainings.to_dict("records")]
        sure, right = (np.concatenate(values) for values in zip(*each, strict=True))
        order = np.argsort(sure, kind="stable")
        for number, chosen in enumerate(np.array_split(order, min(bins, len(order)))):
            shown = (float(sure[chosen].mean()), float(right[chosen].mean()))
            rows.append((name, label, PARTS[part], number, len(chosen), len(each), *shown))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    most = frame["bin"].to_numpy(int).max() + 1
    frame.attrs["note"] = (
        f"{PARTS[part]} part, the answers of all seeds (up to n = {frame['seeds'].max()} seeds) "
        f"in {most} bins of equal numbers of answers, from the least to the most confident"
        + describe_same(frame["label"])
    )
    return frame


def _scored(trainings: pd.DataFrame, part: str) -> pd.DataFrame:
    """Those that hold the probabilities of their answers to the part's images."""
    held = [f"{part}_{what}" for what in HELD if f"{part}_{what}" in trainings]
    known = trainings[held].notna().any(axis="columns")
    return trainings.loc[known & trainings[f"{part}_correct"].notna()]


def _answers(training: Mapping[Hashable, Any], part: str) -> tuple[np.ndarray, np.ndarray]:
    """The probability that the model gives its answer to each image, and whether it is right."""
    right = read_correct(str(training[f"{part}_correct"]))
    if isinstance(logits := training[f"{part}_logits"], str):
        of_second = probabilities(read_numbers(logits))
        return np.maximum(of_second, 1 - of_second), right
    return read_numbers(str(training[f"{part}_confidences"])), right


def draw_calibration(frame: pd.DataFrame, figure: Figure) -> None:
    """A line for each candidate; on the diagonal models are as often right as they are sure."""
    figure.set_figheight(5.6)
    ax = figure.subplots()
    least = 100 * frame[["confidence", "right"]].to_numpy(float).min()
    low, high = max(0.0, least - 4), 102.0
    handles = {}
    (handles["as sure as right"],) = ax.plot([low, 100], [low, 100], color=FAINT, linestyle="--")
    for place, (label, rows) in enumerate(frame.groupby("label", sort=False)):
        (handles[str(label)],) = ax.plot(
            rows["confidence"] * 100,
            rows["right"] * 100,
            color=COLOURS[place % len(COLOURS)],
            marker=MARKERS[place % len(MARKERS)],
            markeredgecolor="white",
        )
    ax.set(xlim=(low, high), ylim=(low, high))
    ax.set_xlabel("probability that a model gives its answer (%)")
    ax.set_ylabel(f"right answers, {frame['part'].iloc[0]} part (%)")
    add_legend(figure, handles)


def describe_calibration(frame: pd.DataFrame) -> str:
    """By how much confidence and the share of right answers differ, in words."""
    said = []
    for label, rows in frame.groupby("label", sort=False):
        sure, right = rows["confidence"].to_numpy(float), rows["right"].to_numpy(float)
        weights = rows["images"].to_numpy(float) / rows["images"].to_numpy(float).sum()
        gap = 100 * float(weights @ abs(sure - right))
        said.append(
            f"{label}: {100 * weights @ sure:.0f} % sure on average and "
            f"{100 * weights @ right:.0f} % right; over the bins they differ by {gap:.1f} "
            "percentage points on average."
        )
    return " ".join(said)
