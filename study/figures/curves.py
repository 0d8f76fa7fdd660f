"""Accuracy and loss over epochs, as in the homework's figures 2, 3, 6, 7, 11 and 12."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.seeds import confirmed, describe_left_out, describe_seeds, summarise_seeds
from study.figures.theme import COLOURS, INK, WIDTH, add_legend
from study.figures.units import axis_label, column_name, display_factor, format_value

# series: (label, style). Train is a plain line, validation a line with dots, and the training
# set in evaluation mode, which is not scored every epoch, separate squares.
SERIES = {
    "train": ("training, as logged", {"color": COLOURS[0], "linestyle": "-"}),
    "train_eval": (
        "training, evaluation mode",
        {"color": COLOURS[0], "linestyle": "none", "marker": "s", "markerfacecolor": "white"},
    ),
    "val": ("validation", {"color": COLOURS[1], "linestyle": "-", "marker": "o"}),
}
PANELS = ("accuracy", "loss")
LEVEL_SERIES = {"train": "training", "train_eval": "training, evaluation mode", "val": "validation"}


def frame_of_curves(
    table: pd.DataFrame,
    *,
    point: str,
    levels: Mapping[str, Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """Mean over the confirmed seeds of a point in each epoch.

    Args:
        levels: what the homework said: name -> column -> value.

    Returns:
        series, panel, epoch, mean, low, high, n, exact (see `summarise_seeds`). Rows of the
        homework's levels have `level` set, no epoch, and the value as their mean.
    """
    rows = confirmed(table)
    rows = rows[rows["point"] == point]
    parts = [
        summarise_seeds(rows, ["epoch"], f"{series}_{panel}").assign(series=series, panel=panel)
        for panel in PANELS
        for series in SERIES
    ]
    frame = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if not len(frame):
        return frame
    frame.attrs["note"] = describe_seeds(frame, "bands") + describe_left_out(table, [point])
    said = [
        {"level": name, "series": column.rsplit("_", 1)[0], "panel": column.rsplit("_", 1)[1]}
        | {"mean": value}
        for name, values in (levels or {}).items()
        for column, value in values.items()
    ]
    shape = ["level", "series", "panel", "epoch", "mean", "low", "high", "n", "exact"]
    return frame.reindex(columns=shape).astype({"level": object}).pipe(_append, said)


def _append(frame: pd.DataFrame, said: list[dict[str, Any]]) -> pd.DataFrame:
    """The frame with the homework's levels under it."""
    attrs = frame.attrs
    if said:
        below = pd.DataFrame(said).reindex(columns=frame.columns)
        frame = pd.DataFrame(frame.to_dict("records") + below.to_dict("records"))
    frame.attrs.update(attrs)
    return frame
