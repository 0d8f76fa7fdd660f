"""Records -> one tidy DataFrame, the only thing that statistics, figures and notebooks read."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

import pandas as pd

from hw3.models import FAMILIES
from study.store.records import Record

# name: (dtype, unit, meaning). One row an epoch of a trial; a trial that failed before its first
# epoch has one row with epoch 0. Test scores stand in the rows of the epochs that were scored.
COLUMNS = {
    "key": ("string", "", "name of the trial's record"),
    "stage": ("string", "", "explore or confirm"),
    "candidate": (
        "string",
        "",
        "the study's point or search; a confirmed search is its chosen point",
    ),
    "label": ("string", "", "what figures call the point"),
    "family": ("string", "", "model family"),
    "status": ("string", "", "complete, stopped, diverged or failed"),
    "pruned_by": ("string", "", "asha where the scheduler could stop the trial, else none"),
    "hand_picked": ("boolean", "", "named before the run, not proposed; explored trials only"),
    "number": ("Int64", "", "place in the order of the search's suggestions, explored trials only"),
    "seed": ("Int64", "", "seed of initialisation, order and dropout; pairs the points"),
    "image_size": ("Int64", "pixels", "side of the images"),
    "epochs": ("Int64", "epochs", "full length of the trial"),
    "epoch": ("Int64", "epochs", "epochs done, from 1"),
    "is_final": ("boolean", "", "the trial's last epoch"),
    "is_best": ("boolean", "", "the epoch of the trial's least validation loss"),
    "learning_rate": ("Float64", "", "Adam's, in this epoch"),
    "train_loss": ("Float64", "nats", "as logged: dropout active, while the weights move"),
    "train_accuracy": ("Float64", "share", "as logged: dropout active, while the weights move"),
    "train_eval_loss": ("Float64", "nats", "training set in evaluation mode, where scored"),
    "train_eval_accuracy": ("Float64", "share", "training set in evaluation mode, where scored"),
    "val_loss": ("Float64", "nats", "validation set"),
    "val_accuracy": ("Float64", "share", "validation set"),
    "val_auroc": ("Float64", "share", "validation set"),
    "gap_loss": ("Float64", "nats", "val_loss minus train_eval_loss"),
    "gap_accuracy": ("Float64", "share", "train_eval_accuracy minus val_accuracy"),
    "gap_accuracy_logged": ("Float64", "share", "train_accuracy minus val_accuracy"),
    "test_loss": ("Float64", "nats", "locked test set, confirmed trials only"),
    "test_accuracy": ("Float64", "share", "locked test set, confirmed trials only"),
    "test_auroc": ("Float64", "share", "locked test set, confirmed trials only"),
    "test_correct": ("string", "", "a digit for each test image, 1 where classified rightly"),
    "seconds": ("Float64", "seconds", "wall-clock of the epoch"),
    "elapsed": ("Float64", "seconds", "wall-clock of the trial's epochs so far"),
    "epochs_to_converge": ("Int64", "epochs", "till near the final val_accuracy, see CONVERGED"),
    "seconds_to_converge": ("Float64", "seconds", "elapsed at the end of that epoch"),
    "converged_share": ("Float64", "share", "epochs_to_converge of epochs"),
    "parameters": ("Int64", "", "trained numbers of the model"),
    "multiply_adds": ("Int64", "", "forward, an image"),
    "activation_bytes": ("Int64", "bytes", "forward, an image, float32"),
    "host": ("string", "", "where the trial ran"),
    "device": ("string", "", "what it ran on"),
    "error": ("string", "", "what went wrong, failed trials only"),
}
TIMES = [name for name, (_, unit, _) in COLUMNS.items() if unit == "seconds"]  # differ by the run
# A trial has converged in the first epoch whose validation accuracy is at most this much below its
# final one. Every complete trial has such an epoch, in the same columns of all its rows; a fixed
# accuracy some seeds would never reach, and a mean over the others would flatter.
CONVERGED = 0.01
# One column for each hyper-parameter of any family, missing where the family has none of the name.
CONFIG_COLUMNS = {
    f"config_{item.name}": "Int64" if item.type is int else "Float64"
    for family in FAMILIES.values()
    for item in fields(family.config)
}

_TRIAL = ["stage", "candidate", "key"]  # a record may serve several points
_EPOCH_FIELDS = (
    *("epoch", "learning_rate", "train_loss", "train_accuracy", "train_eval_loss"),
    *("train_eval_accuracy", "val_loss", "val_accuracy", "val_auroc", "seconds"),
)


def make_table(members: Iterable[Member]) -> pd.DataFrame:
    """One row an epoch, the columns of COLUMNS and then CONFIG_COLUMNS, in that order."""
    rows = [row for member in members for row in _member_rows(member)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *CONFIG_COLUMNS])
    dtypes = {name: dtype for name, (dtype, _, _) in COLUMNS.items()} | CONFIG_COLUMNS
    table = table.astype(dtypes)
    trials = table.groupby(_TRIAL, sort=False)
    table = table.assign(
        gap_loss=table["val_loss"] - table["train_eval_loss"],
        gap_accuracy=table["train_eval_accuracy"] - table["val_accuracy"],
        gap_accuracy_logged=table["train_accuracy"] - table["val_accuracy"],
        elapsed=trials["seconds"].cumsum(),
        is_final=(table["epoch"] == trials["epoch"].transform("max")).astype("boolean"),
        is_best=(table["val_loss"] == trials["val_loss"].transform("min"))
        .fillna(False)
        .astype("boolean"),
    )
    return table.assign(**_convergence(table))


def _convergence(table: pd.DataFrame) -> dict[str, Any]:
    """The three columns that say when a trial had converged, missing unless it is complete."""
    whole = table.loc[table["status"] == "complete"]
    final = whole.groupby(_TRIAL)["val_accuracy"].transform("last")
    # accuracies are counts over counts: half of a billionth is arithmetic, not an image
    near = whole.loc[whole["val_accuracy"] >= final - CONVERGED - 5e-10]
    first = near.groupby(_TRIAL)[["epoch", "elapsed"]].first()
    found = table[_TRIAL].join(first, on=_TRIAL)
    return {
        "epochs_to_converge": found["epoch"],
        "seconds_to_converge": found["elapsed"],
        "converged_share": (found["epoch"] / table["epochs"]).astype("Float64"),
    }


def _member_rows(member: Member) -> list[dict[str, Any]]:
    record, ingredients = member.record, member.record.ingredients
    trial = {
        "key": record.key,
        "stage": member.stage,
        "candidate": member.candidate,
        "label": member.label,
        "family": ingredients["family"],
        "status": record.status,
        "pruned_by": record.pruned_by,
        "hand_picked": member.hand_picked,
        "number": record.provenance.get("number"),
        "seed": ingredients["seed"],
        "image_size": ingredients["image_size"],
        "epochs": ingredients["recipe"]["epochs"],
        "host": record.provenance.get("host"),
        "device": record.provenance.get("device"),
        "error": record.error,
        **record.cost,
        **{f"config_{name}": value for name, value in ingredients["config"].items()},
    }
    tests = {
        score["epoch"]: {
            f"test_{name}": score.get(name)  # records of earlier versions lack "correct"
            for name in ("loss", "accuracy", "auroc", "correct")
        }
        for score in record.test
    }
    epochs = [{name: row[name] for name in _EPOCH_FIELDS} for row in record.rows]
    return [trial | row | tests.get(row["epoch"], {}) for row in epochs or [{"epoch": 0}]]
