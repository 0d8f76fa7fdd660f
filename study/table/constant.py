"""What a model scores that always gives the same answer: accuracies mean something beside it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hw3.metrics import METRICS
from study.table.formatting import column_name, find_column, format_value


@dataclass(frozen=True)
class Constant:
    """The model that always answers with the training part's majority class.

    Attributes:
        answer: that class.
        scores: what it scores, by metric. Its losses are those of the training part's shares of
            the classes, given as the probability of every image.
        counts: images by part and class.
    """

    answer: str
    scores: Mapping[str, float]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What figures and tables call it."""
        return f"always “{self.answer}”"

    def score(self, column: str) -> float:
        """What it scores by a column; NaN where that is not known.

        Metrics that are not among `scores` are computed here: scikit-learn takes time to import.
        """
        part, _, name = column.partition("_")
        if column in self.scores or name not in METRICS or part not in self.counts:
            return self.scores.get(column, math.nan)
        counts, train = list(self.counts[part].values()), list(self.counts["train"].values())
        labels = np.repeat(np.arange(len(counts)), counts)
        logits = np.log(np.array(train) / sum(train))
        if len(logits) == 2:
            return METRICS[name](np.full(len(labels), logits[1] - logits[0]), labels)
        return METRICS[name](np.tile(logits, (len(labels), 1)), labels)

    def accuracy(self, column: str) -> float | None:
        """What it scores by a column of accuracies; None for another column, or where the data has
        no such part."""
        is_accuracy = "accuracy" in column and find_column(column).higher_is_better
        return self.scores.get(column) if is_accuracy else None

    def describe(self, columns: Iterable[str]) -> str:
        """What it scores by those of the columns that are accuracies; empty where none is."""
        accuracies = {column: self.accuracy(column) for column in columns}
        said = [
            f"{column_name(column).replace(',', '')} {format_value(column, value)}"
            for column, value in accuracies.items()
            if value is not None
        ]
        return f"always answering “{self.answer}”: {', '.join(said)}" if said else ""


def constant_predictor(counts: Mapping[str, Mapping[str, int]]) -> Constant:
    """The constant predictor of a data set.

    Args:
        counts: images by part ("train", "val", perhaps "test") and class, each of them in the
            training part; the classes in the order of their labels.
    """
    train = counts["train"]
    answer = max(train, key=lambda name: train[name])
    names = list(train)  # in the order of the labels
    logs = {name: math.log(number / sum(train.values())) for name, number in train.items()}
    scores: dict[str, float] = {}
    for part, of_class in counts.items():
        total = sum(of_class.values())
        scores[f"{part}_accuracy"] = of_class[answer] / total
        scores[f"{part}_loss"] = -sum(of_class[name] * logs[name] for name in of_class) / total
        scores[f"{part}_auroc"] = 0.5
        scores[f"{part}_balanced_accuracy"] = 1 / len(names)
        if len(names) == 2:
            scores[f"{part}_sensitivity"] = float(answer == names[1])
            scores[f"{part}_specificity"] = float(answer == names[0])
    for score in ("accuracy", "loss"):
        scores[f"train_eval_{score}"] = scores[f"train_{score}"]
    scores["val_accuracy_max"] = scores["val_accuracy"]
    gap = scores["train_accuracy"] - scores["val_accuracy"]
    scores |= {"gap_accuracy": gap, "gap_accuracy_logged": gap}
    scores["gap_loss"] = scores["val_loss"] - scores["train_loss"]
    return Constant(answer, scores, counts)
