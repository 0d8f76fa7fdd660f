"""kill -9 to a real run: the same command goes on, and the end is what it would have been."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

ROOT = Path(__file__).parents[1]
# One trial at a time: then the search's order, and so the whole study, is determined.
ARGUMENTS = ["--profile", "smoke", "--epochs", "40", "--max-concurrent", "1"]
WHEN, VARYING = ["stage", "point", "seed", "epoch"], ["seconds", "elapsed", "number"]
pytestmark = pytest.mark.ray


def start(results):
    command = [sys.executable, "-m", "study.task_c", *ARGUMENTS, "--results", str(results)]
    return psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table_of(results):
    table = pd.read_parquet(results / "task_c" / "table.parquet")
    return table.drop(columns=VARYING).sort_values(WHEN).reset_index(drop=True)


def wait_for(condition, run):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.05)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    results = tmp_path_factory.mktemp("whole")
    assert start(results).wait(200) == 0
    return table_of(results)


@pytest.mark.parametrize("finished", [0, 1, 5], ids=lambda n: f"{n} trials finished")
def test_a_killed_study_ends_as_if_it_had_not_been(tmp_path, uninterrupted, finished):
    run = start(tmp_path)
    records, checkpoints = tmp_path / "trials", tmp_path / "task_c" / "checkpoints"

    def in_the_middle_of_a_trial():
        kept = {path.stem for path in records.glob("*.json")}
        states = {path.stem for path in checkpoints.glob("*.pt")}
        return len(kept) >= finished and states - kept

    wait_for(in_the_middle_of_a_trial, run)
    children = run.children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    for process in alive:
        process.kill()
    before = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert start(tmp_path).wait(200) == 0
    pd.testing.assert_frame_equal(table_of(tmp_path), uninterrupted)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(checkpoints.iterdir())
