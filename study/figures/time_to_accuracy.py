"""Training time until a validation accuracy is first reached, for every accuracy."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from study.figures.axis_labels import axis_label
from study.figures.constant import draw_constant
from study.figures.pareto import short_number
from study.figures.theme import COLOURS, INK, MARKERS, LogTicks, add_legend
from study.spec.times import ELAPSED
from study.table.formatting import display_factor, format_value
from study.table.seeds import (
    confirmed,
    describe_count,
    describe_left_out,
    describe_same,
    name_once,
)

STEP = 0.005  # half a percentage point
GRID = np.round(np.arange(0.0, 1.0 + STEP / 2, STEP), 3)  # accuracies, share
SHARES = {"quarter": 0.25, "half": 0.5, "three_quarters": 0.75}  # of the seeds
NOT_ALL = "some seeds never reach it"


def frame_of_time_to_accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """When the seeds of each candidate first reach an accuracy; empty where none was timed.

    A seed that never reaches it counts as one that takes forever, so that no candidate looks faster
    for the seeds that it loses.

    Returns:
        One row per candidate and accuracy that half of its seeds reach, in steps of STEP:
        candidate, label, accuracy (share), quarter, half, three_quarters (seconds of training by
        which that part of the seeds has reached it, infinite where fewer ever do), reached and n
        (seeds).
    """
    rows = name_once(confirmed(table))
    rows = rows.dropna(subset=[ELAPSED])
    parts = [
        pd.DataFrame(_times_to_accuracy(mine)).assign(candidate=name, label=mine["label"].iloc[0])
        for name, mine in rows.groupby("candidate", sort=False)
    ]
    if not parts:
        return pd.DataFrame()
    frame = pd.concat(parts).query("half < inf")
    # below that, half of every candidate's seeds are there after their first epoch
    lowest = rows.loc[rows["epoch"] == 1].groupby("candidate")["val_accuracy"].median().min()
    frame = frame.loc[frame["accuracy"] > lowest - STEP].reset_index(drop=True)
    frame.attrs["note"] = (
        f"{describe_count(frame)}; line: half of the seeds have reached the accuracy, and it ends "
        "where fewer ever do; band: a quarter to three quarters have"
        + describe_same(frame["label"])
        + describe_left_out(table, list(frame["candidate"].unique()))
    )
    return frame


def _times_to_accuracy(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The frame's numbers for one candidate at each accuracy of GRID."""
    times = np.array([_first_times(seed) for _, seed in rows.groupby("key")])
    parts = {
        name: np.quantile(times, share, axis=0, method="inverted_cdf")
        for name, share in SHARES.items()
    }
    reached = np.isfinite(times).sum(axis=0)
    return {"accuracy": GRID, **parts, "reached": reached, "n": np.full_like(reached, len(times))}


def _first_times(seed: pd.DataFrame) -> np.ndarray:
    """Seconds until one seed first reaches each accuracy of GRID, infinite where it never does."""
    best = seed["val_accuracy"].cummax().to_numpy(float)
    ends = np.append(seed[ELAPSED].to_numpy(float), np.inf)
    return ends[np.searchsorted(best, GRID - 1e-9)]


def draw_time_to_accuracy(frame: pd.DataFrame, figure: Figure) -> None:
    """One line per candidate, dashed where some seeds never reach it, with a mark at its end."""
    figure.set_figheight(4.2)
    ax = figure.subplots()
    ax.set_yscale("log")
    handles = {}
    factor = display_factor("val_accuracy")
    for place, (_, rows) in enumerate(frame.groupby("candidate", sort=False)):
        style = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
        accuracy, half = (rows["accuracy"] * factor).to_numpy(), rows["half"].to_numpy()
        high = rows["three_quarters"].where(np.isfinite(rows["three_quarters"])).to_numpy()
        ax.fill_between(accuracy, rows["quarter"], high, color=style["color"], alpha=0.2, lw=0)
        ax.plot(accuracy, half, color=style["color"], linewidth=1.3, linestyle=(0, (4, 2)))
        all_there = rows["half"].where(rows["reached"] == rows["n"])
        ax.plot(accuracy, all_there, color=style["color"], linewidth=2.2)
        ax.plot(accuracy[-1], half[-1], markersize=8, markeredgecolor="white", zorder=3, **style)
        handles[rows["label"].iloc[0]] = Line2D([], [], linewidth=2.2, markersize=8, **style)
    ax.yaxis.set_major_locator(LogTicks())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: short_number(value)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"{axis_label('val_accuracy')}, first reached")
    ax.set_ylabel(axis_label(ELAPSED))
    handles[NOT_ALL] = Line2D([], [], color=INK, linestyle=(0, (4, 2)))
    add_legend(figure, handles | draw_constant(ax, frame, "val_accuracy", "x"))


def describe_time_to_accuracy(frame: pd.DataFrame) -> str:
    """The end of each line in words."""
    ends = frame.groupby("candidate", sort=False).last()
    said = [
        f"{label} {format_value('val_accuracy', accuracy)} after {format_value(ELAPSED, half)}"
        for label, accuracy, half in zip(ends["label"], ends["accuracy"], ends["half"], strict=True)
    ]
    return f"The most that half of the seeds reach, and when: {'; '.join(said)}."
