"""The columns of the table: type, unit, range, meaning, and what people call them. Declared only
here."""

import math
from collections.abc import Collection, Iterable
from dataclasses import Field, fields, replace
from typing import Any, get_args

from hw3.engine import TUNABLE, Recipe
from hw3.metrics import METRICS
from hw3.models import FAMILIES
from study.search.trial import Stage
from study.spec.status import Status
from study.spec.times import ELAPSED, SECONDS, TO_CONVERGE
from study.table.column import (
    Column,
    Dtype,
    count_column,
    flag_column,
    gap_column,
    loss_column,
    score_column,
    seconds_column,
    text_column,
)

_LOGGED = "training images, as logged: dropout active, while the weights change"
_EVALUATED = "training images in evaluation mode, where scored"
_TEST = "images of the locked test set, confirmed trials only"
_LOSS, _ACCURACY = "mean loss of the", "share classified correctly of the"
_AUROC = "area under the ROC curve (of each class against the others), of the"
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
    "key": text_column("name of the trial's record"),
    "stage": text_column("what it was trained for, see study.search.timing", get_args(Stage)),
    "candidate": text_column(
        "name of the baseline or search; confirmed, a search is what it chose"
    ),
    "label": text_column("what figures call the candidate or, of an explored trial, the search"),
    "family": text_column("model family"),
    "status": text_column("how the trial ended, see study.store.records.Record", get_args(Status)),
    "pruned_by": text_column("asha where the scheduler could stop the trial", ("asha", "none")),
    "hand_picked": flag_column("named before the run, not proposed; explored trials only"),
    "objective": text_column("the column that its search optimises, explored trials only"),
    "number": count_column("place in the order of the search's proposals, explored trials only"),
    "seed": count_column("seed of initialisation, order and dropout; pairs the candidates"),
    "seed_number": count_column(
        "place of the seed in the confirmation, or of the round in the timing, from 0"
    ),
    "image_size": count_column("side of the images; 0 where examples are no images", "pixels"),
    "epochs": count_column("full length of the trial", "epochs", least=1),
    "epoch": count_column("epochs done; 0 where it failed before the end of the first", "epochs"),
    "is_final": flag_column("the trial's last epoch"),
    "is_best": flag_column("the epoch of the trial's least validation loss"),
    "learning_rate": Column("Float64", "", "the optimiser's, in this epoch", least=0),
    "train_loss": loss_column(f"{_LOSS} {_LOGGED}", "training loss, as logged"),
    "train_accuracy": score_column(f"{_ACCURACY} {_LOGGED}", "training accuracy, as logged"),
    "train_eval_loss": loss_column(f"{_LOSS} {_EVALUATED}", "training loss, evaluation mode"),
    "train_eval_accuracy": score_column(
        f"{_ACCURACY} {_EVALUATED}", "training accuracy, evaluation mode"
    ),
    "val_loss": loss_column(f"{_LOSS} validation images", "validation loss"),
    "val_accuracy": score_column(f"{_ACCURACY} validation images", "validation accuracy"),
    "val_auroc": score_column(f"{_AUROC} validation images", "validation AUROC"),
    "val_accuracy_max": score_column(
        "the greatest val_accuracy of the trial's epochs", "best validation accuracy of all epochs"
    ),
    "val_correct": text_column(f"{_CORRECT}; scored epochs of confirmed trials only"),
    "val_logits": text_column(f"{_LOGITS}; scored epochs of confirmed trials only"),
    "val_losses": text_column(f"{_LOSSES}; scored epochs of confirmed trials only"),
    "val_confidences": text_column(f"{_CONFIDENCES}; scored epochs of confirmed trials only"),
    "gap_loss": gap_column("nats", "val_loss minus train_eval_loss", "generalisation gap"),
    "gap_accuracy": gap_column(
        "share",
        "train_eval_accuracy minus val_accuracy",
        "training minus validation accuracy",
    ),
    "gap_accuracy_logged": gap_column(
        "share",
        "train_accuracy minus val_accuracy",
        "logged training minus validation accuracy",
    ),
    "test_loss": loss_column(f"{_LOSS} {_TEST}", "test loss"),
    "test_accuracy": score_column(f"{_ACCURACY} {_TEST}", "test accuracy"),
    "test_auroc": score_column(f"{_AUROC} {_TEST}", "test AUROC"),
    "test_correct": text_column(_CORRECT),
    "test_logits": text_column(_LOGITS),
    "test_losses": text_column(_LOSSES),
    "test_confidences": text_column(_CONFIDENCES),
    "seconds": seconds_column("wall-clock time of the epoch, beside other trials"),
    "elapsed": seconds_column(
        "wall-clock time of the trial's epochs so far, beside other trials",
        "training time beside other trials",
    ),
    SECONDS: seconds_column(
        "wall-clock time of an epoch, measured alone in the round of the seed's number",
        "time of an epoch",
    ),
    ELAPSED: seconds_column(
        f"time of the trial's epochs so far, each of {SECONDS}", "training time"
    ),
    "timed_on": text_column(f"host and device on which {SECONDS} was measured"),
    "epochs_to_converge": count_column(
        "first epoch from which on val_accuracy stays near the final one, see "
        "study.table.rows.CONVERGED",
        "epochs",
        least=1,
    ),
    TO_CONVERGE: seconds_column(f"{ELAPSED} at the end of that epoch", "training time to converge"),
    "converged_share": Column(
        "Float64",
        "share",
        "epochs_to_converge of epochs",
        "share of the epochs to converge",
        least=0,
        most=1,
    ),
    "parameters": count_column("number of the model's trained weights"),
    "multiply_adds": count_column(
        "of all layers, forward, per example", label="multiply-adds, forward"
    ),
    "activation_bytes": count_column(
        "of all layers, forward, per example, in float32", "bytes", "activations, forward"
    ),
    "host": text_column("where the trial ran"),
    "device": text_column("what it ran on"),
    "torch": text_column("version of PyTorch that trained it"),
    "error": text_column("what went wrong, failed trials only"),
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
            least=0 if metric.unit == "share" else -math.inf,
            most=1 if metric.unit == "share" else math.inf,
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
        name = f"config_{item.name}"
        label = _CONFIG_LABELS.get(item.name) or item.name.replace("_", " ")
        of = "training" if item.name in TUNABLE else "model"
        meaning = f"hyper-parameter of the {of}: {label}"
        column = Column(_dtype_of(item), "", meaning, label, **_range_of(item))
        # families may mean different things by a name
        columns[name] = _common(columns[name], column) if name in columns else column
    return columns


def _range_of(item: Field[Any]) -> dict[str, Any]:
    """What its declaration says of its values, `hw3.models.config`."""
    choices = item.metadata.get("choices", ())
    if choices:
        return {"values": tuple(one for one in choices if isinstance(one, str))}
    low, high = item.metadata.get("low", -math.inf), item.metadata.get("high", math.inf)
    return {"least": low, "most": high}


def _common(one: Column, other: Column) -> Column:
    """The column for the values of both."""
    dtype = _common_dtype(one.dtype, other.dtype)
    either = dict.fromkeys(one.values + other.values)
    return replace(
        one,
        dtype=dtype,
        least=min(one.least, other.least),
        most=max(one.most, other.most),
        values=tuple(either) if one.values and other.values else (),
    )


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
