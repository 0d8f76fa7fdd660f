"""The command line: help, and bad input as one error each."""

import os
import platform
import re
import subprocess
from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import ray
from click.testing import CliRunner

from study import task_c
from study.__main__ import main
from study.cli.command import command
from study.cli.options import Options
from study.search.plan import save_plan
from study.search.samplers import SAMPLERS
from study.store.folder import LocalFolder
from study.store.lock import hold_lock
from tests.made import plan_of

SMOKE = ["--profile", "smoke"]
STUDY = replace(task_c.STUDY, figures=())  # a check draws them, for seconds


def run(arguments, study=STUDY):
    return CliRunner().invoke(command(study), arguments)


def save_class(folder, name, array, **options):
    folder.mkdir(exist_ok=True)
    np.save(folder / f"{name}.npy", array, **options)


def images(count=20, size=16, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (count, size, size)).astype(np.uint8)


def course(folder, **changed):
    """A course folder with one file changed."""
    for seed, name in enumerate(("normal", "pneumonia")):
        save_class(folder, name, images(seed=seed))
    for name, array in changed.items():
        save_class(folder, name, array, allow_pickle=True)
    return folder


def missing(folder):
    return folder / "nowhere"


def truncated(folder):
    path = course(folder) / "normal.npy"
    path.write_bytes(path.read_bytes()[:-100])
    return folder


BAD_DATA = {  # what is wrong: (how to make it, what the message must name)
    "missing folder": (missing, "nowhere"),
    "truncated npy": (truncated, "normal.npy"),
    "float npy": (lambda f: course(f, normal=images().astype(float)), "uint8"),
    "wrong shape": (lambda f: course(f, normal=images()[:, None]), "normal.npy"),
    "pickled array": (lambda f: course(f, normal=np.array([{}], dtype=object)), "normal.npy"),
    "one class empty": (lambda f: course(f, pneumonia=images(0)), "pneumonia"),
}


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data_is_one_error_and_leaves_nothing_behind(kind, tmp_path):
    make, fact = BAD_DATA[kind]
    data, results = make(tmp_path / "data"), tmp_path / "results"
    answer = run([*SMOKE, "--data", str(data), "--results", str(results)])
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: ")
    assert fact in answer.stderr
    assert "Traceback" not in answer.output
    assert not results.exists()
    assert not ray.is_initialized()


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (["--image-size", "30"], ["30", "multiple of 8", "32"]),
        (["--image-size", "0"], ["0"]),
        (["--trails", "3"], ["--trails", "--trials"]),
        (["--sampler", "tpee"], ["tpee", "gp, random, qmc", "Did you mean tpe"]),
        (["--trials", "0"], ["0", "1<=x"]),
        (["--seeds", "many"], ["many"]),
        (["--profile", "slow"], ["slow", "quick", "paper", "smoke"]),
        (["--seed", "-1"], ["-1"]),
        (["--gpus-per-trial", "-1"], ["-1"]),
        (["--gpus-per-trial", "nan"], ["nan is not a finite number"]),
        (["--cpus-per-trial", "inf"], ["inf is not a finite number"]),
        (["--epoch-timeout", "nan"], ["nan is not a finite number"]),
        (["--epoch-timeout", "inf"], ["inf is not a finite number"]),
        (["runn"], ["runn", "plan", "report"]),
    ],
)
def test_bad_options_are_one_error_with_the_choices(arguments, facts, tmp_path):
    answer = run([*SMOKE, "--results", str(tmp_path / "results"), *arguments])
    assert answer.exit_code in (1, 2)
    for fact in facts:
        assert fact in answer.stderr
    assert "Traceback" not in answer.output
    assert not (tmp_path / "results").exists()


def test_results_may_not_be_a_file(tmp_path):
    (tmp_path / "results").write_text("")
    answer = run([*SMOKE, "--results", str(tmp_path / "results")])
    assert answer.exit_code == 1
    assert "is a file" in answer.stderr and "--results" in answer.stderr


def test_results_that_only_seem_writable_are_one_error():
    """To root every folder of Linux's /proc does, and no file can be made in it."""
    if not Path("/proc/self").exists():
        pytest.skip("no /proc here")
    answer = run([*SMOKE, "--results", "/proc/x"])
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: results cannot be written to /proc/x/task_c: ")
    assert "Choose another --results" in answer.stderr


def test_results_that_cannot_be_written_are_one_error_before_anything_starts(small_disk, s3_bucket):
    disk = small_disk(64)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for place in (str(disk / "results"), "s3://nowhere/results"):
        answer = run([*SMOKE, "--results", place])
        assert answer.exit_code == 1
        assert place.removesuffix("/results") in answer.stderr and "--results" in answer.stderr
        assert "Traceback" not in answer.output
    assert not ray.is_initialized()
    answer = run([*SMOKE, "--results", "nothing://x"])
    assert answer.exit_code == 2
    assert "pyarrow or fsspec" in answer.stderr


@pytest.mark.parametrize("action", ["run", "report"])
def test_a_store_that_does_not_answer_is_one_error_at_once(action, monkeypatch):
    def unreachable(uri):
        raise OSError("no answer")  # as pyarrow does, which asks for the bucket's region first

    monkeypatch.setattr("study.store.remote._filesystem_of", unreachable)
    answer = run([action, "--results", "s3://bucket/results"])
    assert answer.exit_code == 1
    assert re.search("s3://bucket/results.*: no answer", answer.stderr)
    assert "Traceback" not in answer.output


def test_report_without_a_run_says_how_to_make_one(tmp_path):
    answer = run(["report", "--results", str(tmp_path / "none")])
    assert answer.exit_code == 1
    assert "python -m study.task_c --results" in answer.stderr


def test_report_refuses_options_that_decide_what_is_trained(tmp_path):
    deciding = Options().deciding()
    del deciding["results"]
    for name, default in deciding.items():
        option, value = f"--{name.replace('_', '-')}", "1" if default == "None" else default
        given = [option] if default == "False" else [option, value]
        answer = run(["report", *given, "--results", str(tmp_path)])
        assert answer.exit_code == 2
        assert f"does not take {option}." in answer.stderr
    assert run(["report", "-v", "--results", str(tmp_path)]).exit_code == 1  # no run is there


def test_every_command_tells_its_version():
    for answer in (run(["--version"]), CliRunner().invoke(main, ["--version"])):
        assert answer.output == f"hw3-study, version {version('hw3-study')}\n"


def test_help_names_every_option_and_sampler():
    text = run(["--help"]).output
    assert all(name in text for name in SAMPLERS)
    for item in fields(Options):
        assert not item.metadata or f"--{item.name.replace('_', '-')}" in text


def test_the_command_line_and_python_have_the_same_defaults():
    given = command(task_c.STUDY).make_context("study.task_c", []).params
    for item in fields(Options):
        if item.name in ("command", "script"):  # of the program, not of its user
            continue
        assert str(given[item.name]) == str(getattr(Options(), item.name))


@pytest.mark.parametrize("arguments", [["--address", "auto"], ["--max-concurrent", "2"]])
def test_one_process_takes_no_cluster(arguments, tmp_path):
    answer = run([*SMOKE, "--workers", "inline", "--results", str(tmp_path / "r"), *arguments])
    assert answer.exit_code == 1
    assert "--workers ray" in answer.stderr and arguments[0] in answer.stderr
    assert not (tmp_path / "r").exists()


def test_one_process_on_a_machine_without_a_gpu_takes_none(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    where = ["--workers", "inline", "--results", str(tmp_path / "r")]
    answer = run([*SMOKE, *where, "--gpus-per-trial", "1"])
    assert answer.exit_code == 1
    assert "this machine has no GPU" in answer.stderr
    assert not (tmp_path / "r").exists()


def test_more_gpus_than_there_are_is_one_error_before_ray_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr("study.cluster.ray.connect", Mock(side_effect=AssertionError))
    for gpus, said in ((1, "64, the largest host has 1"), (0, "this machine has no GPU")):
        monkeypatch.setattr("torch.cuda.device_count", lambda gpus=gpus: gpus)
        answer = run([*SMOKE, "--gpus-per-trial", "64", "--results", str(tmp_path / "results")])
        assert answer.exit_code == 1
        assert said in answer.stderr and "--gpus-per-trial" in answer.stderr
        assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("action", ["run", "report"])
def test_a_second_driver_is_turned_away(action, tmp_path):
    save_plan(plan_of(STUDY), LocalFolder(tmp_path / "task_c"))
    with hold_lock(LocalFolder(tmp_path / "task_c")):
        options = [*SMOKE, "--workers", "inline"] if action == "run" else []
        answer = run([action, *options, "--results", str(tmp_path)])
    assert answer.exit_code == 1
    assert f"process {os.getpid()} on {platform.node()} since 2" in answer.stderr
    assert "Traceback" not in answer.output
    assert not (tmp_path / "trials").exists()


@pytest.mark.parametrize("action", ["plan", "run", "report"])
def test_control_characters_in_names_reach_no_terminal(tmp_path, action):
    folder = tmp_path / "\x1b[2Jgone\udcff"
    save_class(folder, "normal", images())
    trained = [*SMOKE, "--data", os.fspath(folder), "--workers", "inline"]
    options = [] if action == "report" else trained  # which refuses what only a run decides
    answer = run([action, *options, "--results", str(tmp_path / "\x1b[1m")])
    assert answer.exit_code == 1
    assert "\x1b" not in answer.output
    assert "\\x1b[" in answer.output


def test_images_that_no_memory_holds_are_one_error(tmp_path):
    options = ["--image-size", "16384", "--data", "phantom:99999,1,1"]
    answer = run(["plan", *options, "--results", str(tmp_path)])
    assert answer.exit_code == 1
    assert answer.output.startswith("error: phantom") and "GB of memory" in answer.output
