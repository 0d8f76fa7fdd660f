"""Task A: does dropout cure a CNN's overfitting?"""

from study.cli.command import main
from study.homework import ALL, NEARLY_EQUAL, OVERFITS, VERY_LOW, about
from study.spec.figures import Figure
from study.spec.space import Float
from study.spec.study import Baseline, Claim, Measure, Search, Study

RATE = Float(0.0, 0.9)
BOTH_PLACES = ("dropout_conv", "dropout_hidden")

BASELINES = (
    Baseline("convmodel", "ConvModel", "conv"),
    Baseline("dropout", "ConvModel, dropout 0.6", "conv", dict.fromkeys(BOTH_PLACES, 0.6)),
)
SEARCHES = (
    Search(
        "both",
        "dropout in both places, chosen",
        "conv",
        space={"dropout": RATE},
        ties={"dropout": BOTH_PLACES},
        hand_picked=({"dropout": 0.6}, {"dropout": 0.0}),
    ),
    Search("conv_only", "dropout after convolution, chosen", "conv", {"dropout_conv": RATE}),
    Search("hidden_only", "dropout after hidden layer, chosen", "conv", {"dropout_hidden": RATE}),
)
# Training scores are the logged ones where the homework quotes them, dropout active: so were its.
CLAIMS = (
    Claim(
        "plain_train",
        "Without dropout the training accuracy reaches 100 % (above 99.5 %).",
        "train accuracy reaches 100 %",
        "figure 2",
        left=Measure("convmodel", "train_accuracy"),
        above=ALL,
    ),
    Claim(
        "plain_validation",
        "Without dropout the validation accuracy stays near 95 % (within 2 points).",
        "validation stays near 95 %",
        "figure 2",
        left=Measure("convmodel", "val_accuracy"),
        **about(0.95),
    ),
    Claim(
        "plain_train_loss",
        "Without dropout the training loss ends very low (below 0.05 nats).",
        "train loss very low",
        "figure 2",
        left=Measure("convmodel", "train_loss"),
        below=VERY_LOW,
    ),
    Claim(
        "plain_validation_loss",
        "Without dropout the validation loss ends near 0.3 nats (within 0.1).",
        "validation loss flat near 0.3",
        "figure 2",
        left=Measure("convmodel", "val_loss"),
        **about(0.3, within=0.1),
    ),
    Claim(
        "plain_overfits",
        "Without dropout the model overfits: its loss gap exceeds 0.1 nats.",
        "train loss very low, validation loss flat near 0.3: severe overfitting",
        "figure 2",
        left=Measure("convmodel", "gap_loss"),
        above=OVERFITS,
    ),
    Claim(
        "dropout_train",
        "With dropout 0.6 the training accuracy, logged with dropout active, ends close to 97 % "
        "(within 2 points).",
        "train and validation accuracy close to 97 %",
        "figure 3",
        left=Measure("dropout", "train_accuracy"),
        **about(0.97),
    ),
    Claim(
        "dropout_validation",
        "With dropout 0.6 the validation accuracy ends close to 97 % (within 2 points).",
        "train and validation accuracy close to 97 %",
        "figure 3",
        left=Measure("dropout", "val_accuracy"),
        **about(0.97),
    ),
    Claim(
        "dropout_equal",
        "With dropout 0.6 logged training and validation accuracy end equal (within 1 point).",
        "train and validation accuracy end nearly equal",
        "figure 3",
        left=Measure("dropout", "gap_accuracy_logged"),
        **about(0.0, within=NEARLY_EQUAL),
    ),
    Claim(
        "dropout_train_loss",
        "With dropout 0.6 the training loss, logged with dropout active, ends close to 0.1 nats "
        "(within 0.05).",
        "both losses close to 0.1",
        "figure 3",
        left=Measure("dropout", "train_loss"),
        **about(0.1, within=0.05),
    ),
    Claim(
        "dropout_validation_loss",
        "With dropout 0.6 the validation loss ends close to 0.1 nats (within 0.05).",
        "both losses close to 0.1",
        "figure 3",
        left=Measure("dropout", "val_loss"),
        **about(0.1, within=0.05),
    ),
    Claim(
        "dropout_cures",
        "Dropout 0.6 lowers the loss gap, both losses in evaluation mode.",
        "dropout cures the overfitting",
        "figure 3",
        left=Measure("dropout", "gap_loss"),
        right=Measure("convmodel", "gap_loss"),
        below=0.0,
    ),
    Claim(
        "dropout_generalises",
        "With dropout 0.6 the model generalises better: its validation loss is lower.",
        "the model generalises better: validation loss close to 0.1 instead of 0.3",
        "figure 3",
        left=Measure("dropout", "val_loss"),
        right=Measure("convmodel", "val_loss"),
        below=0.0,
    ),
    Claim(
        "chosen_generalises",
        "With the dropout rate that the search chooses the test loss is lower than without.",
        "not asked; 0.6 was picked by hand",
        "beyond the report",
        left=Measure("both", "test_loss"),
        right=Measure("convmodel", "test_loss"),
        below=0.0,
    ),
)
FIGURES = (
    Figure(
        "answer",
        "response",
        "Generalisation gap, loss and accuracy over the dropout rate",
        {
            "search": "both",
            "x": "config_dropout_conv",
            "x_label": "dropout rate, both places",
            "metrics": ["gap_loss", "val_loss", "val_accuracy"],
            "points": ["convmodel", "dropout"],
            "reference": "convmodel",
        },
    ),
    Figure(
        "curves_plain",
        "curves",
        "ConvModel without dropout over epochs (homework figure 2)",
        {
            "candidate": "convmodel",
            "levels": {
                "train": {"train_accuracy": 1.0},
                "validation": {"val_accuracy": 0.95, "val_loss": 0.3},
            },
        },
    ),
    Figure(
        "curves_dropout",
        "curves",
        "ConvModel with dropout 0.6 over epochs (homework figure 3)",
        {
            "candidate": "dropout",
            "levels": {
                "both": {
                    "train_accuracy": 0.97,
                    "val_accuracy": 0.97,
                    "train_loss": 0.1,
                    "val_loss": 0.1,
                }
            },
        },
    ),
    Figure("comparison", "comparison", "Accuracy of every confirmed point"),
    Figure(
        "architecture",
        "architecture",
        "ConvModel without and with dropout (homework figures 1 and 5)",
        {"points": ["convmodel", "dropout"]},
    ),
    Figure("search", "search", "The search: best so far over epochs spent"),
    Figure(
        "slices",
        "slices",
        "The search: each hyper-parameter against validation loss",
        {
            "names": {
                "config_dropout_conv": "dropout rate",
                "config_dropout_hidden": "dropout rate",
            }
        },
    ),
    Figure("rungs", "rungs", "The search: how well ASHA's rungs predict the end"),
)

STUDY = Study(
    name="task_a",
    title="Task A: dropout against overfitting",
    question="Does dropout cure the ConvModel's overfitting, and does it generalise better for it?",
    points=BASELINES,
    searches=SEARCHES,
    claims=CLAIMS,
    figures=FIGURES,
)

if __name__ == "__main__":
    main(STUDY)
