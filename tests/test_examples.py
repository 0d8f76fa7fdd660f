"""Each example runs as it is, from its file to its report; trainings know its code."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from hw3.data import SOURCES
from hw3.models import FAMILIES
from study.search.code import code_digest

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


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (("images + torch.relu", "images - torch.relu"), True),
        (("bounded(16, 1, 1024)", "bounded(8, 1, 1024)"), True),
        (("config.width * 16", "16 * config.width"), True),
        (("# of 17 grey levels", "# of few grey levels"), False),
        (("that is added to", "added to"), False),
        (("above=0.95", "above=0.9"), False),
        (("Int(4, 32, log=True)", "Int(4, 64, log=True)"), False),
    ],
)
def test_trainings_of_an_example_know_its_model_and_no_more(edit, changes, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(FAMILIES, "residual", None)
    monkeypatch.setitem(SOURCES, "digits", None)
    text = (ROOT / "examples/digits.py").read_text()
    assert edit[0] in text
    digests = []
    for number, version in enumerate((text, text.replace(*edit))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "digits_example.py").write_text(version)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder)
            importlib.import_module("digits_example")
        digests.append(code_digest("residual"))
        del sys.modules["digits_example"]
    assert (digests[0] != digests[1]) is changes
