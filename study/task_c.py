"""Task C: how many channels does a CNN with global average pooling need?"""

from study.cli.command import main
from study.homework import AT_SCALE, CHEAP, NEARLY_EQUAL, OVERFITS_NOT, about, said
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.figures import Figure, standard_figures
from study.spec.search import Search
from study.spec.space import Choice, Int
from study.spec.study import Study

MODIFIED = {"channels": 128, "hidden": 128}

BASELINES = (
    Baseline("convmodel", "ConvModel", "conv"),
    Baseline("lab4", "ConvGAP, lab 4", "gap"),
    Baseline("modified", "ConvGAP, modified", "gap", MODIFIED),
)
SEARCHES = (
    Search(
        "gap",
        "ConvGAP",
        "gap",
        space={"channels": Int(16, 512, log=True), "hidden": Choice((0, 32, 64, 128, 256))},
        hand_picked=(MODIFIED,),
        front=CHEAP,
    ),
)
CLAIMS = (
    *said(
        Claim("lab4_train", "lab4", "train_accuracy", below=0.90, **AT_SCALE),
        Claim("lab4_validation", "lab4", "val_accuracy", below=0.90, **AT_SCALE),
        Claim("gap_costs", "lab4", "val_accuracy", "convmodel", below=0.0),
        quote="train and validation accuracy both below 90 %: GAP costs performance",
        source="figure 11",
    ),
    *said(
        Claim("modified_train", "modified", "train_accuracy", **about(0.93), **AT_SCALE),
        Claim("modified_level", "modified", "val_accuracy", **about(0.93), **AT_SCALE),
        Claim("modified_gap", "modified", "gap_loss", below=OVERFITS_NOT),
        quote="both rise to about 93 %, no overfitting",
        source="figure 12",
    ),
    *said(
        Claim("not_restored", "modified", "val_accuracy", "convmodel", below=-NEARLY_EQUAL),
        quote="the original ConvModel's level is not restored",
        source="figure 12",
    ),
    *said(
        Claim("restored_by_search", "gap", "test_accuracy", "convmodel", above=-NEARLY_EQUAL),
        quote="not asked; the modified setting did not restore it",
        source="beyond the report",
    ),
)
ANSWER = {
    "search": "gap",
    "x": "config_channels",
    "metrics": ("val_accuracy", "val_loss"),
    "hue": "config_hidden",
    "log_x": True,
    "candidates": ("lab4", "modified"),
    "reference": "convmodel",
}
COSTS = {"y": "val_accuracy", "xs": ("parameters", "multiply_adds")}
LAB4 = {"both below 90 %": {"train_accuracy": 0.9, "val_accuracy": 0.9}}
ABOUT_93 = {"both about 93 %": {"train_accuracy": 0.93, "val_accuracy": 0.93}}
STUDY = Study(
    name="task_c",
    title="Task C: channels in a CNN with global average pooling",
    question="Does any number of channels, or a hidden layer, restore the ConvModel's accuracy?",
    baselines=BASELINES,
    searches=SEARCHES,
    claims=CLAIMS,
    answer=("not_restored", "restored_by_search"),
    figures=(
        Figure("answer", "response", "Accuracy over the third convolution's channels", ANSWER),
        Figure.curves(
            "curves_lab4", "lab4", "ConvGAP of lab 4 over epochs (homework figure 11)", LAB4
        ),
        Figure.curves(
            "curves_modified",
            "modified",
            "Modified ConvGAP over epochs (homework figure 12)",
            ABOUT_93,
        ),
        Figure("pareto", "pareto", "Accuracy against parameters and multiply-adds", COSTS),
        *standard_figures(
            ("lab4", "modified"),
            architecture="ConvGAP of lab 4 and modified (homework figures 9 and 10)",
        ),
    ),
)

if __name__ == "__main__":
    main(STUDY)
