"""A plain ANN, and a model of one's own, against the ConvModel, on X-rays or phantoms.

python -m study run examples/xray_models.py --data FOLDER
"""

from dataclasses import dataclass

from torch import nn

from hw3.models import FAMILIES, Family, Shape
from hw3.models.blocks import ConvBlock
from hw3.models.config import bounded, check_bounds
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.search import Search
from study.spec.space import Int
from study.spec.study import Study


@dataclass(frozen=True)
class DeepGapConfig:
    """Lab 4's ConvGAP with `further` convolutions of as many channels before the pooling."""

    channels: int = bounded(32, 1, 1024)
    further: int = bounded(2, 0, 8)

    def __post_init__(self) -> None:
        check_bounds(self)


def build_deep_gap(config: DeepGapConfig, shape: Shape) -> nn.Module:
    trunk = [ConvBlock(shape.channels, 32), ConvBlock(32, 32), ConvBlock(32, config.channels)]
    further: list[nn.Module] = []
    for _ in range(config.further):
        further += [nn.Conv2d(config.channels, config.channels, 3, padding="same"), nn.ReLU()]
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(config.channels, shape.outputs))
    return nn.Sequential(*trunk, *further, *head)


FAMILIES["deep_gap"] = Family("deep ConvGAP", DeepGapConfig, build_deep_gap, size_step=8)
ACCURACY = "val_accuracy"
PLAIN = {  # of the ANN that comes with hw3, which has dropout and batch normalisation
    **dict.fromkeys(("width_1", "width_2", "width_3"), 32),
    **dict.fromkeys(("dropout_1", "dropout_2", "dropout_3"), 0.0),
    "batch_norm": False,
}
STUDY = Study(
    name="xray_models",
    title="A plain ANN and a deeper ConvGAP",
    question="Does a plain ANN, or a deeper ConvGAP, do as well as the ConvModel?",
    baselines=(
        Baseline("convmodel", "ConvModel", "conv"),
        Baseline("plain", "plain ANN, 3 × 32", "ann", PLAIN),
        Baseline("deep", "ConvGAP, 2 further convolutions", "deep_gap"),
    ),
    searches=(Search("wide", "deep ConvGAP", "deep_gap", {"channels": Int(16, 128, log=True)}),),
    claims=(
        Claim("plain_is_worse", "plain", ACCURACY, "convmodel", below=0.0),
        Claim("plain_level", "plain", ACCURACY, above=0.9),
        Claim("deep_as_good", "deep", ACCURACY, "convmodel", above=-0.01),
        Claim("deep_level", "deep", ACCURACY, above=0.9),
        Claim("wide_as_good", "wide", ACCURACY, "convmodel", above=-0.01),
    ),
    answer=("plain_is_worse", "deep_as_good"),
)
