"""What was lost and what was done again in each round, counted."""

from collections import Counter
from typing import Any

import pandas as pd

from benchmarks.faults.conditions import CLOCK, DISK
from benchmarks.faults.killer import VICTIMS
from benchmarks.faults.rounds import Fault, Line, Round, Watch
from study.task_c import STUDY

WHOLE = "uninterrupted"


def measure(the_round: Round, whole: Round) -> dict[str, Any]:
    """The round's column of the table."""
    lines, watch = the_round.lines(), the_round.watch
    again = [line for line in lines if line.again]
    kinds = Counter(fault.kind for fault in the_round.faults)
    confirmed, everything = compare(the_round, whole)
    return {
        "kills": sum(kinds[victim] for victim in VICTIMS),
        **{f"  of {victim}s": kinds[victim] for victim in VICTIMS},
        "times the clock was moved": kinds[CLOCK],
        "  drivers ended by a move": the_round.ends_by_clock,
        "times the disk was full": kinds[DISK],
        "  drivers ended by a full disk": the_round.ends_on_full_disk,
        "faults with no trial under way": sum(not fault.busy for fault in the_round.faults),
        "seconds": round(the_round.seconds),
        "finished trials": len(watch.since),
        "finished trials lost": len(watch.lost),
        "finished trials trained twice": len(trained_twice(lines, watch)),
        "records replaced": watch.replaced,
        "trials recorded as failed": len(watch.failed),
        "epochs trained": len(lines),
        "epochs done again": len(again),
        "  most for one fault": most_for_one_fault(again, the_round.faults),
        "checkpoint files left": len((the_round.results / STUDY.name / "checkpoints").names()),
        "confirmed table as uninterrupted": confirmed,
        "whole table as uninterrupted": everything,
    }


def trained_twice(lines: list[Line], watch: Watch) -> set[str]:
    """Keys of the trials that trained an epoch after their record was written."""
    return {line.key for line in lines if line.at > watch.since.get(line.key, float("inf"))}


def most_for_one_fault(again: list[Line], faults: list[Fault]) -> int:
    """Epochs done again after one fault, at most; each counts for the latest one before it."""
    moments = [0, *(fault.at for fault in faults)]
    causes = Counter(max(at for at in moments if at <= line.at) for line in again)
    return max(causes.values(), default=0)


def compare(the_round: Round, whole: Round) -> tuple[str, str]:
    """Whether the tables are equal: of what is confirmed, and all of it."""
    table, expected = the_round.table(), whole.table()
    if table is None or expected is None:
        return "there is none", "there is none"
    confirmed, expected_confirmed = confirmed_rows(table), confirmed_rows(expected)
    if the_round.concurrent > 1 and not the_round.reproducible:
        baselines = [baseline.name for baseline in STUDY.baselines]
        confirmed = confirmed.loc[confirmed["candidate"].isin(baselines)]
        expected_confirmed = expected_confirmed.loc[expected_confirmed["candidate"].isin(baselines)]
        return difference(confirmed, expected_confirmed), "not compared"
    return difference(confirmed, expected_confirmed), difference(table, expected)


def confirmed_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[table["stage"] == "confirm"]


def difference(table: pd.DataFrame, expected: pd.DataFrame) -> str:
    """ "equal", or what differs."""
    table, expected = table.reset_index(drop=True), expected.reset_index(drop=True)
    if table.equals(expected):
        return "equal"
    keys = set(table["key"]) ^ set(expected["key"])
    if keys:
        return f"{len(keys)} trials differ"
    if len(table) != len(expected):
        return f"{len(table)} rows, not {len(expected)}"
    columns = [name for name in table if not table[name].equals(expected[name])]
    return f"differs: {', '.join(columns)}"


def add_total(columns: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The columns and one for all rounds; of texts, those that are not "equal"."""
    rounds = [column for name, column in columns.items() if name != WHOLE]
    total: dict[str, Any] = {}
    for name in rounds[0]:
        values = [column[name] for column in rounds]
        if isinstance(values[0], str):
            total[name] = ", ".join(sorted(set(values)))
        else:
            total[name] = max(values) if name.startswith("  most") else sum(values)
    return columns | {"all rounds": total}


def is_wrong(column: dict[str, Any]) -> bool:
    """Whether a finished trial was lost or trained twice, or a table differs."""
    texts = [value for value in column.values() if isinstance(value, str)]
    lost_or_twice = column["finished trials lost"] + column["finished trials trained twice"]
    return bool(lost_or_twice) or not {*texts} <= {"equal", "not compared"}
