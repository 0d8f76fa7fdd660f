"""Images on the device: uint8 as they are kept, float as a model takes them."""

import warnings

import torch
from torch import Tensor

from hw3.numerics import Numerics
from hw3.splits import Split


def resident(part: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 (N, 1, S, S) images and float (N,) labels on the device; a view where it can be."""
    with warnings.catch_warnings():
        # Arrays from Ray's object store are read-only; nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        images = torch.from_numpy(part.images).unsqueeze(1)
    labels = torch.tensor(part.labels, dtype=torch.float32)
    return images.to(device), labels.to(device)


def normalise(images: Tensor, numerics: Numerics) -> Tensor:
    """uint8 (N, 1, S, S) -> float32 in [0, 1], in the layout of the numerics."""
    return images.to(torch.float32, memory_format=numerics.memory_format).div_(255)
