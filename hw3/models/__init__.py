"""Models: one file per family, the list of families, and what decides a model's layers."""

from hw3.models.architecture import (
    SIZE_STEP,
    Architecture,
    build_layers,
    build_model,
    check_family,
    check_image_size,
    make_architecture,
    make_config,
)
from hw3.models.families import FAMILIES, Family

__all__ = [
    "FAMILIES",
    "SIZE_STEP",
    "Architecture",
    "Family",
    "build_layers",
    "build_model",
    "check_family",
    "check_image_size",
    "make_architecture",
    "make_config",
]
