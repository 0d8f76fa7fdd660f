"""All candidates side by side: every seed a dot, the mean and its interval beside them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hw3.models import FAMILIES
from study.figures.axis_labels import axis_label
from study.figures.constant import draw_constant
from study.figures.theme import FAMILY_STYLES, INK, add_legend, wrap_label
from study.table.formatting import column_name, display_factor, format_value
from study.table.seeds import (
    confirmed_finals,
    describe_left_out,
    describe_seeds,
    summarise_seeds,
)

ROW = 0.62  # inches per candidate


def frame_of_comparison(
    table: pd.DataFrame, *, metrics: tuple[str, ...] = ("val_accuracy", "test_accuracy")
) -> pd.DataFrame:
    """Final scores of every confirmed seed; empty where there is none.

    Returns:
        One row per metric, candidate and seed: metric, candidate, label, family, seed, value, and
        the candidate's mean, low, high, n and exact (see `summarise_seeds`).
    """
    finals = confirmed_finals(table)
    kept = ["candidate", "label", "family", "seed"]
    seeds = finals.melt(kept, list(metrics), "metric").dropna(subset=["value"])
    if seeds.empty:
        return seeds
    summary = summarise_seeds(seeds, ["metric", "candidate"], "value")
    frame = seeds.merge(summary, on=["metric", "candidate"])
    note = describe_seeds(summary, "bar")
    frame.attrs["note"] = note + describe_left_out(table, list(frame["candidate"].unique()))
    return frame


def draw_comparison(frame: pd.DataFrame, figure: Figure) -> None:
    """One row per candidate, one panel per metric."""
    metrics = frame["metric"].unique()
    labels = frame.groupby("candidate", sort=False)["label"].first()
    figure.set_figheight(0.7 + ROW * len(labels))
    axes = figure.subplots(1, len(metrics), sharex=True, sharey=True, squeeze=False)[0]
    for metric, ax in zip(metrics, axes, strict=True):
        for place, candidate in enumerate(labels.index):
            rows = frame.loc[(frame["metric"] == metric) & (frame["candidate"] == candidate)]
            if len(rows):
                _draw_row(ax, rows, place, display_factor(metric))
        ax.set_xlabel(axis_label(metric))
    axes[0].set_yticks(range(len(labels)), [wrap_label(label) for label in labels])
    axes[0].set_ylim(len(labels) - 0.5, -0.5)
    handles = {
        f"{FAMILIES[family].title}, one seed": Line2D([], [], linestyle="none", **_dot(family))
        for family in frame["family"].unique()
    }
    handles["mean"] = Line2D([], [], color=INK, marker="d", markersize=8)
    for metric, ax in zip(metrics, axes, strict=True):
        handles |= draw_constant(ax, frame, metric, "x")
    add_legend(figure, handles)


def describe_comparison(frame: pd.DataFrame) -> str:
    """The means in words."""
    said = []
    for metric, rows in frame.drop_duplicates(["metric", "candidate"]).groupby(
        "metric", sort=False
    ):
        means = [
            f"{label} = {format_value(str(metric), mean)}"
            for label, mean in zip(rows["label"], rows["mean"], strict=True)
        ]
        said.append(f"Mean final {column_name(str(metric))}: {'; '.join(means)}.")
    return " ".join(said)


def _draw_row(ax: Axes, rows: pd.DataFrame, place: float, factor: float) -> None:
    """Seeds below the row's middle, in their order from above; the mean above it."""
    rows = rows.sort_values("seed")
    values = rows["value"].to_numpy(float) * factor
    below = place + np.linspace(0.08, 0.32, len(values))
    ax.plot(values, below, linestyle="none", alpha=0.85, **_dot(rows["family"].iloc[0]))
    mean, low, high = (float(rows[name].iloc[0]) * factor for name in ("mean", "low", "high"))
    ax.plot([low, high], [place - 0.15] * 2, color=INK, linewidth=2)
    ax.plot(mean, place - 0.15, color=INK, marker="d", markersize=8)


def _dot(family: str) -> dict:
    return FAMILY_STYLES[family] | {"markersize": 6, "markeredgecolor": "white"}
