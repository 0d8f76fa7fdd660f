"""The trained models of a finished run, from the weights that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from hw3.inference import class_probabilities, predict_logits, restore_model
from hw3.models import Shape, make_architecture
from hw3.numerics import Numerics
from study.search.choose import Candidate, FinishedTrials
from study.search.code import code_digest
from study.search.plan import Plan
from study.search.weights import has_weights
from study.spec.errors import StudyError
from study.spec.study import unknown_name
from study.store.folder import Folder
from study.store.reading import warn
from study.store.records import Record
from study.store.weights import WeightsStore


@dataclass(frozen=True)
class KeptModel:
    """A confirmed training's model.

    Attributes:
        seed_number: place of its seed among the confirmation's, from 0.
        model: in evaluation mode, on the numerics' device.
        record: of its training.
        numerics: how it was trained, on the CPU where the device is not here.
    """

    seed_number: int
    model: nn.Module
    record: Record
    numerics: Numerics


@dataclass(frozen=True)
class Prediction:
    """What a candidate's models say of images.

    Attributes:
        classes: their names, in the order of the labels.
        probabilities: (models, images, classes).
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Of the models, (images, classes)."""
        return self.probabilities.mean(axis=0)

    @property
    def labels(self) -> list[str]:
        """The most probable class of each image."""
        return [self.classes[place] for place in self.mean.argmax(axis=1)]


def find_candidate(trials: FinishedTrials, name: str) -> Candidate:
    """The candidate of that name, with what its search chose.

    Raises:
        StudyError: there is none, or its search has chosen nothing.
    """
    labels = trials.plan.study.labels()
    if name not in labels:
        raise StudyError(unknown_name("candidate", name, labels))
    for candidate in trials.candidates():
        if candidate.name == name:
            return candidate
    raise StudyError(f"{labels[name]} is not known: no trial of the search reached its last epoch")


def kept_models(trials: FinishedTrials, results: Folder, name: str) -> list[KeptModel]:
    """The models of a candidate whose weights are kept, in the order of the seeds.

    Raises:
        StudyError: there is no such candidate, no weights of it are kept, or they are damaged.
    """
    candidate, store = find_candidate(trials, name), WeightsStore(results)
    there = store.kept()
    found = {n: one for n, one in trials.confirmed(candidate).items() if one.key in there}
    if not found:
        raise StudyError(_none_kept(trials.plan, candidate, store))
    if any(one.ingredients.get("code") != code_digest(candidate.family) for one in found.values()):
        warn(
            f"{candidate.label} was trained by other code than is here; its model is built by this"
        )
    shape = trials.plan.shape
    return [_restore(number, record, store, shape) for number, record in found.items()]


def predict_images(models: Sequence[KeptModel], images: np.ndarray, plan: Plan) -> Prediction:
    """What the models say of the images, each in the precision in which it was trained.

    Args:
        images: as the plan's data has them, `hw3.pictures.read_examples`.
    """
    said = [class_probabilities(predict_logits(one.model, images, one.numerics)) for one in models]
    return Prediction(tuple(plan.data.counts["train"]), np.stack(said))


def _restore(number: int, record: Record, store: WeightsStore, shape: Shape) -> KeptModel:
    parts = record.ingredients
    numerics = Numerics(**parts["numerics"])
    if numerics.device == "cuda" and not torch.cuda.is_available():
        numerics = replace(numerics, device="cpu")
    architecture = make_architecture(parts["family"], parts["config"], shape)
    try:
        model = restore_model(architecture, store.load(record.key), numerics)
    except ValueError as error:
        raise StudyError(
            f"{store.folder} holds weights for {record.key} that its model does not take: {error}"
        ) from error
    return KeptModel(number, model, record, numerics)


def _none_kept(plan: Plan, candidate: Candidate, store: WeightsStore) -> str:
    if not has_weights(candidate.family):
        return f"{candidate.label} is trained by an engine of its own, of which no weights are kept"
    which = "best" if plan.weights == "none" else plan.weights
    missing = f"no weights of {candidate.label} are kept in {store.folder}"
    if not plan.command.startswith("python "):
        again = f'keep_weights="{which}", remake_weights=True'
        return f"{missing}. Run it again with {again}; the records stay as they are"
    return (
        f"{missing}. This makes them, and leaves the records as they are:\n"
        f"  {plan.command} --keep-weights {which} --remake-weights"
    )
