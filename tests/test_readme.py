"""What README says exists, and its two commands are lines to paste."""

import re
import runpy
import tomllib
from pathlib import Path

from study.cli.check import check_study
from study.spec.budget import PROFILES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_named_file_exists():
    named = set(re.findall(r"`((?:hw3|study|notebooks|benchmarks|docs|tests)/[\w./]*)`", README))
    named |= set(re.findall(r"\]\(([^)#:]+)\)", README))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in missing if name != "study/task_d.py"] == []


def test_the_two_commands_are_one_line_each():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["study.task_c", "pytest"]


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = [*project["dependencies"], *extras["test"], *extras["dev"]]
    reasons = README.split("## Dependencies")[1]
    for requirement in listed:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert name == project["name"] or re.search(rf"\b{name}\b", reasons), name


def test_the_example_of_a_task_has_no_mistakes(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (example,) = [block for block in blocks if "STUDY = Study(" in block]
    file = tmp_path / "task_d.py"
    file.write_text(example)
    study = runpy.run_path(str(file))["STUDY"]
    check_study(study, PROFILES["quick"])
    assert len(example.splitlines()) < 25
