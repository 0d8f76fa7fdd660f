"""What stopping trials early saved in each search, and what it risked, in words."""

from collections.abc import Iterator

import pandas as pd

from hw3.text import count_of, plural
from study.search.trial import REDUCTION_FACTOR, rung_epochs
from study.spec.study import Study
from study.table.formatting import find_column
from study.table.trials import best_first, explored_ends, objective_of


def describe_pruning(study: Study, table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The name of each search of which a trial could be stopped, and sentences about it.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
    """
    objective, ends = objective_of(table), explored_ends(table)
    for search in study.searches:
        mine = ends.loc[ends["candidate"] == search.name]
        if (mine["pruned_by"] != "none").any():
            rows = table.loc[(table["stage"] == "explore") & (table["candidate"] == search.name)]
            said = [_saved(search.label, mine), *_risked(mine, rows, objective)]
            yield search.name, " ".join(said)


def _saved(label: str, ends: pd.DataFrame) -> str:
    share = 1 - ends["epoch"].sum() / ends["epochs"].sum()
    return f"{label}: stopping trials early saved {100 * share:.0f} % of the epochs."


def _risked(ends: pd.DataFrame, rows: pd.DataFrame, objective: str) -> Iterator[str]:
    """Whether the best of the trials that nothing could stop would have been stopped."""
    full = (ends["status"] == "complete") & ends[objective].notna()
    unpruned = ends.loc[full & (ends["pruned_by"] == "none")]
    if len(unpruned) < 2:
        return
    best = best_first(unpruned, objective).iloc[0]
    losing = [
        str(epoch)
        for epoch in rung_epochs(int(best["epochs"]))
        if not _would_go_on(rows.loc[rows["epoch"] == epoch], str(best["key"]), objective)
    ]
    where = f"{plural('epoch', len(losing))} {' and '.join(losing)}"
    fate = (
        f"it would have been stopped at {where}, had stopping been allowed there"
        if losing
        else "it was good enough at each of the epochs at which the others may be stopped"
    )
    trials = count_of(len(unpruned), "trial")
    yield f"{trials} were never stopped, to see whether stopping loses good ones. The best: {fate}."


def _would_go_on(rows: pd.DataFrame, key: str, objective: str) -> bool:
    """Whether the trial is among the best third of those that reached this epoch."""
    values = rows.set_index("key")[objective].dropna()
    if key not in values:
        return True
    ranks = values.rank(method="min", ascending=not find_column(objective).higher_is_better)
    return bool(ranks[key] <= -(-len(values) // REDUCTION_FACTOR))
