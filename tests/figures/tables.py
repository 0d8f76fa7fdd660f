"""Small tables for the tests of figures, and options under which every kind is drawn."""

from typing import Any

import numpy as np
import pandas as pd

from study.store.records import Record
from study.table.example import make_epoch_rows
from study.table.members import Member
from study.table.rows import make_table
from tests.made_table import SETTING

# By kind, options under which the made study's table has something to draw; none where missing.
OPTIONS = {
    "curves": {
        "candidate": "modified",
        "levels": {"said": {"val_accuracy": 0.93, "val_loss": 0.2}},
    },
    "response": {
        "search": "gap",
        "x": "config_channels",
        "metrics": ["gap_loss", "val_accuracy"],
        "hue": "config_hidden",
        "log_x": True,
        "reference": "convmodel",
    },
    "pareto": {"y": "val_accuracy", "xs": ["parameters", "elapsed"]},
    "importance": {"min_trials": 5},
    "architecture": {"candidates": ["lab4", "modified"]},
}


def options_of(kind: str) -> dict[str, Any]:
    return dict(OPTIONS.get(kind, {}))


def scored_table(accuracies: list[float], status: str = "complete") -> pd.DataFrame:
    """A table of one candidate: final validation accuracies by seed, three epochs each."""
    members = []
    for seed, accuracy in enumerate(accuracies):
        rows = make_epoch_rows(np.random.default_rng(seed), 0.9, 0.0, 2.0, epochs=3)
        rows[-1] |= {"val_accuracy": accuracy, "train_eval_loss": 0.1, "val_loss": 0.15}
        ingredients = SETTING.ingredients("gap", {}, seed)
        cost = {"parameters": 1000, "multiply_adds": 2000, "activation_bytes": 3000}
        record = Record(ingredients, status, rows, cost=cost)
        members.append(Member("confirm", "one", "One", record))
    return make_table(members)


def explored_table(
    trials: list[tuple[dict, str, list[float]]], family: str = "gap"
) -> pd.DataFrame:
    """A table of explored trials: configuration, status, validation loss by epoch."""
    members = []
    for number, (config, status, losses) in enumerate(trials):
        rows = make_epoch_rows(np.random.default_rng(number), 0.9, 0.0, 2.0, epochs=len(losses))
        for row, loss in zip(rows, losses, strict=True):
            row["val_loss"] = loss
        record = Record(
            SETTING.ingredients(family, config, 99), status, rows, provenance={"number": number}
        )
        members.append(Member("explore", "search", "Search", record))
    return make_table(members)
