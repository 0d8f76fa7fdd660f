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
from hw3.models.families import FAMILIES, Engine, Family

__all__ = [
    "FAMILIES",
    "SIZE_STEP",
    "Architecture",
    "Engine",
    "Family",
    "build_layers",
    "build_model",
    "check_family",
    "check_image_size",
    "make_architecture",
    "make_config",
]
