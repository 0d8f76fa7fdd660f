"""How time and memory grow with the number of trials: 10, 100, 1000.

    python -m benchmarks.growth [--part records] [--trials 10 100 1000] [--csv growth.csv]

Part `records`: a run starts on a folder of made records of Task C. Seconds to read the records, to
replay them into Optuna and ASHA, to propose one more trial (median of five), to make the table, and
to read the records again and write every output; and what the records and the searches add to the
driver's memory. Part `pool`: that many trials of a tiny ANN, one epoch each, run through the pool,
in one search with TPE; seconds from the first trial's start to the end, seconds per trial, and the
driver's memory afterwards. Each number of trials has a process of its own.

Growth is the exponent k of n^k between neighbours: 1 is linear; of seconds per trial, 0 is.
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

from benchmarks.sessions import TINY_ANN, FirstStart, new_trials, run_session
from hw3.cost import model_cost
from hw3.data import load_splits, phantom_location
from hw3.engine import recipe_for
from hw3.models import make_architecture
from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.pool.dispatch import Dispatcher
from study.report.outputs import write_outputs
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.pruning import is_unpruned
from study.search.trial import REDUCTION_FACTOR, Job, Setting, rung_epochs
from study.spec.budget import Budget, DataFacts
from study.spec.search import Search
from study.spec.space import Float
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from study.table.members import study_members
from study.table.rows import make_table
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
    fixed=TINY_ANN,
)
COUNTS = {"train": {"normal": 1, "pneumonia": 1}, "val": {"normal": 1, "pneumonia": 1}}


def plan_of(trials: int) -> Plan:
    """Task C on made data, with so many trials for its search."""
    facts = DataFacts("made", "made", SETTING.data, IMAGE_SIZE, COUNTS, {})
    return Plan(STUDY, Budget(trials, EPOCHS, SEEDS, IMAGE_SIZE), SETTING, facts)


def made_record(
    ingredients: dict[str, Any], epochs: int, rng: np.random.Generator, **fields: Any
) -> Record:
    """A trial that nobody ran, stopped early if it has fewer than EPOCHS epochs, and then with a
    greater loss than all others."""
    val_loss = rng.uniform(0.1, 0.4) if epochs == EPOCHS else rng.uniform(0.5, 0.7)
    rows = [
        {
            "epoch": epoch,
            "learning_rate": 1e-3,
            "train_loss": rng.uniform(0.1, 0.7),
            "train_accuracy": rng.uniform(0.5, 1),
            "train_eval_loss": rng.uniform(0.1, 0.7),
            "train_eval_accuracy": rng.uniform(0.5, 1),
            "val_loss": val_loss,
            "val_accuracy": rng.uniform(0.5, 1),
            "val_auroc": rng.uniform(0.5, 1),
            "seconds": rng.uniform(0.3, 0.5),
        }
        for epoch in range(1, epochs + 1)
    ]
    architecture = make_architecture(ingredients["family"], ingredients["config"], IMAGE_SIZE)
    status = "complete" if epochs == EPOCHS else "stopped"
    return Record(ingredients, status, rows, cost=vars(model_cost(architecture)), **fields)


def make_records(store: RecordStore, trials: int) -> None:
    """Records of Task C: `trials` explored, of which a third is kept by the first rung, and every
    candidate's confirmation."""
    rng = np.random.default_rng(0)
    explored = [_explored(number, rng) for number in range(trials)]
    finished = FinishedTrials(plan_of(trials), {record.key: record for record in explored})
    for candidate in finished.candidates():
        for job in candidate.jobs(SETTING, SEEDS):
            finished.records[job.key] = made_record(job.ingredients, EPOCHS, rng)
    for record in finished.records.values():
        store.write(record)


def _explored(number: int, rng: np.random.Generator) -> Record:
    (search,) = STUDY.searches
    params, unpruned = _params(number), is_unpruned(number)
    config, seed = search.config(params), SETTING.explore_seed(search)
    return made_record(
        SETTING.ingredients(search.family, config, seed),
        EPOCHS if unpruned or number % REDUCTION_FACTOR == 0 else rung_epochs(EPOCHS)[0],
        rng,
        params=params,
        pruned_by="none" if unpruned else "asha",
        provenance={"number": number},
    )


def _params(number: int) -> dict[str, int]:
    """A point of Task C's space, another for each number."""
    channels = 16 + number % 497
    return {"channels": channels, "hidden": (0, 32, 64, 128, 256)[number // 497 % 5]}


def take_up(trials: int, results: LocalFolder) -> dict[str, float]:
    """Start on made records as a run does; seconds of each step, and MiB."""
    before = _memory()
    reading, records = _clock(lambda: _read(results))
    more = FinishedTrials(plan_of(trials + PROPOSALS), dict(records))
    replay, dispatcher = _clock(lambda: Dispatcher(more))
    held = _memory() - before
    proposals = [_clock(dispatcher.next_job)[0] for _ in range(PROPOSALS)]
    plan, folder = plan_of(trials), results / STUDY.name
    table, _ = _clock(lambda: make_table(study_members(FinishedTrials(plan, records))))
    outputs, _ = _clock(lambda: write_outputs(FinishedTrials(plan, _read(results)), folder))
    return {
        "read": reading,
        "replay": replay,
        "propose": statistics.median(proposals),
        "table": table,
        "outputs": outputs,
        "held MiB": held,
        "after MiB": _memory(),
    }


def _read(results: LocalFolder) -> dict[str, Record]:
    return {record.key: record for record in RecordStore(results)}


def run_tiny(trials: int, results: LocalFolder) -> dict[str, float]:
    """A search through the pool; its seconds, and the driver's MiB."""
    data = load_splits(phantom_location((8, 8, 8)), 16)
    study = Study("growth", "Growth", "How?", (), (TINY_SEARCH,))
    dispatcher = ClockedDispatcher(
        new_trials(study, data, Budget(trials, epochs=1, seeds=1, image_size=16))
    )
    first = FirstStart()
    with connect(None, verbose=False) as nodes:
        resources = trial_resources(nodes, None, None, WORKERS)
        run_session(dispatcher, data, results, resources, [first])
        assert first.at
        seconds = time.monotonic() - first.at
        memory = _memory()
    return {
        "pool": seconds,
        "per trial": seconds / trials,
        "per proposal": dispatcher.seconds / trials,
        "driver MiB": memory,
    }


class ClockedDispatcher(Dispatcher):
    """Knows the seconds that went into finding the next job."""

    seconds = 0.0

    def next_job(self) -> Job | None:
        seconds, job = _clock(super().next_job)
        self.seconds += seconds
        return job


PARTS = {"records": take_up, "pool": run_tiny}


def _clock(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that a call takes, and its result."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


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
    logs = table.transform(np.log)
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
