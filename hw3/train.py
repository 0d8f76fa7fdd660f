"""The training engine: plain functions, one epoch loop, a generator of epoch rows."""

import copy
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from hw3.metrics import accuracy, auroc, log_loss
from hw3.models import FAMILIES, build_model
from hw3.seeds import derive_seed
from hw3.splits import Split, Splits

ENGINE_VERSION = 1  # raise it when the same seed no longer gives the same numbers

# Largest activation worth keeping in a processor's cache. Measured at 64x64: 16 images a piece
# (8 MiB) 48 ms a step, 32 images 63 ms.
CACHE_BYTES = 8 * 2**20
EVAL_BATCH = 256  # images, where the cache does not decide
WIDEST_TRUNK = 32  # channels at full resolution in the homework's models


@dataclass(frozen=True)
class Recipe:
    """The homework's recipe: Adam, StepLR stepped once an epoch, BCEWithLogitsLoss.

    Attributes:
        epochs: passes over the training set.
        batch_size: images a step, drawn without replacement from a shuffled order.
        learning_rate: Adam's at the start.
        step_size: epochs between two reductions of the learning rate.
        gamma: factor of each reduction.
        train_eval_every: epochs between two scorings of the training set in evaluation mode;
            the last epoch is always scored.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    step_size: int = 10
    gamma: float = 0.1
    train_eval_every: int = 5


def recipe_for(epochs: int) -> Recipe:
    """The homework's recipe at another length: its three learning rates get a third each."""
    return Recipe(epochs=epochs, step_size=max(1, round(epochs / 3)))


@dataclass(frozen=True)
class Numerics:
    """How the numbers are computed.

    Attributes:
        device: "cpu" or "cuda".
    """

    device: str = "cpu"


@dataclass
class EpochRow:
    """What one epoch gave. Losses in nats, accuracies and AUROC 0 to 1.

    `train_loss` and `train_accuracy` are as logged: with dropout active, while the weights move.
    `train_eval_*` score the whole training set in evaluation mode, None where not due.
    `seconds` is the epoch's wall-clock time, training and scoring.
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
    seconds: float

    def is_finite(self) -> bool:
        """Whether the losses are numbers; training has diverged where they are not."""
        return bool(np.isfinite([self.train_loss, self.val_loss]).all())


@dataclass
class Training:
    """A model on its way; `train_epochs` moves it on.

    Attributes:
        epoch: epochs done.
        best_epoch: the epoch of least validation loss so far, 0 before the first.
        best_weights: the model's state at that epoch.
    """

    family: str
    model: nn.Module
    optimiser: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    recipe: Recipe
    seed: int
    device: torch.device
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    best_weights: dict[str, Tensor] | None = None


def start_training(
    family: str, config: Any, image_size: int, recipe: Recipe, seed: int, numerics: Numerics
) -> Training:
    """A fresh model with its optimiser and learning-rate schedule."""
    device = torch.device(numerics.device)
    if device.type == "cuda":  # equal seeds must give equal curves there, too
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
    model = build_model(family, config, image_size, seed)
    model = model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate, fused=True)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, recipe.step_size, recipe.gamma)
    return Training(family, model, optimiser, scheduler, recipe, seed, device)


def train_epochs(training: Training, data: Splits) -> Iterator[EpochRow]:
    """Train to the recipe's end, from wherever `training` stands; one row an epoch.

    The order of the images and the dropout masks of an epoch are drawn from the seed and the
    epoch's number alone: equal seeds give equal curves, resumed or not. Ends after an epoch
    whose loss is not finite.
    """
    train = _resident(data.train, training.device)
    val = _resident(data.val, training.device)
    recipe = training.recipe
    while training.epoch < recipe.epochs:
        started = time.perf_counter()
        learning_rate = float(training.scheduler.get_last_lr()[0])
        training.epoch += 1
        train_loss, train_accuracy = _train_one_epoch(training, *train)
        training.scheduler.step()
        due = training.epoch % recipe.train_eval_every == 0 or training.epoch == recipe.epochs
        piece_size = _eval_batch(training.family, data.image_size, training.device)
        train_logits = predict(training.model, train[0], piece_size) if due else None
        val_logits = predict(training.model, val[0], piece_size)
        row = EpochRow(
            epoch=training.epoch,
            learning_rate=learning_rate,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            train_eval_loss=_score(log_loss, train_logits, data.train),
            train_eval_accuracy=_score(accuracy, train_logits, data.train),
            val_loss=log_loss(val_logits, data.val.labels),
            val_accuracy=accuracy(val_logits, data.val.labels),
            val_auroc=auroc(val_logits, data.val.labels),
            seconds=time.perf_counter() - started,
        )
        if row.val_loss < training.best_loss:
            training.best_epoch, training.best_loss = row.epoch, row.val_loss
            training.best_weights = copy.deepcopy(training.model.state_dict())
        yield row
        if not row.is_finite():
            return


def training_state(training: Training) -> dict[str, Any]:
    """All that `train_epochs` needs to go on: tensors, numbers, lists and dictionaries of them.

    No generator's state is in it: what an epoch draws depends on the seed and its number alone.
    """
    return {
        "model": training.model.state_dict(),
        "optimiser": training.optimiser.state_dict(),
        "scheduler": training.scheduler.state_dict(),
        "epoch": training.epoch,
        "best_epoch": training.best_epoch,
        "best_loss": training.best_loss,
        "best_weights": training.best_weights,
    }


def restore_training(training: Training, state: dict[str, Any]) -> None:
    """Put a fresh training of the same configuration where `training_state` was taken."""
    training.model.load_state_dict(state["model"])
    training.optimiser.load_state_dict(state["optimiser"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best_epoch, training.best_loss = state["best_epoch"], state["best_loss"]
    training.best_weights = state["best_weights"]


def predict(model: nn.Module, images: Tensor, piece_size: int) -> np.ndarray:
    """Logits in evaluation mode.

    Args:
        images: uint8 (N, 1, S, S) on the model's device.
        piece_size: images at a time.

    Returns:
        float32 (N,).
    """
    model.eval()
    with torch.inference_mode():
        pieces = [model(_normalise(piece)).squeeze(1) for piece in images.split(piece_size)]
        return torch.cat(pieces).float().cpu().numpy()


def score_test_set(training: Training, test: Split) -> list[dict[str, Any]]:
    """Score the test set with the final weights, and with those of least validation loss.

    Returns:
        One dictionary for each scored epoch: epoch, loss, accuracy, AUROC; in the images' order
        the logits, N float32 as short as they can be written, and correct, N digits, 1 where
        the prediction is the label.
    """
    images, _ = _resident(test, training.device)
    piece_size = _eval_batch(training.family, images.shape[-1], training.device)
    scored = {training.epoch: training.model}
    if training.best_weights is not None and training.best_epoch != training.epoch:
        best = copy.deepcopy(training.model)
        best.load_state_dict(training.best_weights)
        scored[training.best_epoch] = best
    scores = []
    for epoch, model in scored.items():
        logits = predict(model, images, piece_size)
        scores.append(
            {
                "epoch": epoch,
                "loss": log_loss(logits, test.labels),
                "accuracy": accuracy(logits, test.labels),
                "auroc": auroc(logits, test.labels),
                "logits": [float(str(logit)) for logit in logits],
                "correct": "".join("01"[int(hit)] for hit in (logits > 0) == (test.labels > 0)),
            }
        )
    return scores


def _train_one_epoch(training: Training, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean loss and accuracy over the epoch's images, each before its own step."""
    model, recipe, device = training.model, training.recipe, training.device
    model.train()
    order_generator = torch.Generator()
    order_generator.manual_seed(derive_seed(training.seed, "order", training.epoch))
    order = torch.randperm(len(labels), generator=order_generator)
    if len(order) % recipe.batch_size == 1 and len(order) > 1:
        order = order[:-1]  # batch normalisation cannot take a batch of one image
    piece_size = _micro_batch(training.family, images.shape[-1], recipe.batch_size, device)
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), device=device, dtype=torch.int64)
    # Dropout layers draw from the global generators: set for the epoch, restored after it.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(training.seed, "dropout", training.epoch))
        for batch in order.to(device).split(recipe.batch_size):
            training.optimiser.zero_grad()
            for piece in batch.split(piece_size):
                targets = labels[piece]
                logits = model(_normalise(images[piece])).squeeze(1)
                loss = binary_cross_entropy_with_logits(logits, targets, reduction="sum")
                (loss / len(batch)).backward()
                loss_sum += loss.detach()
                correct += ((logits.detach() > 0) == (targets > 0)).sum()
            training.optimiser.step()
    return float(loss_sum) / len(order), int(correct) / len(order)


def _resident(part: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 (N, 1, S, S) images and float (N,) labels on the device; a view where it can be."""
    with warnings.catch_warnings():
        # Arrays from Ray's object store are read-only; nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        images = torch.from_numpy(part.images).unsqueeze(1)
    labels = torch.tensor(part.labels, dtype=torch.float32)
    return images.to(device), labels.to(device)


def _normalise(images: Tensor) -> Tensor:
    """uint8 (N, 1, S, S) -> float32 in [0, 1], channels last."""
    return images.to(torch.float32, memory_format=torch.channels_last).div_(255)


def _cached_images(image_size: int) -> int:
    """How many images' largest activation fits CACHE_BYTES: a power of two."""
    fitting = CACHE_BYTES // (WIDEST_TRUNK * image_size**2 * 4)
    return 1 << max(0, fitting.bit_length() - 1)


def _micro_batch(family: str, image_size: int, batch_size: int, device: torch.device) -> int:
    """Images a piece of a batch; the gradients of the pieces add up to the batch's own."""
    if FAMILIES[family].batch_coupled or device.type != "cpu":
        return batch_size
    return min(batch_size, _cached_images(image_size))


def _eval_batch(family: str, image_size: int, device: torch.device) -> int:
    """Images a piece in evaluation mode. Fully connected layers want many: their weights, which
    are read for each piece, are larger than their activations."""
    if FAMILIES[family].batch_coupled or device.type != "cpu":
        return EVAL_BATCH
    return _cached_images(image_size)


def _score(measure: Any, logits: np.ndarray | None, part: Split) -> float | None:
    return None if logits is None else measure(logits, part.labels)
