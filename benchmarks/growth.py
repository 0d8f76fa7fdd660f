"""How time and memory grow with the number of trials: 10, 100, 1000.

    python -m benchmarks.growth [--part records] [--trials 10 100 1000] [--csv growth.csv]

Part `records`: a folder of made records of Task C is taken up again. Seconds to read the records,
to replay them into Optuna and ASHA, to propose one more trial (median of five), to make the table
and to write everything that people read; and what the records and the searcher add to the driver's
memory. Part `pool`: that many trials of a tiny ANN and one epoch run through the pool, one search with
TPE; seconds from the first trial's start to the end, of one trial, and the driver's memory after.
Each number of trials has a process of its own.

Growth is the exponent k of n^k between neighbours: 1 is linear, of one trial's seconds 0 is.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from hw3.cost import model_cost
from hw3.data import load_splits
from hw3.models import make_config
from hw3.train import recipe_for
from study.report.outputs import write_outputs
from study.search.choose import baseline_candidates, chosen_candidates, study_members
from study.search.plan import Plan
from study.search.trial import Setting, rung_epochs
from study.spec.budget import Budget, DataFacts
from study.spec.space import Float
from study.spec.study import Search, Study
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from study.table.columns import make_table
from study.task_c import STUDY

EPOCHS, SEEDS, IMAGE_SIZE = 12, 10, 32
SETTING = Setting("made", IMAGE_SIZE, recipe_for(EPOCHS))
PROPOSALS = 5
WORKERS = 2
TINY_SEARCH = Search(
    "tiny",
    "tiny",
    "ann",
    {f"dropout_{layer}": Float(0.0, 0.9) for layer in (1, 2, 3)},
    fixed={f"width_{layer}": 8 for layer in (1, 2, 3)},
)


def budget_of(trials: int) -> Budget:
    return Budget(trials, EPOCHS, SEEDS, IMAGE_SIZE)


def made_record(
    ingredients: dict[str, Any], epochs: int, rng: np.random.Generator, **fields: Any
) -> Record:
    """A trial that nobody ran; stopped where `epochs` are not all."""
    rows = [
        {
            "epoch": epoch,
            "learning_rate": 1e-3,
            "train_loss": rng.uniform(0.1, 0.7),
            "train_accuracy": rng.uniform(0.5, 1),
            "train_eval_loss": rng.uniform(0.1, 0.7),
            "train_eval_accuracy": rng.uniform(0.5, 1),
            "val_loss": rng.uniform(0.1, 0.7),
            "val_accuracy": rng.uniform(0.5, 1),
            "val_auroc": rng.uniform(0.5, 1),
            "seconds": rng.uniform(0.3, 0.5),
        }
        for epoch in range(1, epochs + 1)
    ]
    config = make_config(ingredients["family"], ingredients["config"])
    cost = vars(model_cost(ingredients["family"], config, IMAGE_SIZE))
    status = "complete" if epochs == EPOCHS else "stopped"
    return Record(ingredients, status, rows, cost=cost, **fields)


def make_records(store: RecordStore, trials: int) -> None:
    """Records of Task C: `trials` explored, all but every fourth stopped at the first rung, and
    every point's confirmation."""
    (search,) = STUDY.searches
    rng = np.random.default_rng(0)
    records = {}
    for number in range(trials):
        params = _params(number)
        ingredients = SETTING.ingredients(
            "gap", search.config(params), SETTING.explore_seed(search)
        )
        is_control = number % 4 == 0
        record = made_record(
            ingredients,
            EPOCHS if is_control else rung_epochs(EPOCHS)[0],
            rng,
            params=params,
            pruned_by="none" if is_control else "asha",
            provenance={"number": number},
        )
        records[record.key] = record
    chosen = chosen_candidates(STUDY, SETTING, budget_of(trials), records)
    for point in (*baseline_candidates(STUDY, IMAGE_SIZE), *chosen.values()):
        for job in point.jobs(SETTING, SEEDS):
            records[job.key] = made_record(job.ingredients, EPOCHS, rng)
    for record in records.values():
        store.write(record)


def _params(number: int) -> dict[str, int]:
    """A point of Task C's space, another for each number."""
    channels = 16 + number % 497
    return {"channels": channels, "hidden": (0, 32, 64, 128, 256)[number // 497 % 5]}


def take_up(trials: int, results: LocalFolder) -> dict[str, float]:
    """Take made records up as a run does that starts on them; seconds of each step, and MiB."""
    from study.pool.dispatch import StudySearcher

    store, before = RecordStore(results), _memory()
    reading, records = _clock(lambda: {record.key: record for record in store})
    budget = budget_of(trials + PROPOSALS)
    replay, searcher = _clock(lambda: StudySearcher(STUDY, SETTING, budget, dict(records)))
    held = _memory() - before
    proposals = [_clock(lambda n=n: searcher.suggest(str(n)))[0] for n in range(PROPOSALS)]
    facts = DataFacts("made", "made", SETTING.data, IMAGE_SIZE, {}, {})
    plan = Plan(STUDY.name, budget_of(trials), SETTING, facts)
    table, _ = _clock(lambda: make_table(study_members(STUDY, SETTING, plan.budget, records)))
    outputs, _ = _clock(lambda: write_outputs(STUDY, plan, store, results / STUDY.name))
    return {
        "read": reading,
        "replay": replay,
        "propose": statistics.median(proposals),
        "table": table,
        "outputs": outputs,
        "held MiB": held,
        "after MiB": _memory(),
    }


def run_tiny(trials: int, results: LocalFolder) -> dict[str, float]:
    """Run so many trials that take no time; seconds and MiB."""
    from benchmarks.study import FirstStart
    from study.cluster.ray import connect, trial_resources
    from study.pool.dispatch import StudySearcher
    from study.pool.tuner import run_pool
    from study.store.checkpoints import CheckpointStore

    data = load_splits("phantom", 16, (8, 8, 8))
    study_ = Study("growth", "Growth", "How?", (), (TINY_SEARCH,), ())
    setting = Setting(data.fingerprint, data.image_size, recipe_for(1))
    searcher = StudySearcher(study_, setting, Budget(trials, 1, 1, data.image_size), {})
    proposing = ClockedSuggest(searcher.suggest)
    searcher.suggest = proposing  # type: ignore[method-assign]
    first = FirstStart()
    with connect(None, verbose=False) as nodes:
        resources = trial_resources(nodes, None, None, WORKERS)
        stores = RecordStore(results), CheckpointStore(results / "checkpoints")
        run_pool(searcher, data, *stores, resources, 600.0, [first])
        assert first.at
        seconds = time.monotonic() - first.at
        memory = _memory()
    return {
        "pool": seconds,
        "a trial": seconds / trials,
        "a proposal": proposing.seconds / trials,
        "driver MiB": memory,
    }


class ClockedSuggest:
    """A searcher's suggestions, and the seconds that went into them."""

    def __init__(self, suggest: Callable[[str], Any]):
        self._suggest, self.seconds = suggest, 0.0

    def __call__(self, trial_id: str) -> Any:
        seconds, suggested = _clock(lambda: self._suggest(trial_id))
        self.seconds += seconds
        return suggested


PARTS = {"records": take_up, "pool": run_tiny}


def _clock(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _memory() -> float:
    """Proportional set size of this process, MiB."""
    return psutil.Process().memory_full_info().pss / 2**20


def measure(part: str, trials: int) -> dict[str, float]:
    """One part with so many trials, in a process of its own."""
    with tempfile.TemporaryDirectory() as results:
        if part == "records":
            make_records(RecordStore(LocalFolder(Path(results))), trials)
        command = [sys.executable, "-m", "benchmarks.growth", "--child", part]
        command += ["--results", results, "--trials", str(trials)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")
    return json.loads(ended.stdout.splitlines()[-1])


def growth(table: pd.DataFrame) -> pd.DataFrame:
    """The exponent of every column from each row to the next.

    Args:
        table: columns of positive numbers over numbers of trials.
    """
    logs = np.log(table)
    exponents = logs.diff().div(np.diff(np.log(table.index), prepend=np.nan), axis=0).iloc[1:]
    exponents.index = pd.Index(
        [f"{low} to {high}" for low, high in zip(table.index, table.index[1:], strict=False)]
    )
    return exponents


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", choices=list(PARTS), action="append")
    parser.add_argument("--trials", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--csv", default="growth.csv")
    parser.add_argument("--child", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--results", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        results = LocalFolder(Path(options.results))
        print(json.dumps(PARTS[options.child](options.trials[0], results)))
        return
    tables = []
    for part in options.part or list(PARTS):
        rows = {trials: measure(part, trials) for trials in options.trials}
        table = pd.DataFrame.from_dict(rows, orient="index")
        print(f"{part}: seconds, and driver's memory", table.round(4).to_string(), sep="\n")
        print("growth", growth(table).round(2).to_string(), sep="\n", flush=True)
        tables.append(table)
    pd.concat(tables, axis=1).rename_axis("trials").to_csv(options.csv)


if __name__ == "__main__":
    main()
