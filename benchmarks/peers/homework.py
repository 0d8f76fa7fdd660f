"""The homework's own training, written plainly: its models, its loaders, its loop.

Layers in the homework's order (ReLU and dropout before the pool), float32 images of one data set
in memory, batches of 32 from a DataLoader, Adam and StepLR as PyTorch makes them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from hw3.models.ann import AnnConfig
from hw3.models.conv import ConvConfig
from hw3.models.gap import GapConfig
from hw3.splits import Split

BATCH_SIZE = 32


def conv_block(in_channels: int, out_channels: int, dropout: float = 0.0) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=1, padding="same"),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.MaxPool2d(2, 2),
    ]


def conv_model(config: ConvConfig, image_size: int) -> nn.Module:
    return nn.Sequential(
        *conv_block(1, config.channels),
        *conv_block(config.channels, config.channels),
        *conv_block(config.channels, config.channels, config.dropout_conv),
        nn.Flatten(),
        nn.Linear(config.channels * (image_size // 8) ** 2, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout_hidden),
        nn.Linear(config.hidden, 1),
    )


def gap_model(config: GapConfig, _image_size: int) -> nn.Module:
    hidden = [nn.Linear(config.channels, config.hidden), nn.ReLU()] if config.hidden else []
    return nn.Sequential(
        *conv_block(1, 32),
        *conv_block(32, 32),
        *conv_block(32, config.channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        *hidden,
        nn.Linear(config.hidden or config.channels, 1),
    )


def ann_model(config: AnnConfig, image_size: int) -> nn.Module:
    widths = (image_size**2, config.width_1, config.width_2, config.width_3)
    rates = (config.dropout_1, config.dropout_2, config.dropout_3)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs, rate in zip(widths[:-1], widths[1:], rates, strict=True):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        layers += [nn.Dropout(rate)]
    return nn.Sequential(*layers, nn.Linear(config.width_3, 1))


MODELS = {"conv": conv_model, "gap": gap_model, "ann": ann_model}


def as_dataset(part: Split) -> TensorDataset:
    """float32 images (N, 1, S, S) in [0, 1] and float32 labels (N, 1)."""
    images = torch.from_numpy(part.images.astype(np.float32) / 255).unsqueeze(1)
    return TensorDataset(images, torch.from_numpy(part.labels.astype(np.float32)).unsqueeze(1))


def make_loaders(train: Split, val: Split) -> tuple[DataLoader, DataLoader]:
    """The training loader, shuffled, and the validation loader."""
    return (
        DataLoader(as_dataset(train), batch_size=BATCH_SIZE, shuffle=True),
        DataLoader(as_dataset(val), batch_size=BATCH_SIZE, shuffle=False),
    )


def train_model(
    model: nn.Module,
    train_loader: DataLoader[tuple[Tensor, ...]],
    val_loader: DataLoader[tuple[Tensor, ...]],
    epochs: int,
    step_size: int = 10,
    device: str = "cpu",
):
    """The homework's loop; yields each epoch's mean losses and accuracies, train and validation."""
    model.to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=step_size, gamma=0.1)
    for _epoch in range(epochs):
        model.train()
        total_loss, correct, count = 0.0, 0, 0
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            total_loss += loss.item() * len(labels)
            correct += ((outputs > 0).float() == labels).sum().item()
            count += len(labels)
        scheduler.step()
        scores = score_model(model, val_loader, criterion, device)
        yield total_loss / count, correct / count, *scores


def score_model(
    model: nn.Module, loader: DataLoader[tuple[Tensor, ...]], criterion: nn.Module, device: str
) -> Sequence[float]:
    """Mean loss and accuracy in evaluation mode."""
    model.eval()
    total_loss, correct, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            outputs = model(images)
            total_loss += criterion(outputs, labels).item() * len(labels)
            correct += ((outputs > 0).float() == labels).sum().item()
            count += len(labels)
    return total_loss / count, correct / count
