"""Task C: how many channels does a CNN with global average pooling need?"""

from study.cli.command import main
from study.homework import NEARLY_EQUAL, OVERFITS_NOT, about
from study.spec.figures import Figure
from study.spec.space import Choice, Int
from study.spec.study import Baseline, Claim, Measure, Search, Study

BASELINES = (
    Baseline("convmodel", "ConvModel", "conv"),
    Baseline("lab4", "ConvGAP, lab 4", "gap"),
    Baseline("modified", "ConvGAP, modified", "gap", {"channels": 128, "hidden": 128}),
)
SEARCHES = (
    Search(
        "gap",
        "ConvGAP, chosen",
        "gap",
        space={
            "channels": Int(16, 512, log=True),
            "hidden": Choice((0, 32, 64, 128, 256)),
        },
        hand_picked=({"channels": 128, "hidden": 128},),
    ),
)
CLAIMS = (
    Claim(
        "lab4_train",
        "Lab 4's ConvGAP stays below 90 % on the training set.",
        "train accuracy below 90 %",
        "figure 11",
        left=Measure("lab4", "train_accuracy"),
        below=0.90,
    ),
    Claim(
        "lab4_validation",
        "Lab 4's ConvGAP stays below 90 % on the validation set.",
        "validation accuracy below 90 %",
        "figure 11",
        left=Measure("lab4", "val_accuracy"),
        below=0.90,
    ),
    Claim(
        "gap_costs",
        "Lab 4's ConvGAP is less accurate on the validation set than the ConvModel.",
        "GAP costs performance",
        "figure 11",
        left=Measure("lab4", "val_accuracy"),
        right=Measure("convmodel", "val_accuracy"),
        below=0.0,
    ),
    Claim(
        "modified_train",
        "The modified ConvGAP reaches about 93 % on the training set (within 2 points).",
        "both rise to about 93 %",
        "figure 12",
        left=Measure("modified", "train_accuracy"),
        **about(0.93),
    ),
    Claim(
        "modified_level",
        "The modified ConvGAP reaches about 93 % on the validation set (within 2 points).",
        "both rise to about 93 %",
        "figure 12",
        left=Measure("modified", "val_accuracy"),
        **about(0.93),
    ),
    Claim(
        "modified_gap",
        "The modified ConvGAP does not overfit: its loss gap stays below 0.05 nats.",
        "no overfitting",
        "figure 12",
        left=Measure("modified", "gap_loss"),
        below=OVERFITS_NOT,
    ),
    Claim(
        "not_restored",
        "The modified ConvGAP does not restore the ConvModel's level.",
        "the original ConvModel's level is not restored",
        "figure 12",
        left=Measure("convmodel", "val_accuracy"),
        right=Measure("modified", "val_accuracy"),
        above=0.0,
    ),
    Claim(
        "restored_by_search",
        "The channels and head that the search chooses restore the ConvModel's accuracy "
        "(within 1 point).",
        "not asked; the modified setting did not",
        "beyond the report",
        left=Measure("gap", "test_accuracy"),
        right=Measure("convmodel", "test_accuracy"),
        above=-NEARLY_EQUAL,
    ),
)
FIGURES = (
    Figure(
        "answer",
        "response",
        "Accuracy over the third convolution's channels",
        {
            "search": "gap",
            "x": "config_channels",
            "metrics": ["val_accuracy", "val_loss"],
            "hue": "config_hidden",
            "log_x": True,
            "points": ["lab4", "modified"],
            "reference": "convmodel",
        },
    ),
    Figure(
        "curves_lab4",
        "curves",
        "Lab 4's ConvGAP over epochs (homework figure 11)",
        {
            "candidate": "lab4",
            "levels": {"both below 90 %": {"train_accuracy": 0.9, "val_accuracy": 0.9}},
        },
    ),
    Figure(
        "curves_modified",
        "curves",
        "The modified ConvGAP over epochs (homework figure 12)",
        {
            "candidate": "modified",
            "levels": {"both about 93 %": {"train_accuracy": 0.93, "val_accuracy": 0.93}},
        },
    ),
    Figure("comparison", "comparison", "Accuracy of every confirmed point"),
    Figure(
        "architecture",
        "architecture",
        "ConvGAP of lab 4 and modified (homework figures 9 and 10)",
        {"points": ["lab4", "modified"]},
    ),
    Figure(
        "front",
        "front",
        "Accuracy against parameters and multiply-adds",
        {"y": "val_accuracy", "xs": ["parameters", "multiply_adds"]},
    ),
    Figure("search", "search", "The search: best so far over epochs spent"),
    Figure(
        "slices",
        "slices",
        "The search: each hyper-parameter against validation loss",
    ),
    Figure("importance", "importance", "The search: which hyper-parameters decide"),
    Figure("rungs", "rungs", "The search: how well ASHA's rungs predict the end"),
)

STUDY = Study(
    name="task_c",
    title="Task C: channels in a CNN with global average pooling",
    question="Does any number of channels, or a hidden layer, restore the ConvModel's accuracy?",
    points=BASELINES,
    searches=SEARCHES,
    claims=CLAIMS,
    figures=FIGURES,
)

if __name__ == "__main__":
    main(STUDY)
