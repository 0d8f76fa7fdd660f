"""The report's small tables hold the right numbers."""

import numpy as np
import pandas as pd
import pytest

from study.stats.signflip import seed_interval
from study.table.summary import (
    list_failures,
    summarise_candidates,
    summarise_cost,
    summarise_dropout,
    summarise_search,
    summarise_selection,
)
from tests.made_table import CHOSEN, EPOCHS, STUDY, made_table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


def test_candidates_hold_mean_range_and_the_epoch_of_least_loss(table):
    candidates = summarise_candidates(STUDY, table).set_index("label")
    assert list(candidates.index) == list(STUDY.labels().values())
    mine = table[(table["stage"] == "confirm") & (table["candidate"] == "modified")]
    finals = mine.loc[mine["epoch"] == EPOCHS, "val_accuracy"].to_numpy(float)
    row = candidates.loc["ConvGAP, modified"]
    assert row["n"] == 8
    assert row["val_accuracy"] == pytest.approx(finals.mean())
    assert (row["val_accuracy_low"], row["val_accuracy_high"]) == (finals.min(), finals.max())
    best = [seed.loc[seed["val_loss"].idxmin()] for _, seed in mine.groupby("seed")]
    assert row["best_val_accuracy"] == pytest.approx(np.mean([b["val_accuracy"] for b in best]))
    assert row["best_test_accuracy"] == pytest.approx(np.mean([b["test_accuracy"] for b in best]))
    assert row["parameters"] == 63_201
    assert row["configuration"] == "gap: channels = 128, hidden units = 128"


def test_dropouts_own_effect_on_the_logged_accuracy(table):
    """The modified ConvGAP is given dropout, and accuracies that are counted by hand."""
    table = table.copy()
    mine = (table["stage"] == "confirm") & (table["candidate"] == "modified")
    table.loc[table["stage"] == "confirm", "config_dropout_hidden"] = 0.0
    table.loc[mine, "config_dropout_hidden"] = 0.6
    finals = mine & table["is_final"]
    table.loc[finals, "train_accuracy"] = 0.90
    effects = np.array([0.02, 0.03, 0.04, 0.02, 0.03, 0.04, 0.02, 0.04])
    table.loc[finals, "train_eval_accuracy"] = 0.90 + effects
    table.loc[finals, "val_accuracy"] = 0.91
    table["gap_accuracy"] = table["train_eval_accuracy"] - table["val_accuracy"]
    table["gap_accuracy_logged"] = table["train_accuracy"] - table["val_accuracy"]
    assert summarise_dropout(STUDY, made_table()).empty
    rows = summarise_dropout(STUDY, table)
    assert rows["label"].tolist() == ["ConvGAP, modified"]
    row = rows.iloc[0]
    assert (row["n"], row["effect"]) == (8, pytest.approx(0.03))
    assert row["gap_logged"] == pytest.approx(-0.01)
    assert row["gap_evaluated"] == pytest.approx(0.02)
    interval = pytest.approx(seed_interval(effects))
    assert (row["effect_low"], row["effect_high"]) == interval
    few = table.loc[table["seed"].isin([0, 1, 2]) | (table["stage"] == "explore")]
    assert np.isnan(summarise_dropout(STUDY, few).iloc[0]["effect_low"])


def test_selection_compares_the_choice_with_fresh_seeds_and_the_test_set(table):
    row = summarise_selection(STUDY, table).iloc[0]
    ends = table[
        table["is_final"] & (table["status"] == "complete") & (table["candidate"] == "gap")
    ]
    tried = ends[ends["stage"] == "explore"]
    fresh = ends[ends["stage"] == "confirm"]
    assert row["trials"] == len(tried)
    assert row["chosen_loss"] == tried["val_loss"].min()
    assert row["fresh_loss"] == pytest.approx(fresh["val_loss"].mean())
    assert row["test_accuracy"] == pytest.approx(fresh["test_accuracy"].mean())
    configuration = f"channels = {CHOSEN['channels']}, hidden units = {CHOSEN['hidden']}"
    assert row["configuration"] == configuration


def test_search_counts_trials_by_status_and_the_epochs_saved(table):
    row = summarise_search(STUDY, table).iloc[0]
    statuses = [row[name] for name in ("complete", "stopped", "diverged", "failed")]
    assert row["trials"] == sum(statuses) == 16
    assert statuses[2:] == [1, 1]
    explored = table[table["stage"] == "explore"]
    assert row["epochs"] == (explored["epoch"] > 0).sum()
    assert row["unstopped"] == 16 * EPOCHS


def test_cost_counts_each_training_once(table):
    twice = table.assign(candidate=table["candidate"].where(table["candidate"] != "lab4", "again"))
    again = pd.concat([table, twice[twice["candidate"] == "again"]])
    for rows in (table, again):
        costs = summarise_cost(rows)
        assert list(costs["stage"]) == ["explore", "confirm", "timing"]
        assert list(costs["device"]) == ["x86_64 CPU"] * 3
        assert list(costs["trainings"]) == [16, 4 * 8, 4 * 8]
        assert costs["epochs"].sum() == (table["epoch"] > 0).sum()
        assert costs["seconds"].sum() == pytest.approx(table["seconds"].sum())


def test_failures_are_listed_with_their_errors(table):
    failures = list_failures(table).set_index("status")
    assert set(failures.index) == {"diverged", "failed"}
    assert "out of memory" in failures.loc["failed", "error"]
    assert failures.loc["failed", "epoch"] == 0
    assert failures.loc["diverged", "error"]
    assert failures["configuration"].str.startswith("channels = ").all()
