"""The training engine: plain functions, one epoch loop, a generator of epoch rows."""

from hw3.engine.recipe import TUNABLE, Recipe, recipe_for
from hw3.engine.scoring import image_scores, predict, score_images
from hw3.engine.train import EpochRow, epoch_row, train_epochs, train_together
from hw3.engine.training import Training, restore_training, start_training, training_state

__all__ = [
    "TUNABLE",
    "EpochRow",
    "Recipe",
    "Training",
    "epoch_row",
    "image_scores",
    "predict",
    "recipe_for",
    "restore_training",
    "score_images",
    "start_training",
    "train_epochs",
    "train_together",
    "training_state",
]
