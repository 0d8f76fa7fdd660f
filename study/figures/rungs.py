"""Rungs: whether the order of trials where ASHA stops them is their order at the end."""

from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.theme import COLOURS, FAINT, MARKERS, add_legend, scale_objective
from study.search.objective import is_extra
from study.search.trial import rung_epochs
from study.table.formatting import column_name, column_unit
from study.table.seeds import confirmed_finals
from study.table.trials import explored_ends, objective_of

MIN_PAIRS = 3  # fewer say nothing: both orders of one pair are as likely as a coin's sides
FRAME = ("rung", "epochs", "role", "group", "key", "at_rung", "final", "tau", "p", "n", "pairs")
BASELINES = "baselines, one seed each"


def frame_of_rungs(table: pd.DataFrame) -> pd.DataFrame:
    """What the searches optimise at each rung and at the end of the trials that reached their full
    length.

    Returns:
        The columns of FRAME, one row per rung and trial. `role` is "unpruned" (a
        control trial of a search, or the first confirmed seed of a baseline) or "survivor" (ASHA
        could have stopped it). `group` is the search's label, or BASELINES.
        tau, p, n and pairs are the rung's, of the unpruned ones alone, see `rank_agreement`:
        survivors were selected by their loss at the rung. Empty with fewer than MIN_PAIRS.
    """
    objective = objective_of(table)
    ends = _full_length(table, objective)
    unpruned = ends.loc[ends["role"] == "unpruned"]
    pairs = _count_pairs(unpruned["group"].to_numpy(str))
    if pairs < MIN_PAIRS:
        return pd.DataFrame(columns=list(FRAME))
    parts = []
    for rung in rung_epochs(int(ends["epochs"].iloc[0])):
        there = table.loc[table["epoch"] == rung, ["stage", "candidate", "key", objective]]
        part = ends.merge(there.rename(columns={objective: "at_rung"}), validate="one_to_one")
        counted = part.loc[part["role"] == "unpruned"]
        tau, p, _ = rank_agreement(
            *(counted["group"].to_numpy(str), counted["at_rung"].to_numpy(float)),
            counted["final"].to_numpy(float),
        )
        parts.append(part.assign(rung=rung, tau=tau, p=p, n=len(counted), pairs=pairs))
    if not parts:
        return pd.DataFrame(columns=list(FRAME))
    frame = pd.concat(parts, ignore_index=True).loc[:, list(FRAME)]
    frame.attrs["objective"] = objective
    frame.attrs["note"] = (
        f"Kendall's τ over pairs of unpruned trials within a search, or of baselines; "
        f"exact two-sided p; n = {len(unpruned)} trials, {pairs} pairs"
    )
    return frame


def _full_length(table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """One row per trial that may be shown: stage, candidate, key, epochs, role, group, final."""
    explored = explored_ends(table)
    explored = explored.loc[explored["status"] == "complete"]
    baselines = confirmed_finals(table).drop_duplicates("candidate")
    if is_extra(objective):  # only searches compute it at each epoch
        baselines = baselines.head(0)
    searches = table.loc[table["stage"] == "explore", "candidate"].unique()
    baselines = baselines.loc[~baselines["candidate"].isin(searches)]
    role = np.where(explored["pruned_by"] == "none", "unpruned", "survivor")
    parts = [
        explored.assign(role=role, group=explored["label"]),
        baselines.assign(role="unpruned", group=BASELINES),
    ]
    ends = pd.concat(parts, ignore_index=True).rename(columns={objective: "final"})
    without = table.loc[table[objective].isna(), "key"]  # an epoch without a number has no order
    ends = ends.loc[~ends["key"].isin(without)]
    return ends.loc[:, ["stage", "candidate", "key", "epochs", "role", "group", "final"]]


def rank_agreement(
    groups: np.ndarray, early: np.ndarray, late: np.ndarray
) -> tuple[float, float, int]:
    """Kendall's tau over the pairs within a group, and its exact p.

    ASHA compares trials of one search only; pairs across searches would compare the searches.

    Args:
        groups, early, late: one entry per trial, (N,); at least one pair within a group.

    Returns:
        tau: share of pairs in the same order minus share in the other, -1 to 1; a tie is neither.
        p: two-sided, where within each group all orders are equally likely and nothing is tied.
        pairs: their number.
    """
    agreement, pairs = 0.0, 0
    swaps = np.ones(1)  # probability of each number of pairs in the other order
    for group in np.unique(groups):
        mine = groups == group
        agreement += sum(
            np.sign((early[i] - early[j]) * (late[i] - late[j]))
            for i, j in combinations(np.flatnonzero(mine), 2)
        )
        pairs += _count_pairs(groups[mine])
        steps = [np.full(size, 1 / size) for size in range(1, mine.sum() + 1)]
        swaps = reduce(np.convolve, steps, swaps)
    as_far = np.abs(pairs - 2 * np.arange(len(swaps))) >= abs(agreement)
    return float(agreement / pairs), float(min(1.0, swaps[as_far].sum())), pairs


def _count_pairs(groups: np.ndarray) -> int:
    """Pairs of entries that are of one group."""
    _, counts = np.unique(groups, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def draw_rungs(frame: pd.DataFrame, figure: Figure) -> None:
    """One panel per rung: loss there against final loss, both on log scales."""
    rungs, objective = list(frame.groupby("rung", sort=False)), frame.attrs["objective"]
    unit = f" ({column_unit(objective)})" * bool(column_unit(objective))
    figure.set_figheight(3.4)
    axes = figure.subplots(1, len(rungs), squeeze=False, sharey=True)[0]
    handles: dict[str, Line2D] = {}
    for ax, (rung, rows) in zip(axes, rungs, strict=True):
        handles |= _draw_panel(ax, rows, objective)
        first = rows.iloc[0]
        ax.set_title(f"τ = {first['tau']:.2f}, {_format_p(first['p'])}".replace("-", "−"))
        ax.set_xlabel(f"the same at epoch {rung}{unit}")  # short: there are three panels
    axes[0].set_ylabel(f"{column_name(objective)}, epoch {frame['epochs'].iloc[0]}{unit}")
    add_legend(figure, handles)


def _draw_panel(ax: Axes, rows: pd.DataFrame, objective: str) -> dict[str, Line2D]:
    """Unpruned trials filled, in the colour and shape of their group; survivors hollow."""
    handles = {}
    groups = rows["group"].unique()
    for place, group in enumerate(groups):
        style = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
        mine = rows.loc[rows["group"] == group]
        for role, fill in (("survivor", "white"), ("unpruned", style["color"])):
            shown = mine.loc[mine["role"] == role]
            ax.plot(
                *(shown["at_rung"], shown["final"]),
                **style | {"linestyle": "none", "markersize": 7, "markerfacecolor": fill},
            )
        handles[group] = Line2D([], [], linestyle="none", markersize=7, **style)
    if "survivor" in set(rows["role"]):
        style: dict[str, Any] = {
            "linestyle": "none",
            "marker": "o",
            "color": FAINT,
            "markerfacecolor": "white",
        }
        handles["hollow: ASHA let it pass, not counted"] = Line2D([], [], markersize=7, **style)
    ax.margins(0.08)
    scale_objective(ax, objective, "x")
    scale_objective(ax, objective, "y")
    return handles


def describe_rungs(frame: pd.DataFrame) -> str:
    """Each rung's rank correlation in words."""
    said = [
        f"epoch {row['rung']}: tau = {row['tau']:.2f}, {_format_p(row['p'])}"
        for row in frame.drop_duplicates("rung").to_dict("records")
    ]
    first, name = frame.iloc[0], column_name(frame.attrs["objective"])
    return (
        f"Rank correlation of {name} at the rung with epoch {first['epochs']}: "
        f"{'; '.join(said)}; {first['n']} unpruned trials, {first['pairs']} pairs."
    )


def _format_p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
