"""ConvGAP: three convolution blocks, global average pooling, and a small head."""

from dataclasses import dataclass

from torch import nn

from hw3.models.blocks import ConvBlock
from hw3.models.config import bounded, check_bounds
from hw3.shape import Shape

TRUNK_CHANNELS = 32  # of the first two convolutions, fixed in the homework


@dataclass(frozen=True)
class GapConfig:
    """Lab 4's ConvGAP by default (figure 9); 128 channels and 128 hidden units in figure 10.

    Attributes:
        channels: of the third convolution.
        hidden: width of the head's hidden layer, 0 for none.
    """

    channels: int = bounded(32, 1, 4096)
    hidden: int = bounded(0, 0, 65536)

    def __post_init__(self) -> None:
        check_bounds(self)


def build_gap(config: GapConfig, shape: Shape) -> nn.Module:
    """float images (N, *shape.inputs) -> logits, float (N, shape.outputs)."""
    head: list[nn.Module] = []
    if config.hidden:
        head = [nn.Linear(config.channels, config.hidden), nn.ReLU()]
    return nn.Sequential(
        ConvBlock(shape.channels, TRUNK_CHANNELS),
        ConvBlock(TRUNK_CHANNELS, TRUNK_CHANNELS),
        ConvBlock(TRUNK_CHANNELS, config.channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        *head,
        nn.Linear(config.hidden or config.channels, shape.outputs),
    )
