"""The training steps of an epoch, and the scoring after it, of trainings that are stacked."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from hw3.engine.images import normalise
from hw3.engine.loss import cross_entropy, hits
from hw3.engine.repeated import Repeated
from hw3.engine.steps import Lane
from hw3.engine.training import Training
from hw3.fused.layers import Masks
from hw3.fused.stack import Stack

SCORED_AT_A_TIME = 1024  # images, counted once for each model


class Member(Lane):
    """One training's order of images, dropout generator and augmentation, as it has them alone."""

    def take(self, rows: Tensor) -> Tensor:
        """The training's images at these indices, augmented where its recipe says so."""
        return self._take(rows)


class FusedSteps:
    """The steps of an epoch of all trainings of a stack, each on images in an order of its own.

    Args:
        stack: in training mode after each epoch.
        images, labels: of each training, `hw3.engine.images.resident`; perhaps the same ones.
    """

    def __init__(self, stack: Stack, images: Sequence[Tensor], labels: Sequence[Tensor]):
        self._stack, self._images, self._labels = stack, images, labels
        training = stack.trainings[0]
        self._recipe, self._numerics = training.recipe, training.numerics
        self._micro_batch_size, self._model = training.micro_batch_size, training.model
        pairs = zip(stack.trainings, images, labels, strict=True)
        self._members = [Member(training, *own) for training, *own in pairs]
        self._generators = [member.generator for member in self._members]
        self._are_shared = len({id(each) for each in images}) == 1 and not self._recipe.augment
        device = images[0].device
        self._loss_sums = torch.zeros(len(images), device=device)
        self._correct = torch.zeros(len(images), device=device, dtype=torch.int64)
        self._masks: dict[int, Masks] = {}  # by the number of images
        self._by_length: dict[int, tuple[Tensor, Repeated]] = {}

    def train_epoch(self) -> list[tuple[float, float]]:
        """Mean loss and accuracy of each training over its images, each before its own step."""
        self._stack.mode(training=True)
        self._stack.share_learning_rate()
        self._loss_sums.zero_()
        self._correct.zero_()
        orders = torch.stack([member.begin_epoch() for member in self._members])
        device = self._loss_sums.device
        for batches in orders.to(device).split(self._recipe.batch_size, dim=1):
            rows, step = self._step_on(batches.shape[1])
            rows.copy_(batches)
            step()
        # The first time in the epoch that the CPU waits for the device.
        sums = zip(self._loss_sums.tolist(), self._correct.tolist(), strict=True)
        return [(loss / orders.shape[1], correct / orders.shape[1]) for loss, correct in sums]

    def _step_on(self, length: int) -> tuple[Tensor, Repeated]:
        """The step on `length` images of each training, and the indices (trainings, length) that
        it reads. The last batch of an epoch, which may be shorter, has one of its own."""
        if length not in self._by_length:
            device = self._loss_sums.device
            rows = torch.zeros(len(self._members), length, dtype=torch.int64, device=device)
            for part in rows.split(self._micro_batch_size or length, dim=1):
                self._know_masks(part)
            step = Repeated([partial(self._step, rows)], device, self._generators)
            self._by_length[length] = rows, step
        return self._by_length[length]

    def _know_masks(self, rows: Tensor) -> None:
        length = rows.shape[1]
        if length not in self._masks:
            images = normalise(self._members[0].take(rows[0]), self._numerics)
            self._masks[length] = Masks(self._model, images, self._numerics)

    def _step(self, rows: Tensor) -> None:
        self._stack.optimiser.zero_grad()
        for part in rows.split(self._micro_batch_size or rows.shape[1], dim=1):
            self._add_gradient(part, rows.shape[1])
        self._stack.optimiser.step()

    def _add_gradient(self, rows: Tensor, batch_size: int) -> None:
        images = normalise(self._take(rows), self._numerics).unflatten(0, rows.shape)
        targets = self._take_labels(rows)
        masks = self._masks[rows.shape[1]].draw(self._generators)
        with self._numerics.autocast():
            logits = self._stack.compute(images, masks)
        losses, correct, minimised = torch.func.vmap(self._judge)(logits.float(), targets)
        (minimised.sum() / batch_size).backward()
        self._loss_sums += losses.detach()
        self._correct += correct

    def _judge(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One model's sum of losses, number of right answers, and what its step minimises."""
        logits, smoothing = logits.squeeze(1), self._recipe.label_smoothing
        loss = minimised = cross_entropy(logits, targets, reduction="sum")
        if smoothing:
            minimised = cross_entropy(logits, targets, "sum", smoothing)
        return loss, hits(logits.detach(), targets).sum(), minimised

    def _take(self, rows: Tensor) -> Tensor:
        """The images of all trainings at their own indices, one training's after another's."""
        if self._are_shared:
            return self._images[0].index_select(0, rows.flatten())
        pairs = zip(self._members, rows, strict=True)
        return torch.cat([member.take(own) for member, own in pairs])

    def _take_labels(self, rows: Tensor) -> Tensor:
        pairs = zip(self._labels, rows, strict=True)
        return torch.stack([labels.index_select(0, own) for labels, own in pairs])


def predict_stacked(stack: Stack, images: Sequence[Tensor]) -> list[np.ndarray]:
    """Logits of each training of the stack in evaluation mode, see `hw3.engine.predict`.

    Args:
        images: of each training, equally many; perhaps the same ones.
    """
    training: Training = stack.trainings[0]
    numerics, models = training.numerics, len(stack.trainings)
    are_shared = len({id(each) for each in images}) == 1
    size = max(1, (training.micro_batch_size or SCORED_AT_A_TIME) // models)
    stack.mode(training=False)
    parts = []
    with torch.inference_mode(), numerics.autocast():
        for place in range(0, len(images[0]), size):
            group = [
                normalise(own[place : place + size], numerics)
                for own in (images[:1] if are_shared else images)
            ]
            taken = group[0] if are_shared else torch.stack(group)
            parts.append(stack.compute(taken, {}, are_shared))
        logits = torch.cat(parts, dim=1).squeeze(2).float().cpu().numpy()
    return list(logits)
