"""ConvModel: three convolution blocks and a hidden layer, with dropout in two places."""

from dataclasses import dataclass

from torch import nn

from hw3.models.blocks import ConvBlock
from hw3.models.config import bounded, check_bounds
from hw3.shape import Shape


@dataclass(frozen=True)
class ConvConfig:
    """The homework's ConvModel by default (figures 1 and 5); both rates at 0.6 in its variant.

    Attributes:
        channels: of each of the three convolutions.
        hidden: width of the hidden layer.
        dropout_conv: rate after the third convolution's ReLU, before its pool.
        dropout_hidden: rate after the hidden layer's ReLU.
    """

    channels: int = bounded(32, 1, 1024)
    hidden: int = bounded(32, 1, 65536)
    dropout_conv: float = bounded(0.0, 0.0, 0.99)
    dropout_hidden: float = bounded(0.0, 0.0, 0.99)

    def __post_init__(self) -> None:
        check_bounds(self)


def build_conv(config: ConvConfig, shape: Shape) -> nn.Module:
    """float images (N, *shape.inputs) -> logits, float (N, shape.outputs)."""
    channels, height, width = shape.inputs
    return nn.Sequential(
        ConvBlock(channels, config.channels),
        ConvBlock(config.channels, config.channels),
        ConvBlock(config.channels, config.channels, config.dropout_conv),
        nn.Flatten(),
        nn.Linear(config.channels * (height // 8) * (width // 8), config.hidden),
        nn.ReLU(),
        *([nn.Dropout(config.dropout_hidden)] if config.dropout_hidden else []),
        nn.Linear(config.hidden, shape.outputs),
    )
