"""The training steps of an epoch: of one training, or of several side by side."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from hw3.engine.augment import Augmentation
from hw3.engine.images import normalise
from hw3.engine.loss import cross_entropy, hits
from hw3.engine.repeated import Repeated, drawing_from
from hw3.engine.training import Training
from hw3.seeds import derive_seed


class Steps:
    """The steps of an epoch of each training, on the same images, each in an order of its own.

    The order, the dropout masks and the augmentation of an epoch are drawn from a training's seed
    and the epoch's number alone, so that each is trained as if it were alone.

    Args:
        trainings: on one device, with the same number of images in a batch.
        images, labels: of `hw3.engine.images.resident`, on that device.
    """

    def __init__(self, trainings: Sequence[Training], images: Tensor, labels: Tensor):
        self._lanes = [Lane(training, images, labels) for training in trainings]
        self._device = images.device
        self._count = len(labels)
        self._batch_size = trainings[0].recipe.batch_size
        self._by_length: dict[int, tuple[Tensor, Repeated]] = {}

    def train_epoch(self) -> list[tuple[float, float]]:
        """Mean loss and accuracy of each training over its images, each before its own step."""
        orders = torch.stack([lane.begin_epoch() for lane in self._lanes]).to(self._device)
        for batches in orders.split(self._batch_size, dim=1):
            rows, step = self._step(batches.shape[1])
            rows.copy_(batches)
            step()
        # The first time in the epoch that the CPU waits for the device.
        return [lane.means(orders.shape[1]) for lane in self._lanes]

    def _step(self, length: int) -> tuple[Tensor, Repeated]:
        """The step on `length` images of each training, and the indices (trainings, length) that
        it reads. The last batch of an epoch, which may be shorter, has one of its own."""
        if length not in self._by_length:
            rows = torch.empty(len(self._lanes), length, dtype=torch.int64, device=self._device)
            branches = [partial(lane.step, rows[i]) for i, lane in enumerate(self._lanes)]
            generators = [lane.generator for lane in self._lanes]
            self._by_length[length] = rows, Repeated(branches, self._device, generators)
        return self._by_length[length]


class Lane:
    """One training's part of the steps.

    Attributes:
        generator: of the dropout masks.
    """

    def __init__(self, training: Training, images: Tensor, labels: Tensor):
        self._training, self._images, self._labels = training, images, labels
        self._augmentation = Augmentation(images) if training.recipe.augment else None
        self.generator = torch.Generator(images.device)
        self._loss_sum = torch.zeros((), device=images.device)
        self._correct = torch.zeros((), device=images.device, dtype=torch.int64)

    def begin_epoch(self) -> Tensor:
        """The order of the images, int64 (N,) on the CPU."""
        training = self._training
        training.model.train()
        self._loss_sum.zero_()
        self._correct.zero_()
        self.generator.manual_seed(derive_seed(training.seed, "dropout", training.epoch))
        if self._augmentation is not None:
            self._augmentation.draw(training.seed, training.epoch)
        order_generator = torch.Generator()
        order_generator.manual_seed(derive_seed(training.seed, "order", training.epoch))
        order = torch.randperm(len(self._labels), generator=order_generator)
        if len(order) % training.recipe.batch_size == 1 and len(order) > 1:
            order = order[:-1]  # batch normalisation cannot take a batch of one image
        return order

    def step(self, batch: Tensor) -> None:
        """Train on the images at these indices."""
        training = self._training
        training.optimiser.zero_grad()
        with drawing_from(self.generator):
            for rows in batch.split(training.micro_batch_size or len(batch)):
                self._add_gradient(rows, len(batch))
        training.optimiser.step()

    def _add_gradient(self, rows: Tensor, batch_size: int) -> None:
        numerics, smoothing = self._training.numerics, self._training.recipe.label_smoothing
        targets = self._labels.index_select(0, rows)
        with numerics.autocast():
            logits = self._training.model(normalise(self._take(rows), numerics)).squeeze(1)
        loss = minimised = cross_entropy(logits.float(), targets, reduction="sum")
        if smoothing:
            minimised = cross_entropy(logits.float(), targets, "sum", smoothing)
        (minimised / batch_size).backward()
        self._loss_sum += loss.detach()
        self._correct += hits(logits.detach(), targets).sum()

    def _take(self, rows: Tensor) -> Tensor:
        if self._augmentation is not None:
            return self._augmentation.take(rows)
        # images[rows] takes seven times as long
        return self._images.index_select(0, rows)

    def means(self, images: int) -> tuple[float, float]:
        """Mean loss and accuracy since `begin_epoch`, over that many images."""
        return float(self._loss_sum) / images, int(self._correct) / images
