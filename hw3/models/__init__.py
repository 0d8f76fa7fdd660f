"""Models: one file per family, the list of families, and what decides a model's layers."""

from hw3.models.architecture import (
    Architecture,
    build_layers,
    build_model,
    check_family,
    check_image_size,
    check_shape,
    make_architecture,
    make_config,
)
from hw3.models.families import FAMILIES, Engine, Family
from hw3.shape import Shape

__all__ = [
    "FAMILIES",
    "Architecture",
    "Engine",
    "Family",
    "Shape",
    "build_layers",
    "build_model",
    "check_family",
    "check_image_size",
    "check_shape",
    "make_architecture",
    "make_config",
]
