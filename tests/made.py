"""Small made inputs that several test modules share."""

import numpy as np

from hw3.engine import recipe_for
from hw3.splits import Split, Splits, make_splits
from study.search.plan import Plan
from study.search.trial import Setting
from study.spec.baseline import Baseline
from study.spec.budget import Budget, DataFacts
from study.spec.search import Search
from study.spec.space import Float, Int
from study.spec.study import Study
from study.store.records import Record


def square_splits(train: int = 48, val: int = 32, test: int = 32, size: int = 16) -> Splits:
    """Noise with a bright square in the pneumonia images; counts in each class."""
    rng = np.random.default_rng(0)

    def part(count):
        images = rng.integers(0, 120, (2 * count, size, size)).astype(np.uint8)
        labels = np.repeat(np.array([0, 1], np.uint8), count)
        images[labels == 1, size // 4 : size // 2, size // 4 : size // 2] += 100
        return Split(images, labels)

    return make_splits("made", "made", part(train), part(val), part(test))


WIDTH_SEARCH = Search(
    "gap",
    "GAP",
    "gap",
    space={"channels": Int(4, 64, log=True)},
    hand_picked=({"channels": 32},),
)
DROPOUT_SEARCH = Search(
    "dropout",
    "dropout",
    "conv",
    space={"dropout": Float(0.0, 0.9)},
    fixed={"channels": 8},
    ties={"dropout": ("dropout_conv", "dropout_hidden")},
)
STUDY = Study(
    name="made",
    title="A made study",
    question="Does it work?",
    baselines=(Baseline("small", "small ConvModel", "conv", {"channels": 8}),),
    searches=(WIDTH_SEARCH, DROPOUT_SEARCH),
    claims=(),
)
SETTING = Setting(data="0123", image_size=16, recipe=recipe_for(8))
COUNTS = {part: {"normal": 48, "pneumonia": 48} for part in ("train", "val")}
BUDGET = Budget(trials=5, epochs=8, seeds=2, image_size=16)


def plan_of(study: Study = STUDY, setting: Setting = SETTING, budget: Budget = BUDGET) -> Plan:
    """A plan on data that nobody has."""
    size = setting.image_size
    facts = DataFacts("made", "made", setting.data, size, COUNTS, dict.fromkeys(COUNTS))
    return Plan(study, budget, setting, facts)


def epoch_row(epoch: int, val_loss: float | None) -> dict:
    """An epoch row with everything but the validation loss fixed."""
    return {
        "epoch": epoch,
        "learning_rate": 1e-3,
        "train_loss": 0.5,
        "train_accuracy": 0.8,
        "train_eval_loss": 0.4,
        "train_eval_accuracy": 0.85,
        "val_loss": val_loss,
        "val_accuracy": 0.75,
        "val_auroc": 0.9,
        "seconds": 2.0,
    }


def explored(
    search: Search,
    number: int,
    params: dict,
    losses: list,
    status: str = "complete",
    setting: Setting = SETTING,
) -> Record:
    """The record of an explored trial with these validation losses."""
    config = search.config(params)
    return Record(
        ingredients=setting.ingredients(search.family, config, setting.explore_seed(search)),
        status=status,
        rows=[epoch_row(epoch, loss) for epoch, loss in enumerate(losses, start=1)],
        params=params,
        pruned_by="asha" if number % 4 else "none",
        provenance={"number": number},
    )
