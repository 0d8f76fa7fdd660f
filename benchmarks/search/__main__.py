"""The search against its peers: how many full trainings' worth of epochs until one of the best.

    python -m benchmarks.search --lcbench FOLDER [--curves curves.parquet] --out FOLDER
                                [--sets NAME ...] [--methods NAME ...] [--repeats N] [--most 150]
    python -m benchmarks.search --out FOLDER --summary

Every method searches the same tables, one trial at a time, until a training that ran to its end is
among the best hundredth of all configurations. OUT/runs.jsonl gets a line for each search: table,
its target, method, seed, most, and cost, which is null where `most` full trainings were not enough.
What is there is not run again, so that the same command goes on where it was ended, and several
commands with different methods may share a folder.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import torch

from benchmarks.gpu import markdown
from benchmarks.search.ours import search_for
from benchmarks.search.peers import PEERS, MissingPeer
from benchmarks.search.spaces import SEARCHES
from benchmarks.search.tables import DEVELOPMENT, CurveTable, LCBench, TaskCurves, lcbench_names
from hw3.seeds import derive_seed

OURS, RANDOM = "ours", "random_full"
METHODS: dict[str, Callable[[CurveTable, int, float], float | None]] = {OURS: search_for, **PEERS}
RESAMPLES = 5000
RUNS = "runs.jsonl"
SEARCH = ["table", "target", "method", "seed"]
COLUMNS = [*SEARCH, "cost", "most", "seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--lcbench", type=Path, help="folder of YAHPO's surrogate of LCBench")
    parser.add_argument("--curves", type=Path, help="table made by benchmarks.search.curves")
    parser.add_argument("--sets", nargs="+", help="data sets or tasks, or 'development'; else all")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--most", type=float, default=150, help="full trainings' worth of epochs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--summary", action="store_true", help="of what is there; runs nothing")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.summary:
        run(options)
    print(summary(read_runs(options.out), options.most))


def run(options: argparse.Namespace) -> None:
    """Append a line for each search that is not there yet; all tables' first repeats come first."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    tables, missing = list(tables_of(options)), set[str]()
    there = known(read_runs(options.out), options.most)
    for seed in range(options.repeats):
        for table in tables:
            for method in options.methods:
                search = (table.name, table.target, method, seed)
                if method in missing or search in there:
                    continue
                started = time.perf_counter()
                # equal seeds would begin with equal points on every table: one draw, not many
                drawn = derive_seed(seed, table.name) % 2**31
                try:
                    cost = METHODS[method](table, drawn, options.most)
                except MissingPeer as error:
                    print(f"{method} is left out: {error}")
                    missing.add(method)
                    continue
                seconds = round(time.perf_counter() - started, 2)
                row = dict(zip(COLUMNS, (*search, cost, options.most, seconds), strict=True))
                with (options.out / RUNS).open("a") as file:
                    file.write(json.dumps(row) + "\n")


def tables_of(options: argparse.Namespace) -> Iterator[CurveTable]:
    """Those asked for, the development sets first."""
    names = lcbench_names(options.lcbench) if options.lcbench else []
    names = [*DEVELOPMENT, *(name for name in names if name not in DEVELOPMENT)] if names else []
    names += SEARCHES if options.curves else []
    wanted = set(options.sets or names)
    if "development" in wanted:
        wanted |= set(DEVELOPMENT)
    curves = pd.read_parquet(options.curves) if options.curves else None
    for name in names:
        if name in wanted and name not in SEARCHES:
            yield LCBench(options.lcbench, name)
        elif name in wanted and curves is not None:
            yield TaskCurves(curves, name)


def read_runs(folder: Path) -> pd.DataFrame:
    """A row for each search; one that was run again with a larger `most` counts once, one for
    another target than the table's latest not at all."""
    file = folder / RUNS
    lines = file.read_text().splitlines() if file.exists() else []
    runs = pd.DataFrame([json.loads(line) for line in lines], columns=COLUMNS)
    runs["cost"] = runs["cost"].astype(float)
    runs = runs[runs["target"] == runs.groupby("table")["target"].transform("last")]
    return runs.sort_values("most", kind="stable").drop_duplicates(SEARCH, keep="last")


def known(runs: pd.DataFrame, most: float) -> set[tuple[str, float, str, int]]:
    """Searches that need not be run: they reached the target, or spent as much."""
    done = runs[runs["cost"].notna() | (runs["most"] >= most)]
    return set(done[SEARCH].itertuples(index=False, name=None))


def summary(runs: pd.DataFrame, most: float) -> str:
    """Markdown tables: a row for each method, then the search's own by table against random.

    Args:
        most: where a cost was greater, or the target not reached, this is taken for the cost.
    """
    if runs.empty:
        return "nothing was run"
    runs = runs.assign(cost=runs["cost"].fillna(np.inf))
    runs["cost"] = runs["cost"].where(runs["cost"] <= most, np.inf)
    medians = runs.groupby(["method", "table"])["cost"].median().clip(upper=most).unstack(0)
    rows = [
        {"method": method} | _describe(runs[runs["method"] == method], medians, method, most)
        for method in METHODS
        if (runs["method"] == method).any()
    ]
    parts = [markdown(pd.DataFrame(rows))]
    ratios = pd.DataFrame(list(compare(runs, OURS, RANDOM, most)))
    if not ratios.empty:
        parts.append(markdown(ratios))
    return "\n\n".join(parts)


def _describe(runs: pd.DataFrame, medians: pd.DataFrame, method: str, most: float) -> dict:
    found: dict[str, Any] = {
        "tables": runs["table"].nunique(),
        "repeats": round(len(runs) / runs["table"].nunique()),
        "median": _number(runs["cost"].median()),
        "geometric mean": _number(np.exp(np.log(runs["cost"].clip(upper=most)).mean())),
        "not reached": f"{np.isinf(runs['cost']).mean():.1%}",
    }
    if RANDOM in medians:
        both = medians[[RANDOM, method]].dropna()
        worse = (both.iloc[:, 1] > both.iloc[:, 0]).sum()
        found["worse than random"] = f"{worse} of {len(both)}"
    return found | {"seconds each": _number(runs["seconds"].mean())}


def compare(runs: pd.DataFrame, method: str, other: str, most: float) -> Iterator[dict[str, Any]]:
    """For each table the two's median costs and the geometric mean of the ratio of their costs at
    equal seeds, with a 95 % percentile bootstrap interval over the seeds."""
    rng = np.random.default_rng(0)
    for name, mine in runs[runs["method"].isin((method, other))].groupby("table", sort=False):
        pairs = mine.pivot_table(index="seed", columns="method", values="cost", aggfunc="first")
        if method not in pairs or other not in pairs:
            continue
        pairs = pairs.dropna().clip(upper=most)
        if len(pairs) < 2:
            continue
        logs = np.log(pairs[method] / pairs[other]).to_numpy()
        drawn = rng.choice(logs, (RESAMPLES, len(logs))).mean(1)
        low, high = np.exp(np.quantile(drawn, [0.025, 0.975]))
        yield {
            "table": name,
            "pairs": len(pairs),
            method: _number(pairs[method].median()),
            other: _number(pairs[other].median()),
            "ratio": f"{np.exp(logs.mean()):.2f}",
            "interval": f"{low:.2f} to {high:.2f}",
        }


def _number(value: float) -> str:
    return "–" if np.isinf(value) else f"{value:.1f}"


if __name__ == "__main__":
    main()
