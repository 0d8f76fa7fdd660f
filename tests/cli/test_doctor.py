"""`python -m study doctor` where something is wrong, and where nothing is."""

import os
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
import torch
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


H200 = SimpleNamespace(name="Made H200", total_memory=140e9, major=9, minor=0)
OLD = SimpleNamespace(name="Made T4", total_memory=16e9, major=7, minor=5)


@pytest.fixture
def gpus(monkeypatch):
    """Takes the GPUs that this machine is to have, each with what of its memory is free."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(6)))

    def have(*found):
        facts, free = zip(*found, strict=True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_options: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(facts))
        monkeypatch.setattr(torch.cuda, "get_device_properties", facts.__getitem__)
        monkeypatch.setattr(
            torch.cuda, "mem_get_info", lambda device: (free[device], facts[device].total_memory)
        )

    return have


def gpu_lines():
    lines = list(doctor.check_torch(None))
    return [line for line in lines if line.what.startswith("GPU")]


def test_each_gpu_is_described(gpus, tmp_path, well):
    gpus((H200, 139e9), (H200, 138e9))
    first, second, trials = gpu_lines()
    assert (first.what, first.level, second.level) == ("GPU 0", "ok", "ok")
    for fact in ("Made H200, 140.0 GB, 139.0 GB of it free", "capability 9.0", "bfloat16"):
        assert fact in first.fact
    assert "138.0 GB of it free" in second.fact
    assert "2 trials at a time" in trials.fact
    assert "--gpus-per-trial 0.25 runs 6" in trials.fact  # as many as there are cores
    answer = run(tmp_path)
    assert answer.exit_code == 0 and "GPU 1" in answer.output


def test_packing_is_not_proposed_where_there_are_no_cores_for_it(gpus, monkeypatch):
    gpus((H200, 139e9))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0})
    *_, trials = gpu_lines()
    assert "1 trial at a time" in trials.fact and "--gpus-per-trial" not in trials.fact


def test_a_gpu_that_others_use_and_gpus_that_differ_are_warned_of(gpus):
    gpus((H200, 20e9), (OLD, 15e9))
    busy, old, kinds, _trials = gpu_lines()
    assert busy.level == "warning" and "CUDA_VISIBLE_DEVICES" in busy.fix
    assert old.level == "ok" and old.fact.endswith("no bfloat16")
    assert kinds.level == "warning" and "1 Made H200, 1 Made T4" in kinds.fact
    assert "seeds" in kinds.fix


def test_a_gpu_that_cannot_be_used_is_a_problem(gpus, monkeypatch):
    def refuse(_device):
        raise RuntimeError("CUDA error: all devices are busy\nand more")

    gpus((H200, 139e9))
    monkeypatch.setattr(torch.cuda, "mem_get_info", refuse)
    broken, _trials = gpu_lines()
    assert broken.level == "wrong" and broken.fact.endswith("all devices are busy")


def test_a_driver_without_cuda_in_pytorch_is_warned_of(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor.shutil, "which", lambda _name: "/usr/bin/nvidia-smi")
    (line,) = gpu_lines()
    assert line.level == "warning" and "Install PyTorch for CUDA" in line.fix


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
