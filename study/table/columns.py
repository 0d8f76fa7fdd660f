"""The columns of the table: type, unit, meaning, and what people call them. Declared only here."""

from collections.abc import Collection, Iterable
from dataclasses import Field, dataclass, fields
from typing import Any, Literal

from hw3.engine import TUNABLE, Recipe
from hw3.metrics import METRICS
from hw3.models import FAMILIES
from study.spec.times import ELAPSED, SECONDS, TO_CONVERGE

Dtype = Literal["string", "boolean", "Int64", "Float64"]
Unit = Literal["", "pixels", "epochs", "share", "nats", "seconds", "bytes"]


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        dtype: of pandas; each of them has a missing value.
        unit: of its values; empty for counts and text. A share is from 0 to 1.
        meaning: what it holds.
        label: what axes and reports call it, without the unit; the column's name where empty.
        is_difference: whether it is one score minus another, so that its sign is always written.
        higher_is_better: whether the greater of two values is the better one; not so for losses,
            gaps and costs, nor where neither is better.
    """

    dtype: Dtype
    unit: Unit
    meaning: str
    label: str = ""
    is_difference: bool = False
    higher_is_better: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers, so that a claim or a figure can be about it."""
        return self.dtype in ("Int64", "Float64")


def _text(meaning: str) -> Column:
    return Column("string", "", meaning)


def _flag(meaning: str) -> Column:
    return Column("boolean", "", meaning)


def _count(meaning: str, unit: Unit = "", label: str = "") -> Column:
    return Column("Int64", unit, meaning, label)


def _loss(meaning: str, label: str = "") -> Column:
    return Column("Float64", "nats", meaning, label)


def _score(meaning: str, label: str) -> Column:
    return Column("Float64", "share", meaning, label, higher_is_better=True)


def _gap(unit: Unit, meaning: str, label: str) -> Column:
    return Column("Float64", unit, meaning, label, is_difference=True)


_LOGGED = "as logged: dropout active, while the weights change"
_EVALUATED = "training set in evaluation mode, where scored"
_TEST = "locked test set, confirmed trials only"
_CORRECT = "one digit for each of the part's images, 1 where classified correctly"
_LOGITS = "of two classes, logits of the part's images, see study.table.images"
_LOSSES = "of more than two classes, losses of the part's images, see study.table.images"
_CONFIDENCES = (
    "of more than two classes, probabilities of the answers to the part's images, see "
    "study.table.images"
)

PARTS = {"val": "validation", "test": "test"}  # that metrics are of, with what people call them

# One row per epoch of a trial; a trial that failed before its first epoch has one row with epoch 0.
# Test scores, and those of single images, stand in the rows of the epochs that were scored.
COLUMNS: dict[str, Column] = {
    "key": _text("name of the trial's record"),
    "stage": _text("explore, confirm or timing, see study.search.timing"),
    "candidate": _text("name of the baseline or search; confirmed, a search is what it chose"),
    "label": _text("what figures call the candidate or, of an explored trial, the search"),
    "family": _text("model family"),
    "status": _text("complete, stopped, diverged or failed"),
    "pruned_by": _text("asha where the scheduler could stop the trial, else none"),
    "hand_picked": _flag("named before the run, not proposed; explored trials only"),
    "objective": _text("the column that its search optimises, explored trials only"),
    "number": _count("place in the order of the search's proposals, explored trials only"),
    "seed": _count("seed of initialisation, order and dropout; pairs the candidates"),
    "seed_number": _count(
        "place of the seed in the confirmation, or of the round in the timing, from 0"
    ),
    "image_size": _count("side of the images", "pixels"),
    "epochs": _count("full length of the trial", "epochs"),
    "epoch": _count("epochs done, from 1", "epochs"),
    "is_final": _flag("the trial's last epoch"),
    "is_best": _flag("the epoch of the trial's least validation loss"),
    "learning_rate": Column("Float64", "", "the optimiser's, in this epoch"),
    "train_loss": _loss(_LOGGED, "training loss, as logged"),
    "train_accuracy": _score(_LOGGED, "training accuracy, as logged"),
    "train_eval_loss": _loss(_EVALUATED, "training loss, evaluation mode"),
    "train_eval_accuracy": _score(_EVALUATED, "training accuracy, evaluation mode"),
    "val_loss": _loss("validation set", "validation loss"),
    "val_accuracy": _score("validation set", "validation accuracy"),
    "val_auroc": _score("validation set", "validation AUROC"),
    "val_accuracy_max": _score(
        "the greatest val_accuracy of the trial's epochs", "best validation accuracy of all epochs"
    ),
    "val_correct": _text(f"{_CORRECT}; scored epochs of confirmed trials only"),
    "val_logits": _text(f"{_LOGITS}; scored epochs of confirmed trials only"),
    "val_losses": _text(f"{_LOSSES}; scored epochs of confirmed trials only"),
    "val_confidences": _text(f"{_CONFIDENCES}; scored epochs of confirmed trials only"),
    "gap_loss": _gap("nats", "val_loss minus train_eval_loss", "generalisation gap"),
    "gap_accuracy": _gap(
        "share",
        "train_eval_accuracy minus val_accuracy",
        "training minus validation accuracy",
    ),
    "gap_accuracy_logged": _gap(
        "share",
        "train_accuracy minus val_accuracy",
        "logged training minus validation accuracy",
    ),
    "test_loss": _loss(_TEST, "test loss"),
    "test_accuracy": _score(_TEST, "test accuracy"),
    "test_auroc": _score(_TEST, "test AUROC"),
    "test_correct": _text(_CORRECT),
    "test_logits": _text(_LOGITS),
    "test_losses": _text(_LOSSES),
    "test_confidences": _text(_CONFIDENCES),
    "seconds": Column("Float64", "seconds", "wall-clock time of the epoch, beside other trials"),
    "elapsed": Column(
        "Float64",
        "seconds",
        "wall-clock time of the trial's epochs so far, beside other trials",
        "training time beside other trials",
    ),
    SECONDS: Column(
        "Float64",
        "seconds",
        "wall-clock time of an epoch, measured alone in the round of the seed's number",
        "time of an epoch",
    ),
    ELAPSED: Column(
        "Float64",
        "seconds",
        f"time of the trial's epochs so far, each of {SECONDS}",
        "training time",
    ),
    "timed_on": _text(f"host and device on which {SECONDS} was measured"),
    "epochs_to_converge": _count(
        "first epoch from which on val_accuracy stays near the final one, see "
        "study.table.rows.CONVERGED",
        "epochs",
    ),
    TO_CONVERGE: Column(
        "Float64", "seconds", f"{ELAPSED} at the end of that epoch", "training time to converge"
    ),
    "converged_share": Column(
        "Float64", "share", "epochs_to_converge of epochs", "share of the epochs to converge"
    ),
    "parameters": _count("trained numbers of the model"),
    "multiply_adds": _count("forward, per example", label="multiply-adds, forward"),
    "activation_bytes": _count("forward, per example, float32", "bytes", "activations, forward"),
    "host": _text("where the trial ran"),
    "device": _text("what it ran on"),
    "torch": _text("version of PyTorch that trained it"),
    "error": _text("what went wrong, failed trials only"),
}
TIMES = [name for name, column in COLUMNS.items() if column.unit == "seconds"]  # differ by run
_CONFIG_LABELS = {  # of those whose own name does not say enough
    "hidden": "hidden units",
    "dropout_conv": "dropout rate after the convolution",
    "dropout_hidden": "dropout rate after the hidden layer",
    "batch_norm": "batch normalisation",
    "learning_rate": "learning rate at the start",
    "schedule": "schedule of the learning rate",
    "step_size": "epochs between steps of the learning rate",
    "gamma": "factor of a step of the learning rate",
    "augment": "augmentation",
}


def config_columns() -> dict[str, Column]:
    """One column for each hyper-parameter of any family, missing where the family has none of the
    name, then those of the recipe. Families may be added while a program runs, by a study of
    somebody's own."""
    return _columns_of(_family_fields()) | _columns_of(_recipe_fields())


def metric_columns(part: str) -> dict[str, Column]:
    """A column for each of `hw3.metrics.METRICS` that is not among COLUMNS: "val_f1", "test_f1".
    A study of somebody's own may add metrics while a program runs.

    Args:
        part: a key of PARTS.
    """
    return {
        f"{part}_{name}": Column(
            "Float64",
            metric.unit,
            f"{metric.label}, from the logits of the part's images where they are recorded",
            f"{PARTS[part]} {metric.label}",
            higher_is_better=metric.higher_is_better,
        )
        for name, metric in METRICS.items()
        if f"{part}_{name}" not in COLUMNS
    }


def metric_name(column: str) -> str:
    """The key of `hw3.metrics.METRICS` whose score of a part the column holds; empty for others."""
    part, _, name = column.partition("_")
    return name if part in PARTS and name in METRICS else ""


def result_columns() -> dict[str, Column]:
    """All columns but those of hyper-parameters: a part's metrics stand behind its logits."""
    columns: dict[str, Column] = {}
    for name, column in COLUMNS.items():
        columns[name] = column
        if name.endswith("_logits"):
            columns |= metric_columns(name.removesuffix("_logits"))
    return columns


def all_columns(shown: Collection[str] = ()) -> dict[str, Column]:
    """All columns of a table, in its order.

    Args:
        shown: the recipe's hyper-parameters that it has a column of; all those of the families are
            there.
    """
    recipe = [item for item in _recipe_fields() if item.name in shown]
    return result_columns() | _columns_of(_family_fields()) | _columns_of(recipe)


def _family_fields() -> list[Field[Any]]:
    return [item for family in FAMILIES.values() for item in fields(family.config)]


def _recipe_fields() -> list[Field[Any]]:
    """Those whose name no family has."""
    own = {item.name for item in _family_fields()}
    return [item for item in fields(Recipe) if item.name in TUNABLE and item.name not in own]


def _columns_of(items: Iterable[Field[Any]]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for item in items:
        name, dtype = f"config_{item.name}", _dtype_of(item)
        if name in columns:  # families may mean different things by a name
            dtype = _common_dtype(columns[name].dtype, dtype)
        meaning = f"the model's {item.name}" if item.name not in TUNABLE else f"its {item.name}"
        label = _CONFIG_LABELS.get(item.name) or item.name.replace("_", " ")
        columns[name] = Column(dtype, "", meaning, label)
    return columns


def _dtype_of(item: Field[Any]) -> Dtype:
    if item.type in (int, "int"):
        return "Int64"
    if item.type in (bool, "bool") or isinstance(item.default, bool):
        return "boolean"
    return "string" if item.type in (str, "str") or isinstance(item.default, str) else "Float64"


def _common_dtype(one: Dtype, other: Dtype) -> Dtype:
    if one == other:
        return one
    return "Float64" if {one, other} == {"Int64", "Float64"} else "string"
