"""`python -m study`: tasks are found by their files, and a broken one is a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

import study
from study.__main__ import TASKS, find_study
from study.spec.errors import StudyError

ROOT = Path(__file__).parents[1]
BROKEN = {  # content of a module: what must be said
    "": "defines no study",
    "STUDY = 3": "defines no study",
    "import nothing_of_that_name": "ModuleNotFoundError.*nothing_of_that_name",
    "from study.spec.claim import Claim; Claim('a', 'b', 'val_loss', abov=1)": "TypeError.*abov",
    "from study.task_c import STUDY": "named 'task_c'",
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of `study` with some content; its name."""
    monkeypatch.setattr(study, "__path__", [*study.__path__, str(tmp_path)])

    def make(content):
        name = f"task_{tmp_path.name}"
        (tmp_path / f"{name}.py").write_text(content)
        return name

    yield make
    for name in [name for name in sys.modules if name.startswith(f"study.task_{tmp_path.name}")]:
        del sys.modules[name]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_task_is_one_sentence(module, content):
    with pytest.raises(StudyError, match=BROKEN[content]):
        find_study(module(content))


@pytest.mark.parametrize("name", ["task_z", "task-c", "../task_c", "", "task_c.STUDY"])
def test_a_task_that_is_not_there_is_told_with_those_that_are(name):
    with pytest.raises(StudyError, match=", ".join(TASKS)):
        find_study(name)


def test_every_task_is_listed_with_its_question():
    listed = subprocess.run(
        [sys.executable, "-m", "study"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    words = " ".join(listed.stdout.split())
    assert all(f"{name} {find_study(name).question}" in words for name in TASKS)
