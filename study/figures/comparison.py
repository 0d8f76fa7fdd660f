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
    describe_same,
    describe_seeds,
    name_once,
    summarise_seeds,
)

DOT = 6.0  # typographic points from edge to edge
# Inches: a row without its dots, from one level of dots to the next, and most of all levels.
ROW, LEVEL, LEVELS = 0.5, 0.09, 1.2
MEAN, DOTS = 0.06, 0.12  # inches from a row's middle up and down
LABELS = 1.7  # inches beside the panels


def frame_of_comparison(
    table: pd.DataFrame, *, metrics: tuple[str, ...] = ("val_accuracy", "test_accuracy")
) -> pd.DataFrame:
    """Final scores of every confirmed seed; empty where there is none.

    Returns:
        One row per metric, candidate and seed: metric, candidate, label, family, seed, value, and
        the candidate's mean, low, high, n and exact (see `summarise_seeds`). Candidates of one
        configuration are one, see `study.table.seeds.name_once`.
    """
    finals = name_once(confirmed_finals(table))
    kept = ["candidate", "label", "family", "seed"]
    seeds = finals.melt(kept, list(metrics), "metric").dropna(subset=["value"])
    if seeds.empty:
        return seeds
    summary = summarise_seeds(seeds, ["metric", "candidate"], "value")
    frame = seeds.merge(summary, on=["metric", "candidate"])
    note = describe_seeds(summary, "bar") + describe_same(frame["label"])
    frame.attrs["note"] = note + describe_left_out(table, list(frame["candidate"].unique()))
    return frame


def draw_comparison(frame: pd.DataFrame, figure: Figure) -> None:
    """One row per candidate, one panel per metric."""
    metrics = frame["metric"].unique()
    labels = frame.groupby("candidate", sort=False)["label"].first()
    names = labels.index.astype(str)
    near = _dot_width(frame, (figure.get_figwidth() - LABELS) / len(metrics))
    levels = {
        (metric, name): spread_dots(_seeds(frame, metric, name)["value"].to_numpy(float), width)
        for metric, width in near.items()
        for name in names
    }
    deepest = [max(levels[metric, name].max(initial=0) for metric in near) for name in names]
    depths = [min(LEVELS, LEVEL * most) for most in deepest]
    middles = np.cumsum([0.0, *(ROW + depth for depth in depths)])  # inches from the first row's
    figure.set_figheight(0.7 + middles[-1])
    axes = figure.subplots(1, len(metrics), sharex=True, sharey=True, squeeze=False)[0]
    for metric, ax in zip(metrics, axes, strict=True):
        for place, depth, most, name in zip(
            middles[:-1], depths, deepest, labels.index, strict=True
        ):
            rows = _seeds(frame, metric, name)
            if len(rows):
                below = place + DOTS + levels[metric, name] * depth / max(1, most)
                _draw_row(ax, rows, place, below, display_factor(metric))
        ax.set_xlabel(axis_label(metric))
    axes[0].set_yticks(middles[:-1], [wrap_label(label) for label in labels])
    axes[0].set_ylim(middles[-1] - ROW / 2, -ROW / 2)
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


def _seeds(frame: pd.DataFrame, metric: str, candidate: str) -> pd.DataFrame:
    """The rows of a candidate's seeds, in their order."""
    mine = (frame["metric"] == metric) & (frame["candidate"] == candidate)
    return frame.loc[mine].sort_values("seed")


def spread_dots(values: np.ndarray, near: float) -> np.ndarray:
    """The level of each dot, from 0, on which it hides none before it, (n,).

    Args:
        values: where the dots stand along the axis, (n,).
        near: how far apart two on one level must be.
    """
    levels = np.zeros(len(values), int)
    for place, value in enumerate(values):
        taken = set(levels[:place][np.abs(values[:place] - value) < near])
        levels[place] = next(level for level in range(len(values)) if level not in taken)
    return levels


def _dot_width(frame: pd.DataFrame, panel: float) -> dict[str, float]:
    """A dot's width in the unit of each metric: the panels share one axis.

    Args:
        panel: width of each, inches.
    """
    factors = frame["metric"].map(display_factor)
    shown = frame[["value", "low", "high"]].astype(float).mul(factors, axis="index").to_numpy()
    span = 1.1 * float(shown.max() - shown.min())
    width = DOT / 72 / (panel - 0.1) * (span or 1.0)
    return {str(metric): width / display_factor(metric) for metric in frame["metric"].unique()}


def _draw_row(ax: Axes, rows: pd.DataFrame, place: float, below: np.ndarray, factor: float) -> None:
    """Seeds below the row's middle, each on its level; the mean above it."""
    values = rows["value"].to_numpy(float) * factor
    ax.plot(values, below, linestyle="none", alpha=0.85, **_dot(rows["family"].iloc[0]))
    mean, low, high = (float(rows[name].iloc[0]) * factor for name in ("mean", "low", "high"))
    ax.plot([low, high], [place - MEAN] * 2, color=INK, linewidth=2)
    ax.plot(mean, place - MEAN, color=INK, marker="d", markersize=8)


def _dot(family: str) -> dict:
    return FAMILY_STYLES[family] | {"markersize": DOT, "markeredgecolor": "white"}
