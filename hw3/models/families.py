"""The model families. FAMILIES is the only list of them; a new family is a file and a line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hw3.models.ann import AnnConfig, build_ann
from hw3.models.conv import ConvConfig, build_conv
from hw3.models.gap import GapConfig, build_gap
from hw3.shape import Shape


@dataclass(frozen=True)
class Engine:
    """How models are trained: all that the framework needs of a training. `hw3.engines.ENGINE`
    trains PyTorch modules; another one may train anything.

    A training is whatever `start` returns. Equal arguments must give equal numbers, in whichever
    process, and a training that was restored must go on as if it had never stopped.

    Attributes:
        start: (architecture, recipe, seed, numerics) -> a training that has done no epoch.
        train: (training, data) -> an iterator that trains the epochs that are left of the recipe
            and gives a `hw3.engine.EpochRow` for each (`hw3.engine.epoch_row` makes one of
            predictions). It ends after an epoch whose loss is not finite.
        score: (training, part) -> scores of the part's examples as the training stands, a list of
            `hw3.engine.image_scores`; perhaps followed by those of its best epoch.
        state: training -> all that `restore` needs: tensors, numbers, text, lists and dictionaries
            of them. None where trainings are short: one that is killed begins anew.
        restore: (training that has done no epoch, state) -> None; brings it to where the state was
            taken.
        cost: architecture -> `hw3.cost.Cost`, without training it; None where it has none of these
            costs.
        train_together: (trainings that differ by seed alone, data of each) -> as `train` of all of
            them at once: for each epoch a list with the row of each training, None for those that
            did not train in it. Trainings may have done different numbers of epochs. None where
            each is trained alone.
    """

    start: Callable[[Any, Any, int, Any], Any]
    train: Callable[[Any, Any], Iterator[Any]]
    score: Callable[[Any, Any], list[dict[str, Any]]]
    state: Callable[[Any], dict[str, Any]] | None = None
    restore: Callable[[Any, dict[str, Any]], None] | None = None
    cost: Callable[[Any], Any] | None = None
    train_together: Callable[[list[Any], list[Any]], Iterator[list[Any]]] | None = None


@dataclass(frozen=True)
class Family:
    """A parametrised architecture.

    Attributes:
        title: what figures and reports call it.
        config: its frozen record of hyper-parameters; the defaults are the homework's.
        build: (config, shape) -> module that gives `shape.outputs` logits for each example of
            `shape.inputs`, see `hw3.shape.Shape`; or what its engine takes.
        batch_coupled: whether images of one batch affect each other in some of its models (batch
            normalisation), so that a batch must not be cut into micro-batches.
        engine: what trains its models; None for `hw3.engines.ENGINE`, which takes modules.
        size_step: what the sides of images must be a multiple of; where it is above 1, the family
            takes images alone.
    """

    title: str
    config: type[Any]
    build: Callable[[Any, Shape], Any]
    batch_coupled: bool = False
    engine: Engine | None = None
    size_step: int = 1


POOLED = 8  # three 2x2 pools halve the sides of an image three times

FAMILIES = {
    "conv": Family("ConvModel", ConvConfig, build_conv, size_step=POOLED),
    "ann": Family("ANN", AnnConfig, build_ann, batch_coupled=True),
    "gap": Family("ConvGAP", GapConfig, build_gap, size_step=POOLED),
}
