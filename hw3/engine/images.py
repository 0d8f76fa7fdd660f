"""Examples on the device: as they are kept, and as a model takes them."""

import warnings

import numpy as np
import torch
from torch import Tensor, nn

from hw3.numerics import Numerics
from hw3.splits import Split


def resident(part: Split, device: torch.device, classes: int = 2) -> tuple[Tensor, Tensor]:
    """Examples and labels on the device; a view where it can be.

    Returns:
        Images uint8 (N, C, S, S), or other examples as they are; labels, float (N,) of two classes
        and int64 (N,) of more.
    """
    with warnings.catch_warnings():
        # Arrays from Ray's object store are read-only; nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        images = torch.from_numpy(part.images)
    if part.is_pixels:
        images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
    labels = torch.tensor(
        part.labels.astype(np.int64), dtype=torch.float32 if classes == 2 else torch.int64
    )
    return images.to(device), labels.to(device)


def lay_out(model: nn.Module, numerics: Numerics) -> None:
    """Store the model's filters as its images are; those of volumes have no such layout."""
    if all(parameter.ndim != 5 for parameter in model.parameters()):
        model.to(memory_format=numerics.memory_format)  # type: ignore[call-overload]


def normalise(images: Tensor, numerics: Numerics) -> Tensor:
    """uint8 (N, C, S, S) -> float32 in [0, 1], in the layout of the numerics; what is no image of
    pixels stays as it is, but for the layout."""
    kind = torch.float32 if images.dtype == torch.uint8 else images.dtype
    layout = numerics.memory_format if images.ndim == 4 else torch.preserve_format
    taken = images.to(kind, memory_format=layout)
    return taken.div_(255) if images.dtype == torch.uint8 else taken
