"""The epoch loop of trainings that are computed as one."""

import copy
import gc
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hw3.engine.images import resident
from hw3.engine.train import EpochRow, train_epochs, train_together
from hw3.engine.training import Training
from hw3.fused.stack import Stack
from hw3.fused.steps import FusedSteps, predict_stacked
from hw3.metrics import accuracy, auroc, log_loss
from hw3.splits import Splits


def train_fused(
    trainings: Sequence[Training], data: Sequence[Splits]
) -> Iterator[list[EpochRow | None]]:
    """Train several that differ by seed alone as one model; their rows, epoch by epoch.

    The models' weights are stacked, and each layer computes all of them at once
    (`torch.func.vmap`, which makes one grouped convolution of the models' own). On a GPU that is
    one launch in the place of one for each model, and the whole step is a CUDA graph. Each
    training has the initialisation, the order of images, the dropout masks, the augmentation and
    the optimiser state that it has alone, so that its numbers are those of `train_epochs` but for
    the rounding of sums that are taken in another order.

    Where the models cannot be computed so (layers that draw at random by themselves, or that
    `vmap` does not know) they are trained one beside the other, as `train_together` does it.

    Args:
        trainings: of one architecture, recipe and numerics. Those that have done fewer epochs
            catch up first.
        data: of each training; perhaps the same. Parts must be of equal size.

    Yields:
        A row for each training, None for those that did not train in this epoch. Each is given an
        equal share of an epoch's `seconds`.
    """
    members = _members(trainings, data)
    if not _can_be_stacked(members):
        yield from _train_beside(trainings, data)
        return
    under_way = [one for one in members if not one.is_over]
    while under_way:
        behind = min(one.training.epoch for one in under_way)
        stacked = [one for one in under_way if one.training.epoch == behind]
        for rows in _train_stack(stacked, _next_change(under_way)):
            yield [rows.get(one) for one in trainings]
            under_way = [one for one in under_way if not one.is_over and not one.failed(rows)]


@dataclass(frozen=True, eq=False)
class _Member:
    """A training with its data, on the device: `train` are images and labels, `val` images."""

    training: Training
    data: Splits
    train: tuple[Tensor, Tensor]
    val: Tensor

    @property
    def is_over(self) -> bool:
        return self.training.epoch >= self.training.recipe.epochs

    def failed(self, rows: dict[Training, EpochRow]) -> bool:
        return self.training in rows and not rows[self.training].is_finite()


def _members(trainings: Sequence[Training], data: Sequence[Splits]) -> list[_Member]:
    device = trainings[0].device
    on_device = {}
    for own in data:
        if id(own) not in on_device:
            classes = len(own.classes)
            train, val = (resident(part, device, classes) for part in (own.train, own.val))
            on_device[id(own)] = train, val[0]
    pairs = zip(trainings, data, strict=True)
    return [_Member(training, own, *on_device[id(own)]) for training, own in pairs]


def _next_change(under_way: Sequence[_Member]) -> int:
    """The epoch at which those that are behind have caught up with others, or are over."""
    behind = min(one.training.epoch for one in under_way)
    ahead = [one.training.epoch for one in under_way if one.training.epoch > behind]
    return min([*ahead, under_way[0].training.recipe.epochs])


def _can_be_stacked(members: Sequence[_Member]) -> bool:
    """Whether the models can be computed as one, by a batch that changes none of them."""
    copies = [_copy(members[0]), _copy(members[0])]
    stack = Stack([one.training for one in copies])
    size = copies[0].training.recipe.batch_size
    few = [one.train[0][:size] for one in copies]
    try:
        FusedSteps(stack, few, [one.train[1][:size] for one in copies]).train_epoch()
        predict_stacked(stack, few)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:  # also NotImplementedError, and what vmap says of random layers
        return False
    return True


def _copy(member: _Member) -> _Member:
    training = member.training
    return replace(member, training=replace(training, **_copied(training)))


def _copied(training: Training) -> dict[str, Any]:
    """The model and an optimiser of it, apart from the training's own."""
    model = copy.deepcopy(training.model)
    optimiser = copy.deepcopy(training.optimiser)
    (group,) = optimiser.param_groups
    states = [optimiser.state.get(weight, {}) for weight in group["params"]]
    group["params"] = list(model.parameters())
    optimiser.state = defaultdict(dict, zip(group["params"], states, strict=True))
    return {"model": model, "optimiser": optimiser}


def _train_beside(
    trainings: Sequence[Training], data: Sequence[Splits]
) -> Iterator[list[EpochRow | None]]:
    if all(own is data[0] for own in data):
        yield from train_together(trainings, data[0])
        return
    alone = [train_epochs(one, own) for one, own in zip(trainings, data, strict=True)]
    yield from map(list, zip_longest(*alone))


def _train_stack(members: Sequence[_Member], until: int) -> Iterator[dict[Training, EpochRow]]:
    """Train to an epoch, or to one after which a loss is not finite; the rows of each epoch."""
    if members[0].training.device.type == "cuda":
        gc.collect()  # of other stacks: their captured steps know them, and they know those
    stack = Stack([one.training for one in members])
    images, labels = zip(*(one.train for one in members), strict=True)
    steps = FusedSteps(stack, images, labels)
    is_last = False
    while not is_last:
        rows = _train_one_epoch(stack, steps, members)
        is_finite = all(row.is_finite() for row in rows.values())
        is_last = members[0].training.epoch >= until or not is_finite
        if is_last:  # now: whoever takes a training's last row asks for no more
            stack.release()
        yield rows


def _train_one_epoch(
    stack: Stack, steps: FusedSteps, members: Sequence[_Member]
) -> dict[Training, EpochRow]:
    started = time.perf_counter()
    first = members[0].training
    rate = float(first.scheduler.get_last_lr()[0])
    for member in members:
        member.training.epoch += 1
    trained = steps.train_epoch()
    stack.share_optimiser_state()
    _lower_learning_rates(members)
    recipe = first.recipe
    due = first.epoch % recipe.train_eval_every == 0 or first.epoch == recipe.epochs
    again = predict_stacked(stack, [one.train[0] for one in members]) if due else None
    held_out = predict_stacked(stack, [one.val for one in members])
    seconds = (time.perf_counter() - started) / len(members)
    rows = {}
    for place, (member, means) in enumerate(zip(members, trained, strict=True)):
        scores = _scores(member, again[place] if again else None, held_out[place])
        row = EpochRow(first.epoch, rate, *means, *scores, seconds)
        rows[member.training] = row
        _keep_best(member.training, row)
    return rows


def _lower_learning_rates(members: Sequence[_Member]) -> None:
    with warnings.catch_warnings():
        # The stack's optimiser made the steps; a schedule looks for them in the training's own.
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        for member in members:
            member.training.scheduler.step()


def _scores(
    member: _Member, trained: np.ndarray | None, held_out: np.ndarray
) -> tuple[float | None, float | None, float, float, float]:
    """From `train_eval_loss` to `val_auroc` of the epoch's row, as `hw3.engine.train` has them of
    one model: its code is part of every record's key, so it stays as it is."""
    labels, val = member.data.train.labels, member.data.val.labels
    return (
        None if trained is None else log_loss(trained, labels),
        None if trained is None else accuracy(trained, labels),
        log_loss(held_out, val),
        accuracy(held_out, val),
        auroc(held_out, val),
    )


def _keep_best(training: Training, row: EpochRow) -> None:
    if row.val_loss < training.best_loss:
        training.best_epoch, training.best_loss = row.epoch, row.val_loss
        # Not deepcopy: a copy of a view would be one of all trainings' weights.
        state = training.model.state_dict()
        training.best_weights = {name: tensor.detach().clone() for name, tensor in state.items()}
