"""The explored trials: where each ended, and which hyper-parameters a search varied."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.spec.study import LOSS
from study.table.columns import config_columns
from study.table.formatting import column_name, find_column

LOGARITHMIC = "logarithmic"  # of the table's attributes, see `study.table.rows.make_table`


def explored_ends(table: pd.DataFrame) -> pd.DataFrame:
    """Last row of each explored trial, by search and in the order of proposal."""
    ends: pd.DataFrame = table.loc[(table["stage"] == "explore") & table["is_final"]]
    return ends.sort_values(["candidate", "number"], kind="stable")


def objective_of(rows: pd.DataFrame) -> str:
    """The column that the searches optimise; the validation loss where nothing is explored."""
    return str(next(iter(rows["objective"].dropna()), LOSS))


def best_first(trials: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The rows from the best value of the objective to the worst, then by key."""
    rising = not find_column(objective).higher_is_better
    return trials.sort_values([objective, "key"], ascending=[rising, True], kind="stable")


def searched_columns(trials: pd.DataFrame) -> dict[str, list[str]]:
    """The config columns in which trials of one search differ.

    Args:
        trials: of one family, so that only hyper-parameters that do nothing in some trials are
            missing in some.

    Returns:
        column -> the columns that always hold the same values: hyper-parameters tied to it.
    """
    searched: dict[str, list[str]] = {}
    known = [column for column in config_columns() if column in trials]
    for column in trials[known].dropna(axis="columns", how="all"):
        values = _values(trials, column)
        if len(set(values)) < 2:
            continue
        tied = [first for first in searched if _values(trials, first) == values]
        if tied:
            searched[tied[0]].append(column)
        else:
            searched[column] = []
    return searched


def is_logarithmic(table: pd.DataFrame, search: str, column: str) -> bool | None:
    """Whether a search takes a hyper-parameter from a log scale; None where the table does not say,
    or it is taken from no range."""
    return table.attrs.get(LOGARITHMIC, {}).get(search, {}).get(column)


def _values(trials: pd.DataFrame, column: str) -> list[Any]:
    """The column's values, None where missing: that can be compared."""
    return trials[column].astype(object).where(trials[column].notna(), None).tolist()


def name_searched(column: str, tied: list[str], names: Mapping[str, str]) -> str:
    """What a searched column is called: its name in `names`, else its own and how many it ties."""
    if column in names:
        return names[column]
    return column_name(column) + (f" (and {len(tied)} tied)" if tied else "")
