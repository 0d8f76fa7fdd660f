"""Task A: does dropout cure a CNN's overfitting?"""

from study.cli import main
from study.space import Float
from study.spec import Arm, Claim, Figure, Measure, Point, Study

RATE = Float(0.0, 0.9)
BOTH_PLACES = ("dropout_conv", "dropout_hidden")

STUDY = Study(
    name="task_a",
    title="Task A: dropout against overfitting",
    question="Does dropout cure the ConvModel's overfitting, and does it generalise better for it?",
    points=(
        Point("convmodel", "ConvModel", "conv"),
        Point(
            "dropout",
            "ConvModel, dropout 0.6",
            "conv",
            {"dropout_conv": 0.6, "dropout_hidden": 0.6},
        ),
    ),
    arms=(
        Arm(
            "both",
            "dropout in both places, chosen",
            "conv",
            space={"dropout": RATE},
            ties={"dropout": BOTH_PLACES},
            hand_picked=({"dropout": 0.6}, {"dropout": 0.0}),
        ),
        Arm("conv_only", "dropout after convolution, chosen", "conv", {"dropout_conv": RATE}),
        Arm("hidden_only", "dropout after hidden layer, chosen", "conv", {"dropout_hidden": RATE}),
    ),
    claims=(
        Claim(
            "plain_train",
            "Without dropout the training accuracy reaches 100 % (above 99.5 %).",
            "train accuracy reaches 100 %",
            "figure 2",
            left=Measure("convmodel", "train_accuracy"),
            above=0.995,
        ),
        Claim(
            "plain_validation",
            "Without dropout the validation accuracy stays near 95 % (within 2 points).",
            "validation stays near 95 %",
            "figure 2",
            left=Measure("convmodel", "val_accuracy"),
            above=0.93,
            below=0.97,
        ),
        Claim(
            "plain_overfits",
            "Without dropout the model overfits: its loss gap exceeds 0.1 nats.",
            "train loss very low, validation loss flat near 0.3",
            "figure 2",
            left=Measure("convmodel", "gap_loss"),
            above=0.1,
        ),
        Claim(
            "dropout_equal",
            "With dropout 0.6 logged training and validation accuracy end equal (within 1 point).",
            "train and validation accuracy end nearly equal",
            "figure 3",
            left=Measure("dropout", "gap_accuracy_logged"),
            above=-0.01,
            below=0.01,
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
            "validation loss close to 0.1 instead of 0.3",
            "figure 3",
            left=Measure("dropout", "val_loss"),
            right=Measure("convmodel", "val_loss"),
            below=0.0,
        ),
    ),
    figures=(
        Figure(
            "answer",
            "response",
            "Generalisation gap, loss and accuracy over the dropout rate",
            {
                "arm": "both",
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
                "point": "convmodel",
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
                "point": "dropout",
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
    ),
)

if __name__ == "__main__":
    main(STUDY)
