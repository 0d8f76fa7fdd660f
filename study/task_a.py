"""Task A: does dropout cure a CNN's overfitting?"""

from study.cli.command import main
from study.homework import (
    ALL,
    AT_SCALE,
    NEARLY_EQUAL,
    OVERFITS,
    OVERFITS_NOT,
    VERY_LOW,
    about,
    said,
)
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.figures import Figure, standard_figures
from study.spec.search import Search
from study.spec.space import Float
from study.spec.study import Study

RATE = Float(0.0, 0.9)
PLACES = ("dropout_conv", "dropout_hidden")

BASELINES = (
    Baseline("convmodel", "ConvModel", "conv"),
    Baseline("dropout", "ConvModel, dropout 0.6", "conv", dict.fromkeys(PLACES, 0.6)),
)
SEARCHES = (
    Search(
        *("both", "dropout in both places", "conv", {"dropout": RATE}),
        ties={"dropout": PLACES},
        hand_picked=({"dropout": 0.6}, {"dropout": 0.0}),
    ),
    Search("conv_only", "dropout after convolution", "conv", {"dropout_conv": RATE}),
    Search("hidden_only", "dropout after hidden layer", "conv", {"dropout_hidden": RATE}),
)
# Training scores are the logged ones where the homework quotes them, dropout active: so were its.
CLAIMS = (
    *said(
        Claim("plain_train", "convmodel", "train_accuracy", above=ALL, **AT_SCALE),
        Claim("plain_validation", "convmodel", "val_accuracy", **about(0.95), **AT_SCALE),
        quote="train accuracy reaches 100 %, validation stays near 95 %",
        source="figure 2",
    ),
    *said(
        Claim("plain_train_loss", "convmodel", "train_loss", below=VERY_LOW, **AT_SCALE),
        Claim("plain_validation_loss", "convmodel", "val_loss", **about(0.3, 0.1), **AT_SCALE),
        Claim("plain_overfits", "convmodel", "gap_loss", above=OVERFITS),
        quote="train loss very low, validation loss flat near 0.3: severe overfitting",
        source="figure 2",
    ),
    *said(
        Claim("dropout_train", "dropout", "train_accuracy", **about(0.97), **AT_SCALE),
        Claim("dropout_validation", "dropout", "val_accuracy", **about(0.97), **AT_SCALE),
        Claim("dropout_equal", "dropout", "gap_accuracy_logged", **about(0.0, NEARLY_EQUAL)),
        Claim("dropout_equal_evaluated", "dropout", "gap_accuracy", **about(0.0, NEARLY_EQUAL)),
        Claim("dropout_train_loss", "dropout", "train_loss", **about(0.1, 0.05), **AT_SCALE),
        Claim("dropout_validation_loss", "dropout", "val_loss", **about(0.1, 0.05), **AT_SCALE),
        quote="train and validation accuracy end nearly equal, close to 97 %; losses close to 0.1",
        source="figure 3",
    ),
    *said(
        Claim("dropout_cures", "dropout", "gap_loss", below=OVERFITS_NOT),
        Claim("dropout_generalises", "dropout", "val_loss", "convmodel", below=0.0),
        quote="dropout cures the overfitting and the model generalises better",
        source="figure 3",
    ),
    *said(
        Claim("chosen_generalises", "both", "test_loss", "convmodel", below=0.0),
        quote="not asked; 0.6 was picked by hand",
        source="beyond the report",
    ),
)
ANSWER = {
    "search": "both",
    "x": "config_dropout_conv",
    "x_label": "dropout rate, both places",
    "metrics": ("gap_loss", "val_loss", "val_accuracy"),
    "candidates": ("convmodel", "dropout"),
    "reference": "convmodel",
}
PLAIN = {"train": {"train_accuracy": 1.0}, "validation": {"val_accuracy": 0.95, "val_loss": 0.3}}
LEVELS = {"train_accuracy": 0.97, "val_accuracy": 0.97, "train_loss": 0.1, "val_loss": 0.1}
STUDY = Study(
    name="task_a",
    title="Task A: dropout against overfitting",
    question="Does dropout cure the ConvModel's overfitting, and does it generalise better for it?",
    baselines=BASELINES,
    searches=SEARCHES,
    claims=CLAIMS,
    answer=("dropout_cures", "dropout_generalises"),
    figures=(
        Figure("answer", "response", "Gap, loss and accuracy over the dropout rate", ANSWER),
        Figure.curves(
            "curves_plain", "convmodel", "ConvModel over epochs (homework figure 2)", PLAIN
        ),
        Figure.curves(
            "curves_dropout",
            "dropout",
            "Dropout 0.6 over epochs (homework figure 3)",
            {"both": LEVELS},
        ),
        *standard_figures(
            ("convmodel", "dropout"),
            architecture="ConvModel without and with dropout (homework figures 1 and 5)",
            names={f"config_{place}": "dropout rate" for place in PLACES},
        ),
    ),
)

if __name__ == "__main__":
    main(STUDY)
