"""What an answer imports: what takes seconds to load is loaded only where it is used."""

import subprocess
import sys

import numpy as np
import pytest

DRAWING = {"matplotlib", "seaborn", "optuna"}
NOT_FOR_A_PLAN = {"ray", "seaborn", "scipy.stats", "sklearn"}
SLOW = {"ray", "torch", "pandas", "scipy.stats", "sklearn"} | DRAWING
# Runs a study's command line to its end, then prints what it has imported.
PROGRAM = """
import atexit, sys
atexit.register(lambda: print("imported:", *sys.modules))
from study import task_b
from study.cli.command import main
main(task_b.STUDY)
"""


def imported_by(*arguments, code=0):
    """Names of all modules that the command line has imported when it ends with this code."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert answer.returncode == code, answer.stderr
    return set(answer.stdout.rpartition("imported:")[2].split())


@pytest.fixture
def course(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("normal", "pneumonia"):
        np.save(tmp_path / f"{name}.npy", rng.integers(0, 256, (20, 16, 16), np.uint8))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["plam"], 2),
        (["--epochs", "0"], 2),
        (["--trails", "3"], 2),
        (["--sampler", "tpo"], 2),
    ],
)
def test_help_and_wrong_usage_import_nothing_that_computes(arguments, code):
    assert not imported_by(*arguments, code=code) & (SLOW | {"numpy"})


def test_a_plan_imports_nothing_that_runs(course):
    """PyTorch is needed, costs are read off its models; and what draws, to try every figure."""
    where = ["--data", str(course), "--image-size", "16"]
    imported = imported_by("plan", "--profile", "smoke", *where)
    assert {"torch", "matplotlib"} <= imported
    assert not imported & NOT_FOR_A_PLAN


def test_a_report_without_a_run_is_refused_before_anything_is_loaded_that_draws(tmp_path):
    imported = imported_by("report", "--results", str(tmp_path), code=1)
    assert not imported & ({"ray", "scipy.stats"} | DRAWING)


def test_watching_a_run_imports_nothing_that_computes(tmp_path):
    """It may be asked often, and where nothing else is installed."""
    from study.store.folder import LocalFolder
    from study.store.snapshot import save_snapshot
    from tests.store.test_snapshot import TRAINING

    save_snapshot(TRAINING, LocalFolder(tmp_path) / "task_c")
    program = (
        "import atexit, sys\natexit.register(lambda: print('imported:', *sys.modules))\n"
        "from study.__main__ import main\nmain()"
    )
    arguments = ["watch", "task_c", "--once", "--results", str(tmp_path)]
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert "has died" in answer.stdout
    imported = set(answer.stdout.rpartition("imported:")[2].split())
    assert not imported & (SLOW | {"numpy"})
