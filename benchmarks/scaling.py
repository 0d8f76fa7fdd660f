"""How busy the pool keeps many workers: trials that only sleep, on 1 to 64 simulated workers.

    python -m benchmarks.scaling [--workers 1 4 16 64] [--seconds 5] [--window 60]
        [--csv scaling.csv]

The hosts are Ray's own `ray.cluster_utils.Cluster`: raylets of 16 logical CPU cores each, all on
this machine. A trial sleeps `--seconds` in five equal epochs and reports each; its worker has
nothing to compute, and everything else is the product's own: dispatcher, searcher, scheduler,
records. What is lost is the framework's. So that no worker waits for another's start, which on a
real cluster is each host's own work, the clock starts when the last worker has reported; it runs
for `--window` seconds. Each number of workers has a process of its own.

Efficiency: the share of the workers' time in the window that went into sleeping. `start`: seconds
from the first trial's start until every worker has reported. `driver`: milliseconds of the
driver's CPU time per trial; `busy`: the share of the window that it computed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from ray import tune
from ray.cluster_utils import Cluster
from ray.tune import Trainable

import study.pool.tuner
from benchmarks.sessions import TINY_ANN, SilentObserver, new_trials, run_session
from hw3.data import load_splits, phantom_location
from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.pool.dispatch import Dispatcher
from study.pool.report import TrialReport
from study.search.choose import FinishedTrials
from study.search.trial import EPOCH, Job
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import LOSS, Study
from study.store.folder import LocalFolder

EPOCHS = 5
HOST_CPUS = 16
# All hosts' workers start on this machine's few CPU cores: at most two at a time on each host,
# and none is given up and started anew because it is late.
PATIENT = {
    "RAY_worker_maximum_startup_concurrency": "2",
    "RAY_worker_register_timeout_seconds": "900",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
}
STUDY = Study("scaling", "Scaling", "How?", (Baseline("sleeper", "Sleeper", "ann", TINY_ANN),))


def sleeping_trial(seconds: float) -> type[Trainable]:
    """A trial that takes so many seconds, and reports as the real one does.

    Its `host` is the worker's process. It reports plain values: the report's own class would bring
    PyTorch into every worker.
    """
    blank = vars(TrialReport("running", []))

    class SleepingTrial(Trainable):
        def setup(self, config: dict[str, Any], **_parts: Any) -> None:
            self.reset_config(config)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            (self._key,) = new_config.get("jobs", ("alone",))  # those of plain Tune have none
            self._rows: list[dict[str, Any]] = []
            return True

        def step(self) -> dict[str, Any]:
            time.sleep(seconds / EPOCHS)
            self._rows.append({EPOCH: len(self._rows) + 1, LOSS: 0.5})
            is_last = len(self._rows) == EPOCHS
            status = "complete" if is_last else "running"
            report = blank | {"status": status, "rows": self._rows, "host": str(os.getpid())}
            return {"reports": [(self._key, report)], "done": is_last}

    return SleepingTrial


class Window(SilentObserver):
    """The time in which all workers are up, and the epochs that are reported in it.

    Attributes:
        epochs: reported in the window.
        measured: `start`, `window`, `epochs`, `busy` and `driver`; empty until the window is over.
    """

    def __init__(self, workers: int, seconds: float):
        self._workers, self._seconds = workers, seconds
        self._seen: set[str | None] = set()
        self._first: float | None = None
        self._opened: tuple[float, float] | None = None  # monotonic and CPU seconds
        self.epochs = 0
        self.measured: dict[str, float] = {}

    def on_start(self, job: Job) -> None:
        self._first = self._first or time.monotonic()

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        now, used = time.monotonic(), time.process_time()
        if self._opened is None:
            self._seen.add(report.host)
            if len(self._seen) == self._workers:
                self._opened = now, used
            return
        if self.measured:
            return
        self.epochs += 1
        passed, computed = now - self._opened[0], used - self._opened[1]
        if passed >= self._seconds:
            assert self._first is not None
            self.measured = {
                "start": self._opened[0] - self._first,
                "window": passed,
                "epochs": self.epochs,
                "busy": computed / passed,
                "driver": 1000 * computed / (self.epochs / EPOCHS),
            }


class WindowDispatcher(Dispatcher):
    """Hands out jobs until the window is over."""

    def __init__(self, trials: FinishedTrials, window: Window):
        super().__init__(trials)
        self._window = window

    def next_job(self) -> Job | None:
        return None if self._window.measured else super().next_job()


def run_sleepers(workers: int, seconds: float, window: float) -> dict[str, float]:
    """Keep so many workers busy until the window is over; what was measured."""
    study.pool.tuner.StudyTrial = sleeping_trial(seconds)  # type: ignore[misc,assignment]
    # Without data it does without PyTorch too: 64 such workers fit into this machine's memory.
    tune.with_parameters = lambda trainable, **_parameters: trainable  # type: ignore[assignment]
    data = load_splits(phantom_location((8, 8, 8)), 16)
    seeds = int(workers * (window + 600) / seconds)  # more than will be needed
    measuring = Window(workers, window)
    dispatcher = WindowDispatcher(
        new_trials(STUDY, data, Budget(1, EPOCHS, seeds, data.image_size)), measuring
    )
    cluster = start_hosts(workers)
    with connect(cluster.address, verbose=False) as nodes, tempfile.TemporaryDirectory() as results:
        resources = trial_resources(nodes, None, None, None)
        run_session(dispatcher, data, LocalFolder(Path(results)), resources, [measuring])
    cluster.shutdown()
    slept = measuring.epochs * seconds / EPOCHS
    return measuring.measured | {"efficiency": slept / (workers * measuring.measured["window"])}


def start_hosts(workers: int) -> Cluster:
    """A cluster of as many hosts as the workers need, and a head that trains nothing."""
    os.environ.update(PATIENT)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for first in range(0, workers, HOST_CPUS):
        cluster.add_node(num_cpus=min(HOST_CPUS, workers - first))
    return cluster


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--csv", default="scaling.csv")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        (workers,) = options.workers
        print(json.dumps(run_sleepers(workers, options.seconds, options.window)))
        return
    rows = {}
    for workers in options.workers:
        command = [sys.executable, "-m", "benchmarks.scaling", "--child", "--workers", str(workers)]
        command += ["--seconds", str(options.seconds), "--window", str(options.window)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")
        rows[workers] = json.loads(ended.stdout.splitlines()[-1])
        print(workers, rows[workers], flush=True)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("workers")
    table.to_csv(options.csv)
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
