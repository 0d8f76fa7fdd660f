"""Trainings that differ by seed alone, computed as one model."""

from hw3.fused.train import train_fused

__all__ = ["train_fused"]
