"""The epoch loop: trainings to their recipe's end, one row of scores per epoch."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from hw3.engine.images import resident
from hw3.engine.scoring import predict
from hw3.engine.steps import Steps
from hw3.engine.training import Training
from hw3.metrics import accuracy, auroc, log_loss
from hw3.splits import Split, Splits


@dataclass
class EpochRow:
    """The scores of one epoch. Losses in nats, accuracies and AUROC 0 to 1.

    `train_loss` and `train_accuracy` are logged while training: with dropout active and images as
    they are augmented, each batch before its own step. `train_eval_*` score the whole training set
    in evaluation mode, None where not due. `seconds` is the epoch's wall-clock time, training and
    scoring; NaN where the engine does not measure it, and whoever asks for the row does.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    train_eval_loss: float | None
    train_eval_accuracy: float | None
    val_loss: float
    val_accuracy: float
    val_auroc: float
    seconds: float = float("nan")

    def is_finite(self) -> bool:
        """Whether the losses are numbers; training has diverged where they are not."""
        return bool(np.isfinite([self.train_loss, self.val_loss]).all())


def epoch_row(
    epoch: int, predict: Callable[[np.ndarray], np.ndarray], data: Splits, rate: float = 0.0
) -> EpochRow:
    """The row of an engine whose loss is that of its logits; for engines of one's own.

    Args:
        predict: a part's examples -> their logits after the epoch, float (N,) for two classes or
            (N, C) for C of them.
        rate: of learning, 0 where there is none.
    """
    train, val = (predict(part.images) for part in (data.train, data.val))
    trained = log_loss(train, data.train.labels), accuracy(train, data.train.labels)
    labels = data.val.labels
    held = log_loss(val, labels), accuracy(val, labels), auroc(val, labels)
    return EpochRow(epoch, rate, *trained, *trained, *held)


def train_epochs(training: Training, data: Splits) -> Iterator[EpochRow]:
    """Train to the recipe's end, from wherever `training` stands; one row per epoch.

    The order of the images and the dropout masks of an epoch are drawn from the seed and the
    epoch's number alone: equal seeds give equal curves, resumed or not. Ends after an epoch
    whose loss is not finite.
    """
    for (row,) in train_together([training], data):
        assert row is not None
        yield row


def train_together(trainings: Sequence[Training], data: Splits) -> Iterator[list[EpochRow | None]]:
    """Train several at once, each as `train_epochs` would train it; their rows, epoch by epoch.

    On a GPU they run side by side (`hw3.engine.repeated`); on the CPU one after the other, which
    is no faster than each alone. Each is given an equal share of an epoch's `seconds`.

    Args:
        trainings: on one device, of recipes with equal `batch_size`. They need not stand at the
            same epoch, nor be of one architecture.

    Yields:
        A row for each training, None for those that have come to their end.
    """
    device = trainings[0].device
    classes = len(data.classes)
    train, val = (resident(part, device, classes) for part in (data.train, data.val))
    under_way = [one for one in trainings if one.epoch < one.recipe.epochs]
    while under_way:
        steps = Steps(under_way, *train)
        ended: list[Training] = []
        while not ended:
            rows = _train_one_epoch(under_way, steps, data, train[0], val[0])
            yield [rows.get(one) for one in trainings]
            ended = [one for one, row in rows.items() if _is_last(one, row)]
        under_way = [one for one in under_way if one not in ended]


def _train_one_epoch(
    trainings: Sequence[Training], steps: Steps, data: Splits, train: Tensor, val: Tensor
) -> dict[Training, EpochRow]:
    started = time.perf_counter()
    rates = [float(one.scheduler.get_last_lr()[0]) for one in trainings]
    for training in trainings:
        training.epoch += 1
    trained = steps.train_epoch()
    for training in trainings:
        training.scheduler.step()
    scores = [_score(training, data, train, val) for training in trainings]
    seconds = (time.perf_counter() - started) / len(trainings)
    rows = {
        training: EpochRow(training.epoch, rate, *means, *scored, seconds)
        for training, rate, means, scored in zip(trainings, rates, trained, scores, strict=True)
    }
    for training, row in rows.items():
        if row.val_loss < training.best_loss:
            training.best_epoch, training.best_loss = row.epoch, row.val_loss
            training.best_weights = copy.deepcopy(training.model.state_dict())
    return rows


def _score(
    training: Training, data: Splits, train: Tensor, val: Tensor
) -> tuple[float | None, float | None, float, float, float]:
    """From `train_eval_loss` to `val_auroc` of the epoch's row."""
    recipe = training.recipe
    due = training.epoch % recipe.train_eval_every == 0 or training.epoch == recipe.epochs
    train_logits = predict(training, train) if due else None
    logits, labels = predict(training, val), data.val.labels
    return (
        _measure(log_loss, train_logits, data.train),
        _measure(accuracy, train_logits, data.train),
        log_loss(logits, labels),
        accuracy(logits, labels),
        auroc(logits, labels),
    )


def _measure(measure: Any, logits: np.ndarray | None, part: Split) -> float | None:
    return None if logits is None else measure(logits, part.labels)


def _is_last(training: Training, row: EpochRow) -> bool:
    return training.epoch >= training.recipe.epochs or not row.is_finite()
