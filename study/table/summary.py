"""The report's small tables, computed: candidates, what selection cost, searches, failures."""

import math
from typing import Any, get_args

import pandas as pd

from study.search.trial import Stage
from study.spec.search import Search
from study.spec.study import VALIDATION, Study
from study.spec.times import ELAPSED
from study.stats.signflip import seed_interval
from study.table.formatting import column_name, format_setting
from study.table.seeds import confirmed, confirmed_finals
from study.table.trials import best_first, objective_of

CLASS_RATES = [
    f"{part}_{name}"
    for part in ("val", "test")
    for name in ("balanced_accuracy", "sensitivity", "specificity")
]
STATUSES = ("complete", "stopped", "diverged", "failed")


def summarise_candidates(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Every candidate in the study's order; NaN where it has no confirmed trial at full length.

    Returns:
        candidate, label, configuration with its family, n (seeds at full length); over these seeds
        the mean final val_accuracy with its least and greatest value (val_accuracy_low,
        val_accuracy_high), the means of val_loss, gap_loss, test_accuracy, elapsed, elapsed_alone
        and, of both parts, CLASS_RATES at the last epoch, of best_val_accuracy and
        best_test_accuracy at the epoch of least validation loss; parameters and multiply_adds.
    """
    finals, rows = confirmed_finals(table), confirmed(table)
    best = rows.loc[rows["is_best"]].drop_duplicates(["candidate", "key"])
    return pd.DataFrame(
        [
            {"candidate": name}
            | _candidate_row(
                label, finals.loc[finals["candidate"] == name], best.loc[best["candidate"] == name]
            )
            for name, label in study.labels().items()
        ]
    )


def _candidate_row(label: str, finals: pd.DataFrame, best: pd.DataFrame) -> dict[str, Any]:
    accuracy = finals["val_accuracy"].astype(float)
    return {
        "label": label,
        "configuration": ": ".join([*finals["family"].unique(), describe_config(finals)]),
        "n": len(finals),
        "val_accuracy": _mean(finals, "val_accuracy"),
        "val_accuracy_low": accuracy.min(),
        "val_accuracy_high": accuracy.max(),
        "val_loss": _mean(finals, "val_loss"),
        "gap_loss": _mean(finals, "gap_loss"),
        "test_accuracy": _mean(finals, "test_accuracy"),
        **{name: _mean(finals, name) for name in CLASS_RATES},
        "best_val_accuracy": _mean(best, "val_accuracy"),
        "best_test_accuracy": _mean(best, "test_accuracy"),
        "parameters": _mean(finals, "parameters"),
        "multiply_adds": _mean(finals, "multiply_adds"),
        "elapsed": _mean(finals, "elapsed"),
        ELAPSED: _mean(finals, ELAPSED),
    }


def summarise_dropout(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """How much of the logged training accuracy is dropout's own doing, at the last epoch.

    Dropout is active while the training accuracy is logged, and lowers it. Scored again in
    evaluation mode the accuracy is higher by `effect`, which is by how much the two gaps differ.
    It includes what the weights gained in the course of the epoch.

    Returns:
        One row per candidate with a dropout rate above 0: candidate, label, n (seeds), means over
        them of gap_logged (logged training minus validation accuracy), gap_evaluated (the same in
        evaluation mode) and effect (share), and effect_low, effect_high: its exact 95 % interval,
        NaN where seeds are too few.
    """
    finals = confirmed_finals(table).dropna(subset=["train_eval_accuracy"])
    rates = finals.filter(like="config_dropout").select_dtypes("number")
    dropped = finals.loc[rates.gt(0).any(axis=1)]
    rows = []
    for name, label in study.labels().items():
        mine = dropped.loc[dropped["candidate"] == name]
        if mine.empty:
            continue
        effect = (mine["train_eval_accuracy"] - mine["train_accuracy"]).to_numpy(float)
        low, high = seed_interval(effect)
        rows.append(
            {
                "candidate": name,
                "label": label,
                "n": len(mine),
                "gap_logged": _mean(mine, "gap_accuracy_logged"),
                "gap_evaluated": _mean(mine, "gap_accuracy"),
                "effect": float(effect.mean()),
                "effect_low": low,
                "effect_high": high,
            }
        )
    return pd.DataFrame(rows)


def summarise_selection(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """What each search's choice scored when it was chosen, on fresh seeds, and on the test set.

    The first is the best of many tries on the validation set and so looks better than it is.

    Returns:
        One row per search that has a full-length trial: search, label, configuration, trials (at
        full length, of which it is the best), n (confirmed seeds); chosen_loss, fresh_loss,
        test_loss and the same with the other of `selection_scores`, means over the seeds.
    """
    ends = table.loc[table["is_final"] & (table["status"] == "complete")]
    objective = objective_of(table)
    rows = [
        _selection_row(search, ends.loc[ends["candidate"] == search.name], objective)
        for search in study.searches
    ]
    return pd.DataFrame([row for row in rows if row])


def selection_scores(objective: str) -> tuple[str, str]:
    """The metric that a search optimises, which decides the choice, and another one beside it."""
    name = objective.removeprefix(VALIDATION)
    return name, "loss" if name == "accuracy" else "accuracy"


def _selection_row(search: Search, ends: pd.DataFrame, objective: str) -> dict[str, Any]:
    """The search's row from the last epochs of its full-length trials; empty without explored."""
    explored = ends.loc[(ends["stage"] == "explore") & ends[objective].notna()]
    explored = best_first(explored, objective)
    fresh = ends.loc[ends["stage"] == "confirm"]
    if explored.empty:
        return {}
    chosen = explored.head(1)
    row = {
        "search": search.name,
        "label": search.chosen_label,
        "configuration": describe_config(chosen),
        "trials": len(explored),
        "n": len(fresh),
    }
    for score in selection_scores(objective):
        row |= {
            f"chosen_{score}": _mean(chosen, f"val_{score}"),
            f"fresh_{score}": _mean(fresh, f"val_{score}"),
            f"test_{score}": _mean(fresh, f"test_{score}"),
        }
    return row


def summarise_search(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """What each search tried: search, label, space, trials by status, epochs trained and unstopped.

    `unstopped` is what the same trials would have taken at full length.
    """
    explored = table.loc[table["stage"] == "explore"]
    rows = []
    for search in study.searches:
        ends = explored.loc[(explored["candidate"] == search.name) & explored["is_final"]]
        counts = ends["status"].value_counts()
        rows.append(
            {
                "search": search.name,
                "label": search.label,
                "space": "; ".join(
                    f"{name}: {dim.describe()}" for name, dim in search.space.items()
                ),
                "trials": len(ends),
                **{status: int(counts.get(status, 0)) for status in STATUSES},
                "epochs": int(ends["epoch"].sum()),
                "unstopped": int(ends["epochs"].sum()),
            }
        )
    return pd.DataFrame(rows)


def summarise_cost(table: pd.DataFrame) -> pd.DataFrame:
    """What was trained, by stage and device: trainings, epochs, seconds (summed over workers).

    A training that serves several candidates counts once.
    """
    rows = table.drop_duplicates(["key", "epoch"])
    trained = rows.assign(epochs=rows["epoch"].gt(0)).groupby(["stage", "device"], dropna=False)
    costs = trained.agg(
        trainings=("key", "nunique"), epochs=("epochs", "sum"), seconds=("seconds", "sum")
    )
    costs = costs.reset_index().fillna({"device": "not known"})
    order = get_args(Stage)
    return costs.sort_values("stage", key=lambda stages: stages.map(order.index), kind="stable")


def list_failures(table: pd.DataFrame) -> pd.DataFrame:
    """Trials that diverged or failed: stage, label, configuration, seed, status, epoch, error."""
    ends = table.loc[table["is_final"] & table["status"].isin(["diverged", "failed"])]
    rows = ends.drop_duplicates(["stage", "candidate", "key"])
    configurations = [describe_config(rows.iloc[[place]]) for place in range(len(rows))]
    columns = ["stage", "label", "seed", "status", "epoch", "error"]
    explained = rows[columns].fillna({"error": "the loss was not finite"})
    return explained.assign(configuration=configurations)


def describe_config(rows: pd.DataFrame) -> str:
    """The hyper-parameters of a trial's rows in words; empty where there is no row."""
    if rows.empty:
        return ""
    configs = rows.filter(like="config_").astype(object).iloc[0].dropna()
    said = {column_name(str(name)): format_setting(value) for name, value in configs.items()}
    return ", ".join(f"{name} = {value}" for name, value in said.items())


def _mean(rows: pd.DataFrame, column: str) -> float:
    """Mean without the missing values; NaN where there is none."""
    values = rows[column].dropna().to_numpy(float)
    return float(values.mean()) if values.size else math.nan
