"""Records -> one tidy DataFrame, the only thing that statistics, figures and notebooks read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hw3.metrics import image_losses, probabilities
from hw3.text import printable
from study.search.hyperparameters import used_values, varied_recipe
from study.search.objective import SCORES
from study.spec.study import VALIDATION
from study.spec.times import ELAPSED, SECONDS, TO_CONVERGE
from study.store.records import Record
from study.table.columns import all_columns, metric_columns
from study.table.images import format_numbers, measure, read_correct
from study.table.members import Member
from study.table.trials import LOGARITHMIC

# A trial has converged in the first epoch from which on its validation accuracy differs by at most
# this much from its final one. Every complete trial has such an epoch, in the same columns of all
# its rows; a fixed accuracy some seeds would never reach, and a mean over the others would flatter.
CONVERGED = 0.01
IMAGE_DECIMALS = 7  # of what the logits of an image give to about as many digits

_ROUND = ["stage", "candidate", "seed_number"]
_TRIAL = ["stage", "candidate", "key"]  # a record may serve several candidates
_OF_IMAGES = ("correct", "logits", "losses", "confidences")
_EPOCH_FIELDS = (
    *("epoch", "learning_rate", "train_loss", "train_accuracy", "train_eval_loss"),
    *("train_eval_accuracy", "val_loss", "val_accuracy", "val_auroc", "seconds"),
)


Measure = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]


def make_table(members: Iterable[Member], measure: Measure = measure) -> pd.DataFrame:
    """One row per epoch of each member, with the columns of `all_columns` in that order; of the
    recipe's hyper-parameters those that are not the default in some training. Its attribute
    LOGARITHMIC says by search and column which are searched on a log scale, and which are not.

    Args:
        measure: what gives the metrics of a part's images, see `study.table.images.measure`.
    """
    members = list(members)
    rows = [row for member in members for row in _member_rows(member, measure)]
    columns = all_columns(varied_recipe(member.record.ingredients for member in members))
    table = pd.DataFrame(rows, columns=list(columns))
    table = table.astype({name: column.dtype for name, column in columns.items()})
    table = table.assign(**_differences(table), **_places(table))
    table = table.assign(**_times(table))
    table = table.assign(**_convergence(table))
    table.attrs[LOGARITHMIC] = {
        member.candidate: {f"config_{name}": log for name, log in member.logarithmic.items()}
        for member in members
        if member.logarithmic
    }
    return table


def _times(table: pd.DataFrame) -> dict[str, Any]:
    """What the timing's rounds say of the confirmed trials."""
    timed = table.loc[(table["stage"] == "timing") & (table["status"] == "complete")]
    timed = timed.loc[timed["is_final"] & timed["seed_number"].notna()]
    rounds = pd.DataFrame(
        {
            "stage": "confirm",
            "candidate": timed["candidate"],
            "seed_number": timed["seed_number"],
            SECONDS: timed["seconds"],
            "timed_on": timed["host"].str.cat(timed["device"], sep=", "),
        }
    ).astype({"stage": "string"})
    found = table[[*_ROUND]].merge(rounds, on=_ROUND, how="left").set_axis(table.index)
    times = {name: found[name] for name in (SECONDS, "timed_on")}
    return times | {ELAPSED: table["epoch"] * found[SECONDS]}


def _differences(table: pd.DataFrame) -> dict[str, Any]:
    """One score minus another, in each row."""
    return {
        "gap_loss": table["val_loss"] - table["train_eval_loss"],
        "gap_accuracy": table["train_eval_accuracy"] - table["val_accuracy"],
        "gap_accuracy_logged": table["train_accuracy"] - table["val_accuracy"],
    }


def _places(table: pd.DataFrame) -> dict[str, Any]:
    """Where each epoch stands in its trial."""
    trials = table.groupby(_TRIAL, sort=False)
    is_final = table["epoch"] == trials["epoch"].transform("max")
    is_best = table["val_loss"] == trials["val_loss"].transform("min")
    return {
        "elapsed": trials["seconds"].cumsum(),
        "is_final": is_final.astype("boolean"),
        "is_best": is_best.fillna(False).astype("boolean"),
        "val_accuracy_max": trials["val_accuracy"].transform("max"),
    }


def _convergence(table: pd.DataFrame) -> dict[str, Any]:
    """The three columns that say when a trial had converged, missing unless it is complete."""
    whole = table.loc[table["status"] == "complete"]
    final = whole.groupby(_TRIAL)["val_accuracy"].transform("last")
    # accuracies are counts over counts: half of a billionth is arithmetic, not an image
    far = (whole["val_accuracy"] - final).abs() > CONVERGED + 5e-10
    last_far = whole["epoch"].where(far).fillna(0).groupby([whole[name] for name in _TRIAL])
    near = whole.loc[whole["epoch"] > last_far.transform("max")]
    first = near.groupby(_TRIAL)[["epoch", ELAPSED]].first()
    found = table[_TRIAL].join(first, on=_TRIAL)
    return {
        "epochs_to_converge": found["epoch"],
        TO_CONVERGE: found[ELAPSED],
        "converged_share": (found["epoch"] / table["epochs"]).astype("Float64"),
    }


def _member_rows(member: Member, measure: Measure) -> list[dict[str, Any]]:
    trial, scores = _trial_values(member), _image_scores(member.record, measure)
    epochs = [_epoch_values(row) for row in member.record.rows]
    return [trial | scores.get(row["epoch"], {}) | row for row in epochs or [{"epoch": 0}]]


def _epoch_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a record's row says of its epoch; of the metrics beyond its fields those that are still
    known."""
    scores = row.get(SCORES, {})
    known = metric_columns("val") if scores else {}
    values = {f"{VALIDATION}{name}": value for name, value in scores.items()}
    extra = {name: value for name, value in values.items() if name in known}
    return {name: row[name] for name in _EPOCH_FIELDS} | extra


def _trial_values(member: Member) -> dict[str, Any]:
    """What is the same in all rows of the member."""
    record, ingredients = member.record, member.record.ingredients
    values = {
        "key": record.key,
        "stage": member.stage,
        "candidate": member.candidate,
        "label": member.label,
        "family": ingredients["family"],
        "status": record.status,
        "pruned_by": record.pruned_by,
        "hand_picked": member.hand_picked,
        "objective": member.objective,
        "number": record.provenance.get("number"),
        "seed": ingredients["seed"],
        "seed_number": member.seed_number,
        "image_size": ingredients["image_size"],
        "epochs": ingredients["recipe"]["epochs"],
        "host": record.provenance.get("host"),
        "device": record.provenance.get("device"),
        "torch": record.provenance.get("versions", {}).get("torch"),
        "error": record.error,
        **record.cost,
        **{f"config_{name}": value for name, value in used_values(ingredients).items()},
    }
    # What came from outside may hold what neither Parquet nor a terminal takes.
    return {name: printable(v) if isinstance(v, str) else v for name, v in values.items()}


def _image_scores(record: Record, measure: Measure) -> dict[int, dict[str, Any]]:
    """What each scored epoch has beside its row, whose own scores are the table's wherever both
    have one; records of earlier versions lack some of it."""
    scores: dict[int, dict[str, Any]] = {}
    for part, names, of_part in (
        ("val", _OF_IMAGES, record.val),
        ("test", ("loss", "accuracy", "auroc", *_OF_IMAGES), record.test),
    ):
        for score in of_part:
            columns = score | _of_images(score)
            found = {f"{part}_{name}": columns.get(name) for name in names}
            labels = _labels(score)
            measured = {} if labels is None else measure(np.array(score["logits"]), labels)
            metrics = {f"{part}_{name}": value for name, value in measured.items()}
            scores.setdefault(score["epoch"], {}).update(metrics | found)
    return scores


def _labels(score: Mapping[str, Any]) -> np.ndarray | None:
    """The labels of the images: two classes' follow from predictions and answers. None for a
    record without logits or answers."""
    logits, correct = score.get("logits"), score.get("correct")
    if not (logits and correct):
        return None
    if _is_of_several(score):
        return np.array(score["labels"])
    return (np.array(logits) > 0) == read_correct(correct)


def _of_images(score: Mapping[str, Any]) -> dict[str, str | None]:
    """What the table says of single images: the logits of two classes, from which the rest follows;
    of more classes the losses, and the probabilities of the answers."""
    logits = score.get("logits")
    if not _is_of_several(score):
        return {"logits": format_numbers(logits)}
    losses = image_losses(np.array(logits), np.array(score["labels"]))
    sure = probabilities(np.array(logits, np.float64)).max(axis=1)
    return {
        "logits": None,
        "losses": format_numbers(np.round(losses, IMAGE_DECIMALS).tolist()),
        "confidences": format_numbers(np.round(sure, IMAGE_DECIMALS).tolist()),
    }


def _is_of_several(score: Mapping[str, Any]) -> bool:
    """Whether the record is of more than two classes: two need no labels."""
    return "labels" in score
