"""Signals to a real run: it ends soon, leaves nothing running, and says how to resume."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.runs import interruptible, started, wait_for

ROOT = Path(__file__).parents[2]


WITHIN = 60  # seconds; it takes 3, on a machine that does nothing else


@pytest.mark.parametrize(
    ("workers", "sent", "code"),
    [
        pytest.param("ray", signal.SIGINT, 130, marks=pytest.mark.ray),
        ("inline", signal.SIGTERM, 143),
    ],
)
def test_a_signal_ends_the_run_cleanly(tmp_path, workers, sent, code):
    with started(tmp_path, workers, epochs=2000, stderr=subprocess.PIPE) as run:
        wait_for(lambda: list(tmp_path.glob("task_c/checkpoints/*.json")), run)  # a trial is there
        children = processes(run)
        os.kill(run.pid, sent)
        _, errors = run.communicate(timeout=WITHIN)
    assert run.returncode == code
    assert "Resume with:\n  python -m tests.small_study --profile smoke" in errors
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(children, timeout=WITHIN)
    assert not alive


IN_RAY = """
import os, signal, threading, time
from study.cli import run
from study import task_c
from study.cli.command import main
from study.cluster.ray import connect

def wait_in_ray(*_):
    with connect(None, verbose=False):
        import ray
        never = ray.remote(lambda: time.sleep(600)).remote()
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        ray.wait([never], timeout=60)

run.run_study = wait_in_ray
main(task_c.STUDY)
"""


@pytest.mark.ray
def test_a_signal_that_comes_while_ray_waits_ends_the_run_as_cleanly(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", IN_RAY, "--results", str(tmp_path)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        preexec_fn=interruptible,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (143, False), ended.stderr


def processes(run):
    """The run's processes but for those that just ended."""
    found = []
    for child in run.children(recursive=True):
        try:
            child.cmdline()
        except psutil.Error:
            continue
        found.append(child)
    return found
