"""README is short, its two commands are lines to paste, and its study has no mistakes."""

import runpy
import tomllib
from pathlib import Path

from study.cli.check import check_study
from study.spec.budget import PROFILES
from tests.doc_pages import blocks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(README.splitlines()) < 150


def test_the_two_commands_are_one_line_each():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["study.task_c", "pytest"]


def test_the_example_of_a_study_has_no_mistakes(tmp_path):
    (example,) = [block.code for block in blocks(README) if block.language == "python"]
    file = tmp_path / "width.py"
    file.write_text(example)
    study = runpy.run_path(str(file))["STUDY"]
    check_study(study, PROFILES["quick"])
    assert len(example.splitlines()) < 25


def test_every_extra_that_it_names_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        line.partition(".[")[2].partition("]")[0] for line in README.splitlines() if ".[" in line
    }
    assert named <= set(extras["optional-dependencies"])
