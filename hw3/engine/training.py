"""A training: a model with its optimiser and learning-rate schedule between two epochs."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, StepLR

from hw3.engine.images import lay_out
from hw3.engine.recipe import Recipe, check_augmentation
from hw3.models import Architecture, build_model
from hw3.numerics import Numerics, micro_batch_size


@dataclass(eq=False)
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
    optimiser: Optimizer
    scheduler: LRScheduler
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

    Raises:
        ValueError: the recipe augments images, and the inputs are none.
    """
    check_augmentation(recipe, architecture.shape)
    if numerics.device == "cuda":  # equal seeds must give equal curves there, too
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
    model = build_model(architecture, seed).to(numerics.device)
    lay_out(model, numerics)
    optimiser = _make_optimiser(model, recipe, torch.device(numerics.device))
    return Training(
        model=model,
        optimiser=optimiser,
        scheduler=_make_scheduler(optimiser, recipe),
        recipe=recipe,
        seed=seed,
        numerics=numerics,
        micro_batch_size=micro_batch_size(architecture, numerics),
    )


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
    for group in training.optimiser.param_groups:  # loaded to where the state was
        group["lr"] = _learning_rate(float(group["lr"]), training.device)
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best_epoch, training.best_loss = state["best_epoch"], state["best_loss"]
    training.best_weights = state["best_weights"]


def _make_optimiser(model: nn.Module, recipe: Recipe, device: torch.device) -> Optimizer:
    capturable = device.type == "cuda"  # its steps can then be part of a CUDA graph
    rate, decay = _learning_rate(recipe.learning_rate, device), recipe.weight_decay
    if recipe.optimiser == "sgd":  # which needs no such option
        momentum = recipe.momentum
        return SGD(model.parameters(), rate, momentum, weight_decay=decay, fused=True)
    kind = {"adam": Adam, "adamw": AdamW}[recipe.optimiser]
    return kind(model.parameters(), lr=rate, weight_decay=decay, fused=True, capturable=capturable)


def _make_scheduler(optimiser: Optimizer, recipe: Recipe) -> LRScheduler:
    if recipe.schedule == "step":
        return StepLR(optimiser, recipe.step_size, recipe.gamma)
    if recipe.schedule == "cosine":
        return CosineAnnealingLR(optimiser, T_max=recipe.epochs)
    return ConstantLR(optimiser, factor=1.0, total_iters=0)


def _learning_rate(rate: float, device: torch.device) -> float | Tensor:
    """On a GPU a tensor, which a CUDA graph reads at each step; a number would stay what it was
    when the graph was captured."""
    return torch.tensor(rate, device=device) if device.type == "cuda" else rate
