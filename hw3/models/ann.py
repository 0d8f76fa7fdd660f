"""LinearModel, the homework's ANN: three fully connected layers with batch normalisation."""

from dataclasses import dataclass

from torch import nn

from hw3.models.config import bounded, check_bounds, one_of
from hw3.shape import Shape

ACTIVATIONS: dict[str, type[nn.Module]] = {  # the homework's first
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True)
class AnnConfig:
    """The homework's LinearModel by default (figure 4).

    The report passes a list to nn.Sequential, which raises; this is the evident intention.

    Attributes:
        width_1, width_2, width_3: units of each hidden layer.
        dropout_1, dropout_2, dropout_3: rate after each hidden layer's activation.
        batch_norm: whether each hidden layer is normalised over the batch before its activation.
        activation: of the hidden layers, a key of ACTIVATIONS.
    """

    width_1: int = bounded(512, 1, 65536)
    width_2: int = bounded(256, 1, 65536)
    width_3: int = bounded(256, 1, 65536)
    dropout_1: float = bounded(0.9, 0.0, 0.99)
    dropout_2: float = bounded(0.9, 0.0, 0.99)
    dropout_3: float = bounded(0.8, 0.0, 0.99)
    batch_norm: bool = one_of(True, False, added=True)
    activation: str = one_of(*ACTIVATIONS, added=True)

    def __post_init__(self) -> None:
        check_bounds(self)


def build_ann(config: AnnConfig, shape: Shape) -> nn.Module:
    """float (N, *shape.inputs) -> logits, float (N, shape.outputs)."""
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = shape.features
    for width, rate in (
        (config.width_1, config.dropout_1),
        (config.width_2, config.dropout_2),
        (config.width_3, config.dropout_3),
    ):
        layers.append(nn.Linear(inputs, width))
        if config.batch_norm:
            layers.append(nn.BatchNorm1d(width))
        layers += [ACTIVATIONS[config.activation](), nn.Dropout(rate)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, shape.outputs))
