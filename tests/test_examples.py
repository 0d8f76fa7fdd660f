"""Each example runs as it is, from its file to its report."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LINES = 80  # of an example, at most


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_short_and_runs(file, tmp_path):
    assert len(file.read_text().splitlines()) <= LINES
    budget = ["--profile", "smoke", "--workers", "inline", "--results", str(tmp_path / "results")]
    command = [sys.executable, "-W", "error", "-m", "study", "run", str(file), *budget]
    answer = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    folder = tmp_path / "results" / file.stem
    assert "not judged" in (folder / "report.html").read_text()
    table = pd.read_parquet(folder / "table.parquet")
    assert set(table["status"]) <= {"complete", "stopped"}
