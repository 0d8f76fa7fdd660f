"""Task B: CNN against fully connected ANN, each at its best and at equal scale."""

from study.cli.command import main
from study.homework import ALL, AT_SCALE, CHEAP, MUCH_FASTER, OVERFITS, about, said
from study.spec.baseline import Baseline, Match
from study.spec.claim import Claim
from study.spec.figures import Figure, standard_figures
from study.spec.search import Search
from study.spec.space import Float, Int
from study.spec.study import Study
from study.spec.times import ELAPSED, TO_CONVERGE

WIDTHS = ("width_1", "width_2", "width_3")
DROPOUTS = ("dropout_1", "dropout_2", "dropout_3")
# At equal scale neither side has dropout, as the ConvModel has none: rates chosen for a width
# of 512 would leave two units of twenty.
NO_DROPOUT: dict[str, float] = dict.fromkeys(DROPOUTS, 0.0)
EQUAL = {"parameters": "parameters", "multiply_adds": "multiply-adds"}
CNN = "convmodel"

# Activation memory is not matched: a CNN of a single channel already keeps as much as an ANN of
# width 14,343 at 256x256, whose 1.35 G parameters take 22 GB to train (weights, gradients, Adam).
# It would fit with nearly all units in the last layer, behind a narrow first: a model nobody means.
BASELINES = (
    Baseline(CNN, "ConvModel", "conv"),
    Baseline("ann", "ANN 512-256-256", "ann"),
    *(
        Baseline(f"ann_{cost}", f"ANN, equal {name}", "ann", NO_DROPOUT, Match(CNN, cost, WIDTHS))
        for cost, name in EQUAL.items()
    ),
)
ANN_SPACE = {**dict.fromkeys(WIDTHS, Int(32, 1024, log=True)), "dropout": Float(0.0, 0.9)}
SEARCHES = (
    Search("ann_search", "ANN", "ann", ANN_SPACE, ties={"dropout": DROPOUTS}, front=CHEAP),
    Search("conv_search", "CNN", "conv", {"channels": Int(8, 64, log=True)}, front=CHEAP),
)
CLAIMS = (
    *said(
        Claim("ann_train", "ann", "train_accuracy", **about(0.92), **AT_SCALE),
        Claim("ann_level", "ann", "val_accuracy_max", **about(0.94), **AT_SCALE),
        quote="train about 92 %, validation about 94 % at best",
        source="figure 6",
    ),
    *said(
        Claim("cnn_train", CNN, "train_accuracy", above=ALL, **AT_SCALE),
        Claim("cnn_validation", CNN, "val_accuracy", **about(0.97), **AT_SCALE),
        Claim("cnn_overfits", CNN, "gap_loss", above=OVERFITS),
        Claim("cnn_converges", CNN, "converged_share", below=0.5, **AT_SCALE),
        quote="train 100 %, validation about 97 %; converged before epoch 15 of 30, overfits",
        source="figure 7",
    ),
    *said(  # the direction may hold on any machine, the factor is the homework's machine's
        Claim("cnn_better", CNN, "val_accuracy", "ann", above=0.0),
        Claim("cnn_slower", CNN, ELAPSED, "ann", above=1.0, ratio=True),
        Claim("cnn_twice_as_slow", CNN, ELAPSED, "ann", above=1.5, below=3.0, ratio=True),
        quote="97 % against 94 %; 30 epochs took 73 s against 35 s",
        source="figures 6, 7",
    ),
    *said(
        Claim("cnn_better_at_its_best", "conv_search", "test_accuracy", "ann_search", above=0.0),
        Claim("cnn_better_at_equal_parameters", CNN, "val_accuracy", "ann_parameters", above=0.0),
        *(
            Claim(
                f"cnn_faster_at_equal_{cost}",
                CNN,
                TO_CONVERGE,
                f"ann_{cost}",
                below=MUCH_FASTER,
                ratio=True,
            )
            for cost in EQUAL
        ),
        quote="each side's own good model was compared, for no way was found to compare at equal "
        "scale, where the CNN would be much faster, counting convergence; CNNs suit images better",
        source="text",
    ),
)
COSTS = {"y": "val_accuracy", "xs": ("parameters", "multiply_adds", ELAPSED)}
ANN_LEVELS = {"train": {"train_accuracy": 0.92}, "validation": {"val_accuracy": 0.94}}
CNN_LEVELS = {"train": {"train_accuracy": 1.0}, "validation": {"val_accuracy": 0.97}}
STUDY = Study(
    name="task_b",
    title="Task B: CNN against ANN",
    question="Do convolutions suit images better than fully connected layers, also at equal scale?",
    baselines=BASELINES,
    searches=SEARCHES,
    claims=CLAIMS,
    answer=("cnn_better_at_its_best", "cnn_better_at_equal_parameters"),
    figures=(
        Figure("answer", "pareto", "Accuracy against cost", COSTS),
        Figure("time_to_accuracy", "time_to_accuracy", "Training time to a validation accuracy"),
        Figure.curves("curves_ann", "ann", "ANN over epochs (homework figure 6)", ANN_LEVELS),
        Figure.curves("curves_cnn", CNN, "CNN over epochs (homework figure 7)", CNN_LEVELS),
        *standard_figures(
            ("ann", CNN),
            architecture="ANN and CNN (homework figures 4, 5 and 8)",
            names={"config_dropout_1": "dropout rate, all three"},
        ),
    ),
)

if __name__ == "__main__":
    main(STUDY)
