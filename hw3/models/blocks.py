"""The convolution block that the convolutional families share."""

from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Conv2d(kernel 3, stride 1, padding same) - ReLU - Dropout - MaxPool2d(2, 2).

    Computed as convolution, dropout, pool, ReLU. The result is the same number for number, since
    ReLU and a maximum commute and dropout never multiplies by a negative number. ReLU then works
    on a quarter of the elements.

    Shapes: float (N, in_channels, H, W) -> float (N, out_channels, H/2, W/2).
    """

    def __init__(self, in_channels: int, out_channels: int, dropout: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding="same")
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, images: Tensor) -> Tensor:
        features = self.conv(images)
        if self.dropout is not None:
            features = self.dropout(features)
        return self.relu(self.pool(features))
