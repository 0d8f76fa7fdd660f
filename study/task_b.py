"""Task B: CNN against fully connected ANN, each at its best and at equal scale."""

from study.cli import main
from study.space import Float, Int
from study.spec import Arm, Claim, Figure, Match, Measure, Point, Study

WIDTHS = ("width_1", "width_2", "width_3")
DROPOUTS = ("dropout_1", "dropout_2", "dropout_3")
# At equal scale neither side has dropout, as the ConvModel has none: rates chosen for a width
# of 512 would leave two units of twenty.
NO_DROPOUT: dict[str, float] = dict.fromkeys(DROPOUTS, 0.0)
NAMES = {"config_dropout_1": "dropout rate, all three"}

STUDY = Study(
    name="task_b",
    title="Task B: CNN against ANN",
    question="Do convolutions suit images better than fully connected layers, also at equal scale?",
    points=(
        Point("convmodel", "ConvModel", "conv"),
        Point("ann", "ANN 512-256-256", "ann"),
        Point(
            "ann_parameters",
            "ANN, equal parameters",
            "ann",
            NO_DROPOUT,
            match=Match("convmodel", "parameters", WIDTHS),
        ),
        Point(
            "ann_multiply_adds",
            "ANN, equal multiply-adds",
            "ann",
            NO_DROPOUT,
            match=Match("convmodel", "multiply_adds", WIDTHS),
        ),
    ),
    arms=(
        Arm(
            "ann_search",
            "ANN, chosen",
            "ann",
            space={
                **dict.fromkeys(WIDTHS, Int(32, 1024, log=True)),
                "dropout": Float(0.0, 0.9),
            },
            ties={"dropout": DROPOUTS},
        ),
        Arm("conv_search", "CNN, chosen", "conv", space={"channels": Int(8, 64, log=True)}),
    ),
    claims=(
        Claim(
            "ann_level",
            "The ANN's best epoch reaches about 94 % validation accuracy (within 2 points).",
            "train about 92 %, validation about 94 % at best",
            "figure 6",
            left=Measure("ann", "val_accuracy", "best"),
            above=0.92,
            below=0.96,
        ),
        Claim(
            "cnn_better",
            "The CNN's validation accuracy is higher than the ANN's.",
            "97 % against 94 %; CNNs suit images better",
            "figures 6, 7",
            left=Measure("convmodel", "val_accuracy"),
            right=Measure("ann", "val_accuracy"),
            above=0.0,
        ),
        Claim(
            "cnn_better_at_its_best",
            "The CNN of its search's choice is more accurate than the ANN of its search's choice.",
            "each side's own good model was compared; CNNs suit images better",
            "text",
            left=Measure("conv_search", "test_accuracy"),
            right=Measure("ann_search", "test_accuracy"),
            above=0.0,
        ),
        Claim(
            "cnn_slower",
            "Training the CNN takes longer than training the ANN.",
            "30 epochs took 73 s against 35 s",
            "figures 6, 7",
            left=Measure("convmodel", "elapsed"),
            right=Measure("ann", "elapsed"),
            above=1.0,
            ratio=True,
        ),
        Claim(
            "cnn_better_at_equal_parameters",
            "At equal parameters the CNN's validation accuracy is higher than the ANN's.",
            "wanted, and no way found to compare at equal scale",
            "text",
            left=Measure("convmodel", "val_accuracy"),
            right=Measure("ann_parameters", "val_accuracy"),
            above=0.0,
        ),
        Claim(
            "cnn_faster_at_equal_multiply_adds",
            "At equal multiply-adds, equal epochs take the CNN less than half the ANN's time.",
            "conjecture: at equal scale, and counting convergence, the CNN would be much faster",
            "text",
            left=Measure("convmodel", "elapsed"),
            right=Measure("ann_multiply_adds", "elapsed"),
            below=0.5,
            ratio=True,
        ),
    ),
    figures=(
        Figure(
            "answer",
            "front",
            "Accuracy against parameters, multiply-adds and training time",
            {"y": "val_accuracy", "xs": ["parameters", "multiply_adds", "elapsed"]},
        ),
        Figure(
            "curves_ann",
            "curves",
            "ANN over epochs (homework figure 6)",
            {
                "point": "ann",
                "levels": {
                    "train": {"train_accuracy": 0.92},
                    "validation": {"val_accuracy": 0.94},
                },
            },
        ),
        Figure(
            "curves_cnn",
            "curves",
            "CNN over epochs (homework figure 7)",
            {
                "point": "convmodel",
                "levels": {
                    "train": {"train_accuracy": 1.0},
                    "validation": {"val_accuracy": 0.97},
                },
            },
        ),
        Figure("comparison", "comparison", "Accuracy of every confirmed point"),
        Figure(
            "architecture",
            "architecture",
            "ANN and CNN (homework figures 4, 5 and 8)",
            {"points": ["ann", "convmodel"]},
        ),
        Figure("search", "search", "The search: best so far over epochs spent"),
        Figure(
            "slices",
            "slices",
            "The search: each hyper-parameter against validation loss",
            {"names": NAMES},
        ),
        Figure(
            "importance",
            "importance",
            "The search: which hyper-parameters decide",
            {"names": NAMES},
        ),
        Figure("rungs", "rungs", "The search: how well ASHA's rungs predict the end"),
    ),
)

if __name__ == "__main__":
    main(STUDY)
