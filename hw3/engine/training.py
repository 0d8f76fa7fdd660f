"""A training: the recipe, and the model with its optimiser and schedule between two epochs."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hw3.models import Architecture, build_model
from hw3.numerics import Numerics, micro_batch_size


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
    optimiser = _make_adam(model, recipe.learning_rate, torch.device(numerics.device))
    return Training(
        model=model,
        optimiser=optimiser,
        scheduler=torch.optim.lr_scheduler.StepLR(optimiser, recipe.step_size, recipe.gamma),
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


def _make_adam(model: nn.Module, rate: float, device: torch.device) -> torch.optim.Adam:
    capturable = device.type == "cuda"  # its steps can then be part of a CUDA graph
    return torch.optim.Adam(
        model.parameters(), lr=_learning_rate(rate, device), fused=True, capturable=capturable
    )


def _learning_rate(rate: float, device: torch.device) -> float | Tensor:
    """On a GPU a tensor, which a CUDA graph reads at each step; a number would stay what it was
    when the graph was captured."""
    return torch.tensor(rate, device=device) if device.type == "cuda" else rate
