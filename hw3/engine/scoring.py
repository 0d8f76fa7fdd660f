"""What a trained model predicts, and the scores of a part's images."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw3.engine.images import normalise, resident
from hw3.engine.training import Training
from hw3.metrics import accuracy, auroc, hits, log_loss
from hw3.splits import Split

EVAL_BATCH = 256  # images scored at a time where there are no micro-batches


def predict(training: Training, images: Tensor, model: nn.Module | None = None) -> np.ndarray:
    """Logits in evaluation mode.

    Args:
        images: of `hw3.engine.images.resident`, on the training's device.
        model: what predicts in place of the training's own model.

    Returns:
        float32 (N,) for two classes, or (N, C) for C of them.
    """
    model = (model or training.model).eval()
    # Without micro-batches, many at a time: linear layers read all their weights for each group.
    groups = images.split(training.micro_batch_size or EVAL_BATCH)
    numerics = training.numerics
    with torch.inference_mode(), numerics.autocast():
        logits = [model(normalise(group, numerics)) for group in groups]
        return torch.cat(logits).squeeze(1).float().cpu().numpy()


def score_images(training: Training, part: Split) -> list[dict[str, Any]]:
    """Score a part with the final weights, and with those of least validation loss.

    Returns:
        One dictionary for each scored epoch: epoch, loss, accuracy, AUROC; in the images' order
        the logits, N float32 as short as they can be written, and correct, N digits, 1 where
        the prediction is the label. For more than two classes the logits are N lists, and the
        labels are there as well, N numbers.
    """
    images, _ = resident(part, training.device)
    scored = {training.epoch: training.model}
    if training.best_weights is not None and training.best_epoch != training.epoch:
        best = copy.deepcopy(training.model)
        best.load_state_dict(training.best_weights)
        scored[training.best_epoch] = best
    logits = {epoch: predict(training, images, model) for epoch, model in scored.items()}
    return [image_scores(epoch, given, part.labels) for epoch, given in logits.items()]


def image_scores(epoch: int, logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """What the logits of a part's images score: an entry of `score_images`, for engines of one's
    own as well.

    Args:
        epoch: after which they were given.
        logits: float32 (N,) for two classes, or (N, C) for C of them.
        labels: 0 to C - 1, (N,).
    """
    return {
        "epoch": epoch,
        "loss": log_loss(logits, labels),
        "accuracy": accuracy(logits, labels),
        "auroc": auroc(logits, labels),
        "logits": _as_written(logits),
        "correct": "".join("01"[int(hit)] for hit in hits(logits, labels)),
        **({} if logits.ndim == 1 else {"labels": labels.tolist()}),
    }


def _as_written(logits: np.ndarray) -> list[Any]:
    if logits.ndim > 1:
        return [_as_written(of_image) for of_image in logits]
    return [float(str(logit)) for logit in logits]
