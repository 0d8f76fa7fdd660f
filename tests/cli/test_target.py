"""What `python -m study run TARGET` takes; a study of somebody's own, from file to report."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.cli.target import find_study
from study.cli.tasks import TASKS
from study.spec.errors import StudyError
from study.task_c import STUDY

ROOT = Path(__file__).parents[2]
CONTENT = (
    "import dataclasses, study.task_c\n{} = dataclasses.replace(study.task_c.STUDY, name='own')\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory; modules that are imported from it are forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def test_a_target_is_a_task_a_file_or_a_module(folder):
    (folder / "own_study.py").write_text(CONTENT.format("STUDY"))
    (folder / "own_package").mkdir()
    (folder / "own_package/__init__.py").touch()
    (folder / "own_package/studies.py").write_text(CONTENT.format("MINE"))
    assert find_study("task_c") == STUDY
    for target in ("own_study.py", "./own_study.py", "own_study", "own_package.studies:MINE"):
        assert find_study(target).name == "own"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nothing.py", "nothing.py is not there.*study new nothing.py"),
        ("no-name.py", "no-name.py cannot be imported: a module's name.*Rename it"),
        ("json.py", "json.py has the name of another module.*Rename it"),
        ("empty.py", r"empty.py defines no study: it needs STUDY = Study\("),
        ("empty.py:MINE", r"it needs MINE = Study\("),
        ("broken.py", "broken cannot be imported: ZeroDivisionError.*python -c 'import broken'"),
        ("task_x", f"one of {', '.join(TASKS)}; got 'task_x'"),
        ("no.module.of.that.name", "One of your own is a file"),
    ],
)
def test_a_target_that_is_none_is_one_sentence(folder, target, said):
    for name, content in (("no-name", ""), ("json", ""), ("empty", ""), ("broken", "1 / 0")):
        (folder / f"{name}.py").write_text(content)
    with pytest.raises(StudyError, match=said):
        find_study(target)


def test_help_names_the_targets_and_then_the_options():
    for action in ("run", "plan", "report"):
        for arguments in ([], ["--help"]):
            answer = CliRunner().invoke(main, [action, *arguments])
            assert "TARGET is task_a" in answer.output
            assert answer.exit_code == (0 if arguments else 2)
    assert "--profile" in CliRunner().invoke(main, ["run", "task_c", "--help"]).output


@pytest.mark.parametrize("name", ["my-study.py", "my_study", "1.py"])
def test_a_new_study_needs_the_name_of_a_module(folder, name):
    answer = CliRunner().invoke(main, ["new", name])
    assert (answer.exit_code, list(folder.iterdir())) == (1, [])
    assert "is a Python module" in answer.output


def test_a_file_that_is_there_is_not_replaced(folder):
    (folder / "mine.py").write_text("# mine")
    answer = CliRunner().invoke(main, ["new", "mine.py"])
    assert answer.exit_code == 1 and "is there already" in answer.output
    assert (folder / "mine.py").read_text() == "# mine"


def test_a_new_study_runs_as_it_is(folder):
    def study(*words):
        command = [sys.executable, "-W", "error", "-m", "study", *words]
        answer = subprocess.run(
            command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    assert "python -m study run tiny.py" in study("new", "tiny.py")
    study("run", "tiny.py", "--profile", "smoke", "--workers", "inline")
    table = (folder / "results/tiny/report.html").read_text()
    assert "one layer" in table and "two layers" in table
