"""Accuracy and loss over epochs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from study.figures.axis_labels import axis_label
from study.figures.constant import draw_constant
from study.figures.theme import COLOURS, INK, add_legend
from study.spec.study import unknown_name
from study.table.formatting import column_name, display_factor, format_value
from study.table.seeds import confirmed, describe_left_out, describe_seeds, summarise_seeds

PANELS = ("accuracy", "loss")
# series: (label, style). Training as logged is a plain line, validation a line with dots; the
# training set in evaluation mode, which is not scored every epoch, separate squares.
SERIES = {
    "train": ("training, as logged", {"color": COLOURS[0]}),
    "train_eval": (
        "training, evaluation mode",
        {"color": COLOURS[0], "linestyle": "none", "marker": "s", "markerfacecolor": "white"},
    ),
    "val": ("validation", {"color": COLOURS[1], "marker": "o", "markersize": 4.5}),
}
AS_LOGGED = "; as logged: in training mode, with any dropout active"
FRAME = ("panel", "series", "level", "epoch", "mean", "low", "high", "n", "exact")


def frame_of_curves(
    table: pd.DataFrame, *, candidate: str, levels: Mapping[str, Mapping[str, float]] | None = None
) -> pd.DataFrame:
    """Mean over the candidate's seeds in each epoch; empty where there is none at full length.

    Args:
        candidate: name of a baseline, or of a search for what it chose.
        levels: what was said: name -> column -> value.

    Returns:
        The columns of FRAME; for low, high, n and exact see `summarise_seeds`. `panel` and
        `series` are the two halves of a column's name. A level that was said has its name in
        `level`, its value in `mean` and no epoch.

    Raises:
        ValueError: a level is not of a column that the figure shows.
    """
    said = _level_rows(levels or {})
    rows = confirmed(table)
    rows = rows.loc[rows["candidate"] == candidate]
    seeds = [
        summarise_seeds(rows, ["epoch"], f"{series}_{panel}").assign(panel=panel, series=series)
        for panel in PANELS
        for series in SERIES
    ]
    frame = pd.DataFrame([row for part in seeds for row in part.to_dict("records")])
    if frame.empty:
        return frame
    note = describe_seeds(frame, "band") + describe_left_out(table, [candidate]) + AS_LOGGED
    frame = pd.DataFrame(frame.to_dict("records") + said, columns=list(FRAME))
    frame.attrs["note"] = note
    return frame


def _level_rows(levels: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """One row per value that was said."""
    shown = {f"{series}_{panel}": (series, panel) for series in SERIES for panel in PANELS}
    rows = []
    for name, values in levels.items():
        for column, value in values.items():
            if column not in shown:
                raise ValueError(unknown_name(f"a column of the level {name!r}", column, shown))
            series, panel = shown[column]
            rows.append({"series": series, "panel": panel, "level": name, "mean": value})
    return rows


def draw_curves(frame: pd.DataFrame, figure: Figure) -> None:
    """A panel of accuracies and one of losses, with what was said as dashed lines."""
    figure.set_figheight(3.4)
    axes = dict(zip(PANELS, figure.subplots(1, 2), strict=True))
    handles: dict[str, Line2D] = {}
    for panel, ax in axes.items():
        rows = frame.loc[frame["panel"] == panel]
        for series, (label, style) in SERIES.items():
            seeds = rows.loc[(rows["series"] == series) & rows["level"].isna()]
            if len(seeds):
                handles[label] = _draw_series(ax, seeds, display_factor(f"val_{panel}"), style)
        ax.set_xlabel("epoch")
        ax.set_ylabel(axis_label(f"val_{panel}").removeprefix("validation "))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    levels = frame.loc[frame["level"].notna()]
    meant = levels.groupby("level")["series"].unique().to_dict()
    for panel, ax in axes.items():
        handles |= _draw_levels(ax, levels.loc[levels["panel"] == panel], meant)
    handles |= draw_constant(axes["accuracy"], frame, "val_accuracy")
    add_legend(figure, handles)


def describe_curves(frame: pd.DataFrame) -> str:
    """The last epoch in words."""
    seeds = frame.loc[frame["level"].isna()]
    last = seeds.loc[seeds["epoch"] == seeds["epoch"].max()]
    said = [
        f"{column_name(column)} = {format_value(column, mean)}"
        for column, mean in zip(last["series"] + "_" + last["panel"], last["mean"], strict=True)
    ]
    return f"After {int(seeds['epoch'].max())} epochs: {'; '.join(said)}."


def _draw_series(ax: Axes, seeds: pd.DataFrame, factor: float, style: dict) -> Line2D:
    """The mean, with a band where it is a line and with bars where it is separate markers."""
    epoch, mean, low, high = (
        seeds[name].to_numpy(float) * (1 if name == "epoch" else factor)
        for name in ("epoch", "mean", "low", "high")
    )
    if style.get("linestyle") == "none":
        ax.vlines(epoch, low, high, color=style["color"], linewidth=1.2)
    else:
        ax.fill_between(epoch, low, high, color=style["color"], alpha=0.22, linewidth=0)
    (line,) = ax.plot(epoch, mean, linewidth=1.8, **style)
    return line


def _draw_levels(
    ax: Axes, levels: pd.DataFrame, meant: Mapping[str, Sequence[str]]
) -> dict[str, Line2D]:
    """Dashed lines, each with its value in the right margin; equal ones become one dark line.

    Args:
        meant: name of a level -> the series that it is about, in any panel.
    """
    handles: dict[str, Line2D] = {}
    texts: dict[str, float] = {}
    for _, rows in levels.groupby(["level", "mean"], sort=False):
        first = rows.iloc[0]
        name, series, column = first["level"], first["series"], f"val_{first['panel']}"
        color = SERIES[series][1]["color"] if len(rows) == 1 else INK
        height = first["mean"] * display_factor(column)
        line = ax.axhline(height, color=color, linestyle=(0, (5, 3)), linewidth=1.3, zorder=1.5)
        which = "" if len(rows) == len(meant[name]) else f", {SERIES[series][0]}"
        handles[f"said: {name}{which}"] = line
        texts[f"{height:g} %" if column.endswith("accuracy") else f"{height:g}"] = height
    _write_in_margin(ax, texts)
    return handles


def _write_in_margin(ax: Axes, texts: dict[str, float]) -> None:
    """Texts right of the panel, each at its height, moved up where two would meet."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    places = {text: (height - low) / (high - low) for text, height in texts.items()}
    ordered = sorted(places, key=lambda text: places[text])
    for lower, upper in pairwise(ordered):
        places[upper] = max(places[upper], places[lower] + 0.055)
    for text, place in places.items():
        ax.text(1.015, place, text, transform=ax.transAxes, va="center", fontsize=9, color=INK)
