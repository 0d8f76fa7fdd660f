"""The wall-clock of equal work: the study's pool, a bare loop, a Ray Tune script, Optuna alone.

    python -m benchmarks.study [--contestant study] [--seeds 10] [--epochs 12] [--repeats 5]

The work is `benchmarks.peers.work`: a fixed list of configurations, epochs and seeds, two trials
at a time on a thread each. The bare loop calls the same engine for the same trials in two
processes, and keeps nothing; what the study takes longer is what the framework costs. Contestants
take turns, each in a process of its own; every other turn they do so in reverse. Prints each turn,
then the medians, and writes all turns to `--csv`. `--contestant` may be repeated; for the overhead
alone, study and bare will do.

Seconds: `ray` is Ray's start; `workers` from there to the first trial's start, `trials` from there
to the end; `work` is both of these, `with ray` all three. `engine` is the sum of the epochs' own
seconds, `engine share` that over the workers' time, which depends less on what else the machine
does.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.peers.work import BASELINES, WORKERS, Work, add_work, print_seconds, work_of
from benchmarks.sessions import FirstStart, new_trials, run_session
from hw3.engine import Recipe, score_images, start_training, train_epochs
from hw3.memory import keep_freed_memory
from hw3.models import make_architecture
from hw3.numerics import Numerics, choose_numerics
from hw3.splits import Splits
from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import Study
from study.store.folder import LocalFolder

CONTESTANTS = {
    "study": ["benchmarks.study", "--child", "study"],
    "bare": ["benchmarks.study", "--child", "bare"],
    "tune": ["benchmarks.peers.tune_script"],
    "optuna": ["benchmarks.peers.optuna_alone"],
}
STUDY = Study(
    "benchmark",
    "Benchmark",
    "How fast?",
    tuple(Baseline(name, name, family, config) for name, (family, config) in BASELINES.items()),
)


def trials_of(work: Work, data: Splits) -> FinishedTrials:
    """The work as a study's plan, with nothing trained yet."""
    budget = Budget(1, work.epochs, work.seeds, work.image_size)
    return new_trials(STUDY, data, budget, choose_numerics("cpu", "auto"))


def run_study(work: Work) -> None:
    """The work through the study's pool, with its records and checkpoints."""
    data = work.load()
    trials, first = trials_of(work, data), FirstStart()
    dispatcher = Dispatcher(trials)
    begun = time.monotonic()
    with connect(None, verbose=False) as nodes, tempfile.TemporaryDirectory() as results:
        connected = time.monotonic()
        resources = trial_resources(nodes, None, None, WORKERS)
        run_session(dispatcher, data, LocalFolder(Path(results)), resources, [first])
        ended = time.monotonic()
    records = trials.records.values()
    assert first.at and len(records) == len(BASELINES) * work.seeds
    print_seconds(
        ray=connected - begun,
        workers=first.at - connected,
        trials=ended - first.at,
        engine=sum(row["seconds"] for record in records for row in record.rows),
    )


def run_bare(work: Work) -> None:
    """The same trials by the engine alone."""
    data = work.load()
    finished = trials_of(work, data)
    trials = [
        job.ingredients
        for candidate in finished.baselines
        for job in candidate.jobs(finished.plan.setting, work.seeds)
    ]
    spawn = multiprocessing.get_context("spawn")
    begun = time.monotonic()
    with spawn.Pool(WORKERS, _hold, [data, ready := spawn.Barrier(WORKERS + 1)]) as pool:
        ready.wait()
        started = time.monotonic()
        engine = sum(pool.imap_unordered(_train, trials))
        ended = time.monotonic()
    print_seconds(ray=0.0, workers=started - begun, trials=ended - started, engine=engine)


def _hold(data: Splits, ready: Any) -> None:
    """Set this process up as a study's worker is."""
    global _data
    _data = data
    torch.set_num_threads(1)
    keep_freed_memory()
    ready.wait()


def _train(parts: dict[str, Any]) -> float:
    """Train and score one trial; seconds in its epochs."""
    training = start_training(
        make_architecture(parts["family"], parts["config"], parts["image_size"]),
        Recipe(**parts["recipe"]),
        parts["seed"],
        Numerics(**parts["numerics"]),
    )
    seconds = sum(row.seconds for row in train_epochs(training, _data))
    assert _data.test is not None
    score_images(training, _data.test)
    return seconds


def contest(contestant: str, work: Work) -> dict[str, Any]:
    """One turn of a contestant, in a process of its own."""
    command = [sys.executable, "-m", *CONTESTANTS[contestant], *work.arguments()]
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    ended = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")
    seconds = json.loads(ended.stdout.splitlines()[-1])
    return {"contestant": contestant} | seconds


def summarise(turns: pd.DataFrame) -> pd.DataFrame:
    """Medians of each contestant, and of its ratios to the study in the same turn."""
    turns = turns.set_index(["turn", "contestant"]).astype(float)
    turns["work"] = turns["workers"] + turns["trials"]
    turns["with ray"] = turns["ray"] + turns["work"]
    turns["engine share"] = turns["engine"] / (WORKERS * turns["trials"])
    timed = turns[["trials", "work", "with ray"]]
    ratios = timed / timed.xs("study", level="contestant")
    turns = turns.join(ratios.add_suffix(", ratio"))
    return turns.groupby(level="contestant", sort=False).median()


def overhead(table: pd.DataFrame) -> str:
    """What the study takes longer than the bare loop, in words."""
    trials, work = 1 / table.loc["bare", ["trials, ratio", "work, ratio"]].astype(float) - 1
    return (
        f"the study over the bare loop: {trials:+.1%} once workers have started (target: at most "
        f"10 %), {work:+.1%} with their start"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_work(parser)
    parser.add_argument("--contestant", choices=list(CONTESTANTS), action="append")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--csv", default="study.csv")
    parser.add_argument("--child", choices=["study", "bare"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    work = work_of(options)
    if options.child:
        {"study": run_study, "bare": run_bare}[options.child](work)
        return
    contestants = options.contestant or list(CONTESTANTS)
    rows = []
    for turn in range(options.repeats):
        for contestant in contestants if turn % 2 == 0 else contestants[::-1]:
            rows.append({"turn": turn} | contest(contestant, work))
            print(rows[-1], flush=True)
    turns = pd.DataFrame(rows)
    turns.to_csv(options.csv, index=False)
    trials = len(BASELINES) * work.seeds
    print(
        f"{trials} trials of {work.epochs} epochs at {work.image_size}x{work.image_size}, medians"
    )
    if "study" not in contestants:
        return
    table = summarise(turns)
    print(table.round(3).to_string())
    if "bare" in contestants:
        print(overhead(table))


if __name__ == "__main__":
    main()
