"""`python -m study doctor` where something is wrong, and where nothing is."""

import os
import sys
from importlib.metadata import PackageNotFoundError

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.cli import doctor
from tests.made_data import make_folders


@pytest.fixture
def well(monkeypatch):
    """A machine that others leave alone, whatever this one does."""
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    monkeypatch.setattr(doctor, "_available", lambda: 8e9)
    monkeypatch.setattr(doctor, "LITTLE_DISK", 0)
    monkeypatch.setattr(doctor, "LITTLE_SHARED", 0)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def run(tmp_path, *arguments):
    words = ["doctor", "--results", str(tmp_path / "results"), *arguments]
    return CliRunner().invoke(main, words)


def words(answer):
    return " ".join(answer.output.split())


def test_where_nothing_is_wrong_each_thing_is_named_and_nothing_is_written(tmp_path, well):
    answer = run(tmp_path)
    assert answer.exit_code == 0, answer.output
    for what in ("Python", "PyTorch", "GPUs", "bfloat16", "CPU cores", "memory", "Ray", "results"):
        assert f" {what} " in answer.output
    assert "problem" not in answer.output.replace("0 problems", "")
    assert list(tmp_path.iterdir()) == []


PROBLEMS = {
    "results": lambda path, _: (path / "results").write_text("a file"),
    "Python": lambda _, patch: patch.setattr(sys, "version_info", (3, 9)),
    "PyTorch": lambda _, patch: patch.setitem(sys.modules, "torch", None),
    "Ray": lambda _, patch: patch.setattr("os.getcwd", lambda: "/data/\udcff"),
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_a_problem_is_one_line_with_its_fix_and_exit_code_1(what, tmp_path, well, monkeypatch):
    PROBLEMS[what](tmp_path, monkeypatch)
    answer = run(tmp_path)
    assert answer.exit_code == 1, answer.output
    assert answer.output.count("✗ problem") == 1
    assert f"✗ problem {what} " in words(answer)


def test_a_package_that_is_missing_or_too_old_is_named(tmp_path, well, monkeypatch):
    def version(name):
        if name == "scipy":
            raise PackageNotFoundError(name)
        return "0.1" if name == "pandas" else "99"

    monkeypatch.setattr(doctor, "requires", lambda _: ["scipy>=1", "pandas>=2", "x>=1; extra=='y'"])
    monkeypatch.setattr(doctor, "version", version)
    said = words(run(tmp_path))
    assert "scipy is not installed; pandas is 0.1, needed is >=2. pip install" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("_available", lambda: 1e8), ("LITTLE_DISK", 1e18), ("checkout", lambda: {"commit": None})],
)
def test_a_warning_leaves_the_exit_code_at_0(name, value, tmp_path, well, monkeypatch):
    monkeypatch.setattr(doctor, name, value)
    answer = run(tmp_path)
    assert answer.exit_code == 0 and "! warning" in answer.output


def test_a_busy_machine_and_a_ray_elsewhere_are_warned_of(tmp_path, well, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1e4, 0.1, 0.1))
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    said = words(run(tmp_path))
    assert "! warning CPU cores" in said and "unset RAY_ADDRESS" in said


def test_data_is_tried_as_a_run_would_read_it(tmp_path, well):
    location = make_folders(tmp_path)
    answer = run(tmp_path, "--data", location, "--image-size", "16")
    assert answer.exit_code == 0 and "train 16, val 8, test 8 images of 16x16" in words(answer)
    (tmp_path / "train" / "cat" / "0.png").write_text("\x1b[2J")
    answer = run(tmp_path, "--data", location, "--image-size", "16")
    assert answer.exit_code == 1 and "\x1b" not in answer.output
    assert "cat/0.png" in "".join(answer.output.split())


def test_results_that_are_no_place_are_one_error(tmp_path):
    answer = CliRunner().invoke(main, ["doctor", "--results", "nothing://here"])
    assert answer.exit_code == 1 and answer.stderr.count("\n") == 1


@pytest.mark.ray
def test_ray_is_started_where_that_is_asked_for(tmp_path, well):
    assert "starts in" in words(run(tmp_path, "--start-ray"))
