"""Scores over one hyper-parameter: what was explored, what was confirmed, and a reference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, cycle
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from matplotlib.transforms import ScaledTranslation

from study.figures.seeds import (
    confirmed_finals,
    describe_left_out,
    describe_seeds,
    summarise_seeds,
)
from study.figures.theme import COLOURS, FAINT, INK, add_legend
from study.figures.units import (
    axis_label,
    column_name,
    display_factor,
    format_value,
    more_is_better,
)

MOST_HUES = 6  # values told apart; more are put into as many even bins
FEWEST_SEEN = 3  # configurations from which it shows what an arm holds fixed
FRAME = ("metric", "role", "point", "label", "x", "hue", "value", "low", "high", "n", "exact")
COLUMNS_OF_PANELS = 2
BESIDE = 8  # typographic points from a mean to its x, or to the next mean of equal x
EXPLORED_MARKERS = ("o", "s", "^", "v", "<", ">")
CONFIRMED_MARKERS = ("D", "X", "P", "*", "p", "h")


def frame_of_response(
    table: pd.DataFrame,
    *,
    arm: str,
    x: str,
    metrics: Sequence[str],
    hue: str | None = None,
    log_x: bool = False,
    reference: str | None = None,
    points: Sequence[str] | None = None,
    x_label: str | None = None,
) -> pd.DataFrame:
    """Scores of an arm's trials and of the confirmed points on its line; empty without any.

    Args:
        x, hue: config columns; hue tells the explored trials apart.
        log_x: whether x is drawn on a log scale.
        reference: a confirmed point drawn as a horizontal band.
        points: the confirmed points to draw; if left out, those that the arm's space holds.
        x_label: what x is called, where the column's name does not say enough.

    Returns:
        The columns of FRAME. `role` is "explored" (a trial at full length), "stopped" (one that
        ASHA ended, at its last epoch with the metric), "confirmed" or "reference", whose low,
        high, n and exact are those of `summarise_seeds`. In the metrics' own units.
    """
    explored = table[(table["stage"] == "explore") & (table["point"] == arm)]
    finals = confirmed_finals(table)
    shown = finals[_on_arm(finals, explored, arm) if points is None else _named(finals, points)]
    if shown.empty and explored["status"].isin(["complete", "stopped"]).sum() == 0:
        return pd.DataFrame(columns=list(FRAME))
    rows: list[dict[str, Any]] = []
    for metric in metrics:
        rows += _explored_rows(explored, metric, x, hue)
        rows += _confirmed_rows(shown, metric, x, "confirmed")
        rows += _confirmed_rows(finals[finals["point"] == reference], metric, x, "reference")
    frame = pd.DataFrame(rows, columns=list(FRAME))
    sure = frame[frame["n"].notna()]
    names = [*shown["point"].unique(), *([reference] if reference else [])]
    note = describe_seeds(sure.astype({"n": int}), "bar") if len(sure) else "explored trials only"
    frame.attrs |= {
        "note": f"Confirmed {note}{describe_left_out(table, names)}" + _not_shown(explored),
        "x_label": x_label or axis_label(x),
        "log_x": log_x,
        "hue": column_name(hue) if hue else "",
    }
    return frame


def _named(finals: pd.DataFrame, points: Sequence[str]) -> pd.Series:
    return finals["point"].isin(points)


def _on_arm(finals: pd.DataFrame, explored: pd.DataFrame, arm: str) -> pd.Series:
    """Which confirmed trials have a configuration that the arm could have proposed.

    Seen from its trials: what is the same in all of them is held fixed, and two
    hyper-parameters that are equal in all of them are tied.
    """
    configs = [c for c in explored if c.startswith("config_") and explored[c].notna().any()]
    seen = explored[configs].drop_duplicates()
    held = finals["family"].isin(explored["family"].unique()).astype("boolean")
    if len(seen) >= FEWEST_SEEN:
        for name in configs:
            if seen[name].nunique() == 1:
                held &= finals[name] == seen[name].iloc[0]
        for one, other in combinations(configs, 2):
            if (seen[one] == seen[other]).all():
                held &= finals[one] == finals[other]
    return (held.fillna(False) | (finals["point"] == arm)).astype(bool)


def _explored_rows(explored: pd.DataFrame, metric: str, x: str, hue: str | None) -> list[dict]:
    full = explored[(explored["status"] == "complete") & explored["is_final"]]
    stopped = explored[(explored["status"] == "stopped") & explored[metric].notna()]
    ends = [("explored", full), ("stopped", stopped.drop_duplicates("key", keep="last"))]
    return [
        {"metric": metric, "role": role, "x": row[x], "value": row[metric]}
        | {"point": row["point"], "label": row["label"], "hue": row[hue] if hue else None}
        for role, trials in ends
        for row in trials.dropna(subset=[metric, x]).to_dict("records")
    ]


def _confirmed_rows(finals: pd.DataFrame, metric: str, x: str, role: str) -> list[dict]:
    summary = summarise_seeds(finals.dropna(subset=[metric]), ["point", "label"], metric)
    places = finals.groupby("point")[x].first()
    return [
        {"metric": metric, "role": role, "x": places[row["point"]], "value": row["mean"]} | row
        for row in summary.to_dict("records")
    ]


def _not_shown(explored: pd.DataFrame) -> str:
    """How many explored trials have no score to draw."""
    lost = explored[explored["status"].isin(["diverged", "failed"])].drop_duplicates("key")
    counts = [f"{count} {status}" for status, count in lost["status"].value_counts().items()]
    return f"; explored, not shown: {', '.join(counts)}" if counts else ""


def height_of_response(frame: pd.DataFrame) -> float:
    """Inches."""
    return 2.2 + 2.9 * _rows_of_panels(frame)


def _rows_of_panels(frame: pd.DataFrame) -> int:
    return -(-frame["metric"].nunique() // COLUMNS_OF_PANELS)


def draw_response(frame: pd.DataFrame, figure: Figure) -> None:
    """One panel a metric; confirmed points black, explored trials in the hue's colours."""
    metrics = list(frame["metric"].unique())
    grid = figure.subplots(_rows_of_panels(frame), min(len(metrics), COLUMNS_OF_PANELS), squeeze=False)
    marks = [*_explored_marks(frame), *_confirmed_marks(frame)]
    handles: dict[str, Artist | tuple[Artist, ...]] = {}
    for metric, ax in zip(metrics, grid.flat, strict=False):
        rows = frame[frame["metric"] == metric]
        handles |= _draw_reference(ax, rows, display_factor(metric))
        handles |= _draw_marks(ax, rows, marks, display_factor(metric))
        handles |= _draw_stopped(ax, rows, display_factor(metric))
        ax.set_xlabel(frame.attrs["x_label"])
        ax.set_ylabel(axis_label(metric))
        if frame.attrs["log_x"]:
            _scale_log(ax, rows["x"].dropna())
    for ax in grid.flat[len(metrics) :]:
        ax.set_axis_off()
    add_legend(figure, handles, columns=2)


def describe_response(frame: pd.DataFrame) -> str:
    """The confirmed points and the best explored trial in words."""
    said = []
    for metric, rows in frame.groupby("metric", sort=False):
        sure = rows[rows["n"].notna()]
        values = [
            f"{label} = {format_value(str(metric), value)}"
            for label, value in zip(sure["label"], sure["value"], strict=True)
        ]
        full = rows.loc[rows["role"] == "explored", "value"].astype(float)
        if len(full):
            best = full.max() if more_is_better(str(metric)) else full.min()
            values.append(f"best of {len(full)} explored = {format_value(str(metric), best)}")
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
    explored = frame[frame["role"] == "explored"]
    hue, name = explored["hue"].astype(float), frame.attrs["hue"]
    if explored.empty or not name:
        style = {"color": COLOURS[0], "marker": EXPLORED_MARKERS[0], "markersize": 6}
        return [_Mark("explored, one seed", explored.index, style)] if len(explored) else []
    bins = hue.map("{:g}".format)
    order = [f"{value:g}" for value in sorted(hue.unique())]
    if len(order) > MOST_HUES:
        cut = pd.cut(hue, MOST_HUES, precision=2)
        bins, order = cut.astype(str), [str(interval) for interval in cut.cat.categories]
    return [
        _Mark(
            f"explored, {name} {value}",
            explored.index[bins == value],
            {"color": color, "marker": marker, "markersize": 6},
        )
        for value, color, marker in zip(
            order, sns.color_palette("crest", len(order)), EXPLORED_MARKERS, strict=False
        )
    ]


def _confirmed_marks(frame: pd.DataFrame) -> list[_Mark]:
    """One mark for each confirmed point, told apart by its shape."""
    confirmed = frame[frame["role"] == "confirmed"]
    return [
        _Mark(
            f"confirmed: {label}",
            confirmed.index[confirmed["label"] == label],
            {"color": INK, "marker": marker, "markersize": 9, "markeredgecolor": "white"},
        )
        for label, marker in zip(confirmed["label"].unique(), cycle(CONFIRMED_MARKERS))
    ]


def _draw_marks(
    ax: Axes, rows: pd.DataFrame, marks: Sequence[_Mark], factor: float
) -> dict[str, Line2D]:
    """Dots; means stand a little to the right of their x with their bars, beside each other."""
    taken: Counter[float] = Counter()
    handles = {}
    for mark in marks:
        mine = rows[rows.index.isin(mark.rows)]
        if mine.empty:
            continue
        x, value, low, high = (mine[c].to_numpy(float) for c in ("x", "value", "low", "high"))
        place = ax.transData
        if mine["n"].notna().any():
            taken[x[0]] += 1
            inches = BESIDE / 72 * taken[x[0]]
            shift = ScaledTranslation(inches, 0, ax.get_figure(True).dpi_scale_trans)
            place = ax.transData + shift
            ax.vlines(x, low * factor, high * factor, color=INK, linewidth=1.8, transform=place)
        (handles[mark.label],) = ax.plot(
            x, value * factor, linestyle="none", transform=place, **mark.style
        )
    return handles


def _draw_reference(ax: Axes, rows: pd.DataFrame, factor: float) -> dict[str, tuple[Artist, ...]]:
    """Mean and interval of the reference over the whole width."""
    rows = rows[rows["role"] == "reference"]
    if rows.empty:
        return {}
    mean, low, high = (float(rows[c].iloc[0]) * factor for c in ("value", "low", "high"))
    band = ax.axhspan(low, high, color=COLOURS[3], alpha=0.18, linewidth=0)
    line = ax.axhline(mean, color=COLOURS[3], linestyle="--", linewidth=1.4)
    return {f"confirmed: {rows['label'].iloc[0]} (band)": (band, line)}


def _draw_stopped(ax: Axes, rows: pd.DataFrame, factor: float) -> dict[str, Line2D]:
    """Faint crosses that do not stretch the axis: those beyond the others lie on its edge."""
    stopped, others = rows[rows["role"] == "stopped"], rows[rows["role"] != "stopped"]
    if stopped.empty:
        return {}
    values = stopped["value"].to_numpy(float) * factor
    if len(others):
        seen = others[["value", "low", "high"]].astype(float).to_numpy() * factor
        least, most = np.nanmin(seen), np.nanmax(seen)
        margin = 0.08 * (most - least or abs(most) or 1.0)
        ax.set_ylim(least - margin, most + margin)
        values = np.clip(values, least - margin, most + margin)
    (cross,) = ax.plot(
        *(stopped["x"].to_numpy(float), values),
        **{"linestyle": "none", "marker": "x", "color": FAINT, "alpha": 0.8, "clip_on": False},
    )
    return {"stopped early: last score, or axis edge": cross}


def _scale_log(ax: Axes, x: pd.Series) -> None:
    """Log scale with ticks at powers of two where x is whole; zero keeps a place of its own."""
    positive = x[x > 0].astype(float)
    if len(positive) < len(x):
        ax.set_xscale("symlog", linthresh=positive.min() if len(positive) else 1.0)
        return
    ax.set_xscale("log")
    if (x == x.round()).all():
        ticks = 2.0 ** np.arange(np.floor(np.log2(x.min())), np.ceil(np.log2(x.max())) + 1)
        ax.xaxis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // 7)]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(ScalarFormatter())
