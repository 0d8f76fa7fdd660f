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
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from hw3.metrics import accuracy, auroc, log_loss
from hw3.models import Architecture, build_model
from hw3.numerics import Numerics, micro_batch_size
from hw3.seeds import derive_seed
from hw3.splits import Split, Splits

EVAL_BATCH = 256  # images scored at a time where there are no micro-batches


@dataclass(frozen=True)
class Recipe:
    """The homework's recipe: Adam, StepLR stepped once per epoch, BCEWithLogitsLoss.

    Attributes:
        epochs: passes over the training set.
        batch_size: images per step, drawn without replacement from a shuffled order.
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
    """The homework's recipe over `epochs` epochs, a third of them at each of its learning rates."""
    return Recipe(epochs=epochs, step_size=max(1, round(epochs / 3)))


@dataclass
class EpochRow:
    """The scores of one epoch. Losses in nats, accuracies and AUROC 0 to 1.

    `train_loss` and `train_accuracy` are logged while training: with dropout active, each batch
    before its own step. `train_eval_*` score the whole training set in evaluation mode, None
    where not due. `seconds` is the epoch's wall-clock time, training and scoring.
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
    """A model, its optimiser and its learning-rate schedule between two epochs of a recipe.

    `train_epochs` advances it.

    Attributes:
        micro_batch_size: images computed at a time; None for whole batches.
        epoch: number of epochs done.
        best_epoch: the epoch of least validation loss so far, 0 before the first.
        best_weights: the model's state at that epoch.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    recipe: Recipe
    seed: int
    numerics: Numerics
    micro_batch_size: int | None
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    best_weights: dict[str, Tensor] | None = None

    @property
    def device(self) -> torch.device:
        """Where the model and its data are."""
        return torch.device(self.numerics.device)


def start_training(
    architecture: Architecture, recipe: Recipe, seed: int, numerics: Numerics
) -> Training:
    """A fresh model with its optimiser and learning-rate schedule.

    Nothing is chosen here: the model is trained as `numerics` says, whatever its family.
    """
    if numerics.device == "cuda":  # equal seeds must give equal curves there, too
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
    model = build_model(architecture, seed).to(numerics.device)
    model = model.to(memory_format=numerics.memory_format)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate, fused=True)
    return Training(
        model=model,
        optimiser=optimiser,
        scheduler=torch.optim.lr_scheduler.StepLR(optimiser, recipe.step_size, recipe.gamma),
        recipe=recipe,
        seed=seed,
        numerics=numerics,
        micro_batch_size=micro_batch_size(architecture, numerics),
    )


def train_epochs(training: Training, data: Splits) -> Iterator[EpochRow]:
    """Train to the recipe's end, from wherever `training` stands; one row per epoch.

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
        train_logits = predict(training, train[0]) if due else None
        val_logits = predict(training, val[0])
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
    """All that `train_epochs` needs to resume: tensors, numbers, lists and dictionaries of them.

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
    """Bring a fresh training of the same configuration to where `training_state` was taken."""
    training.model.load_state_dict(state["model"])
    training.optimiser.load_state_dict(state["optimiser"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best_epoch, training.best_loss = state["best_epoch"], state["best_loss"]
    training.best_weights = state["best_weights"]


def predict(training: Training, images: Tensor, model: nn.Module | None = None) -> np.ndarray:
    """Logits in evaluation mode.

    Args:
        images: uint8 (N, 1, S, S) on the training's device.
        model: what predicts in place of the training's own model.

    Returns:
        float32 (N,).
    """
    model = (model or training.model).eval()
    # Without micro-batches, many at a time: linear layers read all their weights for each group.
    groups = images.split(training.micro_batch_size or EVAL_BATCH)
    numerics = training.numerics
    with torch.inference_mode(), numerics.autocast():
        logits = [model(_normalise(group, numerics)) for group in groups]
        return torch.cat(logits).squeeze(1).float().cpu().numpy()


def score_test_set(training: Training, test: Split) -> list[dict[str, Any]]:
    """Score the test set with the final weights, and with those of least validation loss.

    Returns:
        One dictionary for each scored epoch: epoch, loss, accuracy, AUROC; in the images' order
        the logits, N float32 as short as they can be written, and correct, N digits, 1 where
        the prediction is the label.
    """
    images, _ = _resident(test, training.device)
    scored = {training.epoch: training.model}
    if training.best_weights is not None and training.best_epoch != training.epoch:
        best = copy.deepcopy(training.model)
        best.load_state_dict(training.best_weights)
        scored[training.best_epoch] = best
    scores = []
    for epoch, model in scored.items():
        logits = predict(training, images, model)
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
    model, recipe, numerics = training.model, training.recipe, training.numerics
    device = training.device
    model.train()
    order_generator = torch.Generator()
    order_generator.manual_seed(derive_seed(training.seed, "order", training.epoch))
    order = torch.randperm(len(labels), generator=order_generator)
    if len(order) % recipe.batch_size == 1 and len(order) > 1:
        order = order[:-1]  # batch normalisation cannot take a batch of one image
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), device=device, dtype=torch.int64)
    # Dropout layers draw from the global generators: set for the epoch, restored after it.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(training.seed, "dropout", training.epoch))
        for batch in order.to(device).split(recipe.batch_size):
            training.optimiser.zero_grad()
            for rows in batch.split(training.micro_batch_size or len(batch)):
                pixels = images.index_select(0, rows)  # images[rows] takes seven times as long
                targets = labels[rows]
                with numerics.autocast():
                    logits = model(_normalise(pixels, numerics)).squeeze(1)
                loss = cross_entropy(logits.float(), targets, reduction="sum")
                (loss / len(batch)).backward()
                loss_sum += loss.detach()
                correct += ((logits.detach() > 0) == (targets > 0)).sum()
            training.optimiser.step()
    # The first time in the epoch that the CPU waits for the device.
    return float(loss_sum) / len(order), int(correct) / len(order)


def _resident(part: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 (N, 1, S, S) images and float (N,) labels on the device; a view where it can be."""
    with warnings.catch_warnings():
        # Arrays from Ray's object store are read-only; nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        images = torch.from_numpy(part.images).unsqueeze(1)
    labels = torch.tensor(part.labels, dtype=torch.float32)
    return images.to(device), labels.to(device)


def _normalise(images: Tensor, numerics: Numerics) -> Tensor:
    """uint8 (N, 1, S, S) -> float32 in [0, 1], in the layout of the numerics."""
    return images.to(torch.float32, memory_format=numerics.memory_format).div_(255)


def _score(measure: Any, logits: np.ndarray | None, part: Split) -> float | None:
    return None if logits is None else measure(logits, part.labels)
