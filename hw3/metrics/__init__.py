"""Scores of a classifier: arrays in, numbers out; those of every epoch, and the list of all."""

from hw3.metrics.epoch import accuracy, auroc, hits, image_losses, log_loss
from hw3.metrics.predictions import answers, probabilities
from hw3.metrics.registry import METRICS, Metric

__all__ = [
    "METRICS",
    "Metric",
    "accuracy",
    "answers",
    "auroc",
    "hits",
    "image_losses",
    "log_loss",
    "probabilities",
]
