"""A trained model that only predicts: from its weights to the probability of each class."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from hw3.engine.images import lay_out, normalise, resident
from hw3.metrics import probabilities
from hw3.models import Architecture, build_model
from hw3.numerics import Numerics
from hw3.splits import Split

BATCH = 256  # images at a time


def restore_model(
    architecture: Architecture, weights: Mapping[str, Tensor], numerics: Numerics
) -> nn.Module:
    """The architecture's model with these weights, in evaluation mode on the numerics' device.

    Raises:
        ValueError: the weights are not those of such a model.
    """
    model = build_model(architecture, seed=0)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(" ".join(str(error).split())) from error
    model = model.to(numerics.device)
    lay_out(model, numerics)
    return model.eval()


def predict_logits(model: nn.Module, images: np.ndarray, numerics: Numerics) -> np.ndarray:
    """What a model says of images.

    Args:
        model: in evaluation mode, on the numerics' device.
        images: as a part of the data holds them, see `hw3.splits.Split`.

    Returns:
        float32 (N, outputs).
    """
    labels = np.zeros(len(images), np.uint8)
    held, _ = resident(Split(images, labels), torch.device(numerics.device))
    with torch.inference_mode(), numerics.autocast():
        found = [model(normalise(group, numerics)) for group in held.split(BATCH)]
        return torch.cat(found).float().cpu().numpy()


def class_probabilities(logits: np.ndarray) -> np.ndarray:
    """The probability of each class, (N, classes): of one logit, which speaks for the second of two
    classes, or of as many logits as classes."""
    logits = logits.astype(np.float64)
    if logits.shape[1] > 1:
        return probabilities(logits)
    second = probabilities(logits[:, 0])
    return np.stack([1 - second, second], axis=1)
