"""A small study as a user runs it, in processes that can be killed."""

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil

from study.store.open import open_folder
from study.table.columns import TIMES

ROOT = Path(__file__).parents[1]
# One trial at a time: then the search's order, and so the whole study, is determined.
ARGUMENTS = ["--profile", "smoke", "--max-concurrent", "1"]
WHEN, VARYING = ["stage", "candidate", "seed", "epoch"], [*TIMES, "number"]


def interruptible():
    """Let Ctrl-C through, which a shell's background jobs and their children ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(results, workers="inline", epochs=40, seeds=2, **options):
    """Begin the study, or resume it."""
    command = [sys.executable, "-m", "tests.small_study", *ARGUMENTS]
    command += [
        "--workers",
        workers,
        "--epochs",
        str(epochs),
        "--seeds",
        str(seeds),
        "--results",
        str(results),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    found = os.environ | {"PYTHONPATH": str(ROOT)}  # the study, from whatever folder
    usual = {"cwd": ROOT, "env": found, "preexec_fn": interruptible}
    return psutil.Popen(command, text=True, **usual | quiet | options)


def finish(results, workers="inline", **options):
    """The exit code and what was written to stderr."""
    run = start(results, workers, stderr=subprocess.PIPE, **options)
    _, errors = run.communicate(timeout=200)
    return run.returncode, errors


def table_of(results):
    """The table that the study wrote, without what no two runs share."""
    content = (open_folder(results) / "task_c").read("table.parquet")
    table = pd.read_parquet(io.BytesIO(content))
    return table.drop(columns=VARYING).sort_values(WHEN).reset_index(drop=True)


def wait_for(condition, run):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.05)


@contextmanager
def started(results, workers="inline", **options):
    """The study at work; nothing of it is left afterwards."""
    run = start(results, workers, **options)
    try:
        yield run
    finally:
        if run.poll() is None:
            kill_driver(run)


def kill_driver(run):
    """kill -9 of the driver; what is left of its Ray after a while goes, too."""
    children = run.children(recursive=True)
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(children, timeout=3)
    for process in alive:
        process.kill()


def kill_worker(run):
    """kill -9 of the processes in which the run's trials are; how many there were."""
    killed = 0
    for process in run.children(recursive=True):
        try:
            if "Trainable" in " ".join(process.cmdline()):
                process.kill()
                killed += 1
        except psutil.Error:
            continue  # it ended meanwhile
    return killed
