"""Scores over one hyper-parameter: explored trials, candidates, and one as a reference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from study.figures.axis_labels import axis_label
from study.figures.constant import draw_constant
from study.figures.settings import label_words, place_words, setting_values, words_of
from study.figures.theme import (
    COLOURS,
    FAINT,
    INK,
    add_legend,
    graded_colours,
    scale_log_x,
    wrap_label,
)
from study.table.formatting import column_name, display_factor, find_column, format_value
from study.table.seeds import (
    confirmed_finals,
    describe_left_out,
    describe_same,
    describe_seeds,
    name_once,
    summarise_seeds,
)

MAX_HUES = 6  # values told apart; more are put into as many even bins
FRAME = ("metric", "role", "candidate", "label", "x", "hue", "value", "low", "high", "n", "exact")
COLUMNS_OF_PANELS = 2
PANEL = 3.2  # inches
BESIDE = 7  # typographic points between means of equal x
HOLLOW = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.8}
EXPLORED_MARKERS = ("o", "s", "^", "v", "<", ">")
CONFIRMED_MARKERS = ("D", "s", "^", "v", "p", "h")


def frame_of_response(
    table: pd.DataFrame,
    *,
    search: str,
    x: str,
    metrics: Sequence[str],
    hue: str | None = None,
    log_x: bool = False,
    reference: str | None = None,
    candidates: Sequence[str] = (),
    x_label: str | None = None,
) -> pd.DataFrame:
    """Scores of a search's trials and of candidates over a hyper-parameter; empty without any.

    Args:
        search: name of the search.
        metrics: columns; one panel each.
        x, hue: config columns, of numbers, text or yes and no; hue tells the explored trials apart.
        log_x: whether x is drawn on a log scale.
        reference: name of a candidate that is drawn as a horizontal band.
        candidates: names of those drawn beside the one that the search chose.
        x_label: what x is called, where the column's name does not say enough.

    Returns:
        The columns of FRAME. `role` is "explored" (a trial at full length), "stopped" (one that
        ASHA ended, at its last epoch with the metric), "confirmed" or "reference", whose low,
        high, n and exact are those of `summarise_seeds`. In the metrics' own units.
    """
    explored = table.loc[(table["stage"] == "explore") & (table["candidate"] == search)]
    finals = confirmed_finals(table)
    shown = finals.loc[finals["candidate"].isin([*candidates, search]) & finals[x].notna()]
    shown = name_once(shown)
    if shown.empty and explored["status"].isin(["complete", "stopped"]).sum() == 0:
        return pd.DataFrame(columns=list(FRAME))
    rows: list[dict[str, Any]] = []
    for metric in metrics:
        rows += _explored_rows(explored, metric, x, hue)
        rows += _confirmed_rows(shown, metric, x, "confirmed")
        rows += _confirmed_rows(
            finals.loc[finals["candidate"] == reference], metric, x, "reference"
        )
    frame = pd.DataFrame(rows, columns=list(FRAME))
    for name, column in (("x", x), ("hue", hue)):
        if column and not find_column(column).is_numeric:
            frame[name] = setting_values(frame[name], column)
    sure = frame.loc[frame["n"].notna()]
    names = [*candidates, search, *([reference] if reference else [])]
    note = f"Confirmed: {describe_seeds(sure, 'bar')}" if len(sure) else "One seed per trial"
    frame.attrs |= {
        "note": note
        + describe_same(shown["label"])
        + describe_left_out(table, names)
        + _not_shown(explored),
        "x_label": x_label or axis_label(x),
        "words": words_of(frame["x"]),
        "log_x": log_x,
        "hue": column_name(hue) if hue else "",
    }
    return frame


def _explored_rows(explored: pd.DataFrame, metric: str, x: str, hue: str | None) -> list[dict]:
    full = explored.loc[(explored["status"] == "complete") & explored["is_final"]]
    stopped = explored.loc[(explored["status"] == "stopped") & explored[metric].notna()]
    ends = [("explored", full), ("stopped", stopped.drop_duplicates("key", keep="last"))]
    return [
        {"metric": metric, "role": role, "x": row[x], "value": row[metric]}
        | {"candidate": row["candidate"], "label": row["label"], "hue": row[hue] if hue else None}
        for role, trials in ends
        for row in trials.dropna(subset=[metric, x]).to_dict("records")
    ]


def _confirmed_rows(finals: pd.DataFrame, metric: str, x: str, role: str) -> list[dict]:
    summary = summarise_seeds(finals.dropna(subset=[metric]), ["candidate", "label"], metric)
    places = finals.groupby("candidate")[x].first()
    return [
        {"metric": metric, "role": role, "x": places[row["candidate"]], "value": row["mean"]} | row
        for row in summary.to_dict("records")
    ]


def _not_shown(explored: pd.DataFrame) -> str:
    """How many explored trials have no score to draw."""
    lost = explored.loc[explored["status"].isin(["diverged", "failed"])].drop_duplicates("key")
    counts = [f"{count} {status}" for status, count in lost["status"].value_counts().items()]
    return f"; explored, not shown: {', '.join(counts)}" if counts else ""


def draw_response(frame: pd.DataFrame, figure: Figure) -> None:
    """One panel per metric; candidates black, explored trials in the hue's colours."""
    metrics = list(frame["metric"].unique())
    frame = frame.assign(x=place_words(frame["x"], frame.attrs["words"]))
    n_rows = -(-len(metrics) // COLUMNS_OF_PANELS)
    figure.set_figheight(PANEL * n_rows)
    grid = figure.subplots(n_rows, min(len(metrics), COLUMNS_OF_PANELS), squeeze=False)
    marks = [*_explored_marks(frame), *_confirmed_marks(frame)]
    handles: dict[str, Artist | tuple[Artist, ...]] = {}
    for metric, ax in zip(metrics, grid.flat, strict=False):
        rows = frame.loc[frame["metric"] == metric]
        handles |= _draw_reference(ax, rows, display_factor(metric))
        handles |= _draw_marks(ax, rows, marks, display_factor(metric))
        handles |= _draw_stopped(ax, rows, display_factor(metric))
        handles |= draw_constant(ax, frame, metric)
        ax.set_xlabel(frame.attrs["x_label"])
        ax.set_ylabel(axis_label(metric))
        if frame.attrs["words"]:
            label_words(ax, frame.attrs["words"])
        elif frame.attrs["log_x"]:
            scale_log_x(ax, rows.loc[rows["role"] != "reference", "x"].to_numpy(float))
    free = grid.flat[len(metrics) :]
    if len(free):
        free[0].set_axis_off()
        free[0].legend(list(handles.values()), list(handles), loc="center")
    else:
        add_legend(figure, handles)


def describe_response(frame: pd.DataFrame) -> str:
    """The candidates and the range of the explored trials in words."""
    said = []
    for metric, rows in frame.groupby("metric", sort=False):
        sure = rows.loc[rows["n"].notna()].drop_duplicates("label")
        values = [
            f"{label} = {format_value(str(metric), value)}"
            for label, value in zip(sure["label"], sure["value"], strict=True)
        ]
        full = rows.loc[rows["role"] == "explored", "value"].astype(float)
        if len(full):
            ends = (format_value(str(metric), end) for end in (full.min(), full.max()))
            values.append(f"{len(full)} explored trials from {' to '.join(ends)}")
        said.append(f"{column_name(str(metric)).capitalize()}: {'; '.join(values)}.")
    return " ".join(said)


@dataclass(frozen=True)
class _Mark:
    """How the rows of one legend entry are drawn."""

    label: str
    rows: pd.Index
    style: dict[str, Any]


def _explored_marks(frame: pd.DataFrame) -> list[_Mark]:
    """One mark for each value of the hue, or for each of a few even bins of it."""
    explored = frame.loc[frame["role"] == "explored"]
    name = frame.attrs["hue"]
    if explored.empty or not name:
        style = {"color": COLOURS[0], "marker": EXPLORED_MARKERS[0], "markersize": 6}
        return [_Mark("explored, one seed", explored.index, style)] if len(explored) else []
    words = words_of(explored["hue"])
    if words:
        groups, names = place_words(explored["hue"], words).to_numpy(float), words
        return _hue_marks(explored, name, groups, names)
    hue = explored["hue"].to_numpy(float)
    values = np.unique(hue)
    if len(values) > MAX_HUES:
        edges = np.linspace(values[0], values[-1], MAX_HUES + 1)
        groups = np.clip(np.searchsorted(edges, hue), 1, MAX_HUES) - 1
        names = [f"{low:.2g} to {high:.2g}" for low, high in pairwise(edges)]
    else:
        groups, names = np.searchsorted(values, hue), [f"{value:g}" for value in values]
    return _hue_marks(explored, name, groups, names)


def _hue_marks(
    explored: pd.DataFrame, name: str, groups: np.ndarray, values: list[str]
) -> list[_Mark]:
    """A mark for each value, of the rows whose group is its place among them; a row whose value is
    missing has none."""
    colors = graded_colours(len(values))
    return [
        _Mark(
            f"explored, {name} {value}",
            explored.index[groups == group],
            {"color": colors[group], "marker": EXPLORED_MARKERS[group % len(EXPLORED_MARKERS)]}
            | {"markersize": 6},
        )
        for group, value in enumerate(values)
    ]


def _confirmed_marks(frame: pd.DataFrame) -> list[_Mark]:
    """One mark for each candidate, told apart by its shape."""
    candidates = frame.loc[frame["role"] == "confirmed"].groupby("candidate", sort=False)
    return [
        _Mark(
            wrap_label(f"confirmed: {rows['label'].iloc[0]}", 34),
            rows.index,
            {"color": INK, "marker": marker} | HOLLOW,
        )
        for (_, rows), marker in zip(candidates, cycle(CONFIRMED_MARKERS))
    ]


def _draw_marks(
    ax: Axes, rows: pd.DataFrame, marks: Sequence[_Mark], factor: float
) -> dict[str, Line2D]:
    """Dots, hollow and with bars where there are seeds; bars of equal x stand side by side."""
    taken: Counter[float] = Counter()
    handles = {}
    for mark in marks:
        mine = rows.loc[rows.index.isin(mark.rows)]
        if mine.empty:
            continue
        x, value, low, high = (mine[c].to_numpy(float) for c in ("x", "value", "low", "high"))
        place = ax.transData
        if mine["n"].notna().any():
            inches = BESIDE / 72 * taken[x[0]]
            taken[x[0]] += 1
            shift = ScaledTranslation(inches, 0, ax.figure.dpi_scale_trans)
            place = ax.transData + shift
            # what is shifted does not stretch the axes by itself
            ax.update_datalim(
                np.column_stack([np.tile(x, 2), np.concatenate([low, high]) * factor])
            )
            ax.vlines(x, low * factor, high * factor, color=INK, linewidth=1.8, transform=place)
        (handles[mark.label],) = ax.plot(
            x, value * factor, linestyle="none", transform=place, **mark.style
        )
    return handles


def _draw_reference(ax: Axes, rows: pd.DataFrame, factor: float) -> dict[str, tuple[Artist, ...]]:
    """Mean and interval of the reference over the whole width."""
    rows = rows.loc[rows["role"] == "reference"]
    if rows.empty:
        return {}
    mean, low, high = (float(rows[c].iloc[0]) * factor for c in ("value", "low", "high"))
    band = ax.axhspan(low, high, color=COLOURS[3], alpha=0.18, linewidth=0)
    line = ax.axhline(mean, color=COLOURS[3], linestyle="--", linewidth=1.4)
    return {f"confirmed: {rows['label'].iloc[0]} (band)": (band, line)}


def _draw_stopped(ax: Axes, rows: pd.DataFrame, factor: float) -> dict[str, Line2D]:
    """Faint crosses that do not stretch the axis: those beyond the others lie on its edge."""
    stopped, others = rows.loc[rows["role"] == "stopped"], rows.loc[rows["role"] != "stopped"]
    if stopped.empty:
        return {}
    values = stopped["value"].to_numpy(float) * factor
    if len(others):
        seen = others[["value", "low", "high"]].astype(float).to_numpy() * factor
        low, high = np.nanmin(seen), np.nanmax(seen)
        margin = 0.08 * (high - low or abs(high) or 1.0)
        ax.set_ylim(low - margin, high + margin)
        values = np.clip(values, low - margin, high + margin)
    (cross,) = ax.plot(
        *(stopped["x"].to_numpy(float), values),
        **{"linestyle": "none", "marker": "x", "color": FAINT, "alpha": 0.8, "clip_on": False},
    )
    return {"stopped early: last score, or axis edge": cross}
