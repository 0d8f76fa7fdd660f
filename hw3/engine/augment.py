"""Training images that are changed a little at random, anew in each epoch."""

import torch
from torch import Tensor

from hw3.seeds import derive_seed

SHIFT = 1 / 16  # of a side: the farthest that an image is shifted, but at least one pixel


class Augmentation:
    """Shifts and horizontal flips of images; the pixels at the edges fill what a shift leaves.

    Args:
        images: uint8 (N, C, H, W), on the device where they are changed.
    """

    def __init__(self, images: Tensor):
        self._images = images
        count, device = len(images), images.device
        self._far = [max(1, int(side * SHIFT)) for side in images.shape[2:]]
        # Written to in place: a CUDA graph reads the same tensors at each replay.
        self._shifts = torch.zeros(2, count, dtype=torch.int64, device=device)
        self._flips = torch.zeros(count, dtype=torch.bool, device=device)
        self._places = [torch.arange(side, device=device) for side in images.shape[2:]]

    def draw(self, seed: int, epoch: int) -> None:
        """Draw a shift and a flip for each image from the training's seed and the epoch alone."""
        generator = torch.Generator().manual_seed(derive_seed(seed, "augmentation", epoch))
        for shifts, far in zip(self._shifts, self._far, strict=True):
            shifts.copy_(torch.randint(-far, far + 1, shifts.shape, generator=generator))
        self._flips.copy_(torch.randint(0, 2, self._flips.shape, generator=generator))

    def take(self, rows: Tensor) -> Tensor:
        """The images at these indices as they are in this epoch, uint8 (len(rows), C, H, W)."""
        pixels = self._images.index_select(0, rows)
        down, right = (
            (places - shifts.index_select(0, rows)[:, None]).clamp(0, len(places) - 1)
            for places, shifts in zip(self._places, self._shifts, strict=True)
        )
        flips = self._flips.index_select(0, rows)[:, None]
        right = torch.where(flips, len(self._places[1]) - 1 - right, right)
        pixels = pixels.gather(2, down[:, None, :, None].expand_as(pixels))
        return pixels.gather(3, right[:, None, None, :].expand_as(pixels))
