"""The recipe: how a model is trained, as a frozen record."""

from dataclasses import dataclass, fields

from hw3.models.config import bounded, check_bounds, one_of
from hw3.shape import Shape

LARGEST = 10**9  # of what is counted


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; by default the homework's recipe: Adam, StepLR stepped once per
    epoch, BCEWithLogitsLoss.

    Attributes:
        epochs: passes over the training set, from 1.
        batch_size: images per step, drawn without replacement from a shuffled order; from 2, since
            batch normalisation cannot take one image.
        learning_rate: the optimiser's at the start, from 0.
        step_size: epochs between two reductions of the learning rate; of the schedule "step".
        gamma: factor of each reduction, 0 to 1; of the schedule "step".
        train_eval_every: epochs between two scorings of the training set in evaluation mode;
            the last epoch is always scored.
        optimiser: "adam", "adamw" (decoupled weight decay) or "sgd", as in `torch.optim`.
        momentum: of the optimiser "sgd", 0 to 1.
        weight_decay: of all weights and biases, 0 to 100.
        schedule: of the learning rate, from epoch to epoch: "step"; "cosine", to nearly 0 at the
            end; "constant".
        label_smoothing: share of the target that is spread evenly over the classes, 0 to 0.99.
            Losses in epoch rows are of the labels as they are.
        augment: whether training images are shifted and flipped at random, anew in each epoch, see
            `hw3.engine.augment`.

    Raises:
        ValueError: a field is not as said.
    """

    epochs: int = bounded(30, 1, LARGEST)
    batch_size: int = bounded(32, 2, LARGEST)
    learning_rate: float = bounded(1e-3, 0.0, 1e30)
    step_size: int = bounded(10, 1, LARGEST)
    gamma: float = bounded(0.1, 0.0, 1.0)
    train_eval_every: int = bounded(5, 1, LARGEST)
    optimiser: str = one_of("adam", "adamw", "sgd")
    momentum: float = bounded(0.9, 0.0, 1.0)
    weight_decay: float = bounded(0.0, 0.0, 100.0)
    schedule: str = one_of("step", "cosine", "constant")
    label_smoothing: float = bounded(0.0, 0.0, 0.99)
    augment: bool = one_of(False, True)

    def __post_init__(self) -> None:
        check_bounds(self)


def check_augmentation(recipe: Recipe, shape: Shape) -> None:
    """Raise ValueError where the recipe augments what is no image."""
    if recipe.augment and not shape.is_image:
        raise ValueError(f"augment shifts and flips images; got {shape.describe()}")


# What a configuration may name. How long models are trained is the run's to say, for all alike.
TUNABLE = tuple(
    item.name for item in fields(Recipe) if item.name not in ("epochs", "train_eval_every")
)


def recipe_for(epochs: int) -> Recipe:
    """The homework's recipe over `epochs` epochs, a third of them at each of its learning rates."""
    return Recipe(epochs=epochs, step_size=max(1, round(epochs / 3)))
