"""Importance: which hyper-parameters decide whether a trial is among the best of its search."""

from collections.abc import Mapping
from typing import Any

import optuna
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import create_trial

from study.figures.settings import setting_values
from study.figures.theme import COLOURS, add_legend, wrap_label
from study.search.objective import direction_of
from study.table.example import MADE_UP
from study.table.formatting import column_name, find_column
from study.table.trials import explored_ends, name_searched, objective_of, searched_columns

MIN_TRIALS = 8  # at full length: two among the best
FEW = 20  # trials, of which less than five are among the best: their order is rough
BEST = 0.25  # share of the trials that count as the best
BAR = 0.36  # inches
ROUGH = f"; of fewer than {FEW} trials the order is rough"
FRAME = ("candidate", "label", "column", "name", "importance", "n")


def frame_of_importance(
    table: pd.DataFrame, *, min_trials: int = MIN_TRIALS, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Optuna's PED-ANOVA over the full-length trials of each search that searches more than one.

    Args:
        min_trials: full-length trials that a search needs to have rows.
        names: config column -> what it is called, where its own name does not say enough.

    Returns:
        The columns of FRAME, one row per search and searched column, the most important first. The
        importances of a search, from 0, add up to 1; n is its number of full-length trials.
    """
    importances = _equal if table.attrs.get(MADE_UP) else _importances
    ends = explored_ends(table)
    objective = objective_of(ends)
    full = ends.loc[(ends["status"] == "complete") & ends[objective].notna()]
    rows, most = [], 0
    for name, trials in full.groupby("candidate", sort=False):
        searched = {
            column: tied
            for column, tied in searched_columns(trials).items()
            if trials[column].notna().all()  # others do nothing in some trials
        }
        most = max(most, len(trials))
        if len(searched) < 2 or len(trials) < min_trials:
            continue
        search = {"candidate": name, "label": trials["label"].iloc[0], "n": len(trials)}
        rows += [
            search
            | {"column": column, "name": name_searched(column, searched[column], names or {})}
            | {"importance": importance}
            for column, importance in importances(trials, list(searched), objective).items()
        ]
    frame = pd.DataFrame(rows, columns=list(FRAME))
    if len(frame):
        counts = ", ".join(f"{n}" for n in frame.drop_duplicates("candidate")["n"])
        frame.attrs["note"] = (
            f"PED-ANOVA (Optuna): what sets the best quarter by {column_name(objective)} apart "
            f"from all full-length trials, one seed each; n = {counts}"
            f"{ROUGH * bool((frame['n'] < FEW).any())}"
        )
    elif 0 < most < min_trials:
        frame.attrs["found"] = f"the most that a search of this run has is {most}"
    return frame


def _equal(_trials: pd.DataFrame, columns: list[str], _objective: str) -> dict[str, float]:
    """The importances in a made-up table: a plan need not wait for what `_importances` imports."""
    return dict.fromkeys(columns, 1 / len(columns))


def _importances(trials: pd.DataFrame, columns: list[str], objective: str) -> dict[str, float]:
    """Importance of each column, the greatest first."""
    settings = {
        column: trials[column]
        if find_column(column).is_numeric
        else setting_values(trials[column], column)
        for column in columns
    }
    distributions = {column: _distribution(column, settings[column]) for column in columns}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study
    study = optuna.create_study(direction=direction_of(objective))
    optuna.logging.set_verbosity(verbosity)
    study.add_trials(
        [
            create_trial(
                value=score,
                params={column: settings[column].iloc[place] for column in columns},
                distributions=distributions,
            )
            for place, score in enumerate(trials[objective].tolist())
        ]
    )
    # brings scikit-learn
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    evaluator = PedAnovaImportanceEvaluator(target_quantile=BEST)
    return get_param_importances(study, evaluator=evaluator)


def _distribution(column: str, values: Any) -> BaseDistribution:
    """The range that the trials cover: sizes by their logarithm, or each by itself with a zero;
    words each by itself."""
    found = find_column(column)
    if not found.is_numeric:
        return CategoricalDistribution(sorted(set(values)))
    low, high = values.min(), values.max()
    if found.dtype != "Int64":
        return FloatDistribution(float(low), float(high))
    if low > 0:
        return IntDistribution(int(low), int(high), log=True)
    return CategoricalDistribution(sorted(set(values.astype(int).tolist())))


def draw_importance(frame: pd.DataFrame, figure: Figure) -> None:
    """One bar per hyper-parameter, one panel per search."""
    searches = list(frame.groupby("candidate", sort=False))
    counts = [len(rows) for _, rows in searches]
    figure.set_figheight(sum(BAR * count + 0.75 for count in counts))
    ratios = {"height_ratios": counts}
    axes = figure.subplots(len(searches), 1, squeeze=False, sharex=True, gridspec_kw=ratios)[:, 0]
    for ax, (_, rows) in zip(axes, searches, strict=True):
        labels = [wrap_label(name, 32) for name in rows["name"]]
        bars = ax.barh(labels, rows["importance"] * 100, height=0.62, color=COLOURS[0])
        ax.bar_label(bars, fmt="%.0f %%", padding=4)
        ax.invert_yaxis()
        ax.set_title(rows["label"].iloc[0])
        ax.set(xlabel="importance (% of the search's sum)", xlim=(0, 108))
        ax.grid(axis="y", visible=False)
    n = frame["n"].iloc[0] if len(searches) == 1 else f"{frame['n'].min()} to {frame['n'].max()}"
    add_legend(figure, {f"over {n} full-length trials": Patch(color=COLOURS[0])})


def describe_importance(frame: pd.DataFrame) -> str:
    """Each search's importances in words."""
    said = []
    for _, rows in frame.groupby("candidate", sort=False):
        shares = [
            f"{row['name']} {100 * row['importance']:.0f} %" for row in rows.to_dict("records")
        ]
        said.append(f"{rows['label'].iloc[0]}, {rows['n'].iloc[0]} trials: {', '.join(shares)}.")
    return f"Importance of hyper-parameters. {' '.join(said)}"
