"""The convolution block that the convolutional families share."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad


class ConvBlock(nn.Module):
    """Conv2d(kernel 3, stride 1, padding same) - ReLU - Dropout - MaxPool2d(2, 2).

    Computed as convolution, dropout, pool, ReLU. The result is the same number for number, since
    ReLU and a maximum commute, and dropout multiplies by nothing negative; a quarter of the
    elements is left for ReLU.

    Shapes: float (N, in_channels, H, W) -> float (N, out_channels, H/2, W/2).
    """

    def __init__(self, in_channels: int, out_channels: int, dropout: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding="same")
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, images: Tensor) -> Tensor:
        features = self._convolve(images)
        if self.dropout is not None:
            features = self.dropout(features)
        return self.relu(self.pool(features))

    def _convolve(self, images: Tensor) -> Tensor:
        one_channel = self.conv.in_channels == 1 and not images.requires_grad
        if self.training and one_channel and _computes_in_float32_on_cpu(images):
            return _ConvolveOneChannel.apply(images, self.conv.weight, self.conv.bias)
        return self.conv(images)


def _computes_in_float32_on_cpu(images: Tensor) -> bool:
    return images.device.type == "cpu" and not torch.is_autocast_enabled("cpu")


class _ConvolveOneChannel(torch.autograd.Function):
    """The convolution of images of one channel; its weights' gradient as one matrix product.

    Where the images are small, an epoch is a sixth shorter by it (32x32).
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(images)
        return conv2d(images, weight, bias, padding=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor]:  # pyright: ignore
        (images,) = ctx.saved_tensors
        by_pixel = gradient.permute(0, 2, 3, 1).flatten(0, 2)  # (N H W, C)
        weight = _patches(images).T @ by_pixel  # (9, C)
        return None, weight.T.reshape(-1, 1, 3, 3), by_pixel.sum(0)


def _patches(images: Tensor) -> Tensor:
    """(N, 1, H, W) -> (N H W, 9): each pixel with its neighbours, zeros outside the image."""
    height, width = images.shape[2:]
    padded = pad(images[:, 0], (1, 1, 1, 1))
    shifts = [
        padded[:, row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    ]
    return torch.stack(shifts, dim=-1).flatten(0, 2)
