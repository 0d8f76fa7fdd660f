"""The confirmed trials: their final values, means over seeds, and how sure a mean is."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from study.stats.signflip import seed_interval


def confirmed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the confirmed trials that reached their last epoch."""
    return table.loc[(table["stage"] == "confirm") & (table["status"] == "complete")]


def confirmed_finals(table: pd.DataFrame) -> pd.DataFrame:
    """Last row of each of these trials: one row per candidate and seed."""
    rows = confirmed(table)
    return rows.loc[rows["is_final"]]


SAME = " = "  # between the names of one configuration


def name_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of confirmed trials in which candidates that are one configuration, and so have the same
    trainings, stand once, under the first one's name and with all of their labels: "A = B"."""
    first_of: dict[frozenset[str], str] = {}
    labels: dict[str, list[str]] = {}
    for candidate, mine in rows.groupby("candidate", sort=False):
        first = first_of.setdefault(frozenset(mine["key"]), str(candidate))
        labels.setdefault(first, []).append(str(mine["label"].iloc[0]))
    kept = rows.loc[rows["candidate"].isin(list(labels))]
    named = kept["candidate"].map({name: SAME.join(several) for name, several in labels.items()})
    return kept.assign(label=named.astype(rows["label"].dtype))


def summarise_seeds(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Mean over seeds in each group of `by`, in the order of the rows.

    Args:
        rows: one row per seed in each group; rows without a value are left out.
        value: a numeric column.

    Returns:
        The columns of `by`, then mean, low, high, n and exact. From low to high is the exact 95 %
        interval of the mean where `exact`, and the range of the values where seeds are too few.
    """
    groups = rows.dropna(subset=[value]).groupby(list(by), sort=False)[value]
    summary = [
        dict(zip(by, group, strict=True)) | _summary(values.to_numpy(float))
        for group, values in groups
        if isinstance(group, tuple)
    ]
    return pd.DataFrame(summary, columns=[*by, "mean", "low", "high", "n", "exact"])


def _summary(values: np.ndarray) -> dict[str, float | bool]:
    low, high = seed_interval(values)
    exact = math.isfinite(low) and math.isfinite(high)
    if not exact:
        low, high = float(values.min()), float(values.max())
    return {
        "mean": float(values.mean()),
        "low": low,
        "high": high,
        "n": len(values),
        "exact": exact,
    }


def describe_seeds(summary: pd.DataFrame, mark: str) -> str:
    """Number of seeds, and what a `mark` (a band, a bar) from low to high stands for."""
    count, exact = describe_count(summary), set(summary["exact"])
    if set(summary["n"]) == {1}:
        return f"{count}: no {mark}"
    if exact == {True}:
        meaning = "exact 95 % interval of the mean"
    elif True in exact:
        meaning = "exact 95 % interval of the mean, range where too few"
    else:
        meaning = "range over seeds, too few for an interval"
    return f"{count}; {mark}: {meaning}"


def describe_count(summary: pd.DataFrame) -> str:
    """Number of seeds, `n` of the summary: "n = 8 seeds"."""
    counts = set(summary["n"].astype(int))
    least, most = min(counts), max(counts)
    count = f"n = {least}" if least == most else f"n = {least} to {most}"
    return f"{count} seed" if most == 1 else f"{count} seeds"


def describe_same(labels: Iterable[str]) -> str:
    """What `SAME` means, where it stands in any of the labels."""
    return "; A = B: one configuration" if any(SAME in label for label in labels) else ""


def describe_left_out(table: pd.DataFrame, candidates: Sequence[str]) -> str:
    """How many confirmed trials of the candidates did not reach their end; empty where none."""
    rows = table.loc[(table["stage"] == "confirm") & table["candidate"].isin(candidates)]
    lost = rows.loc[rows["status"] != "complete"].drop_duplicates(["candidate", "key"])
    counts = lost["status"].value_counts(sort=False)
    named = [f"{count} {status}" for status, count in counts.items()]
    return f"; left out: {', '.join(named)}" if named else ""
