"""The command line: help, plan, bad input, and a whole smoke run with its report."""

import json
import re
import subprocess
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import ray
from click.testing import CliRunner

from study import task_a, task_c
from study.__main__ import TASKS as NAMES
from study.cli.command import command
from study.figures import check_figures
from study.search.plan import about, check_study
from study.search.samplers import SAMPLERS
from study.spec.budget import PROFILES
from study.spec.errors import StudyError
from study.spec.study import Measure

TASKS = {name: import_module(f"study.{name}").STUDY for name in NAMES}
SMOKE = ["--profile", "smoke"]


def run(arguments, study=task_c.STUDY):
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
        (["--sampler", "tpee"], ["tpee", "random, qmc, gp", "Did you mean tpe"]),
        (["--trials", "0"], ["0", ">=1"]),
        (["--seeds", "many"], ["many"]),
        (["--profile", "slow"], ["slow", "quick", "paper", "smoke"]),
        (["--seed", "-1"], ["-1"]),
        (["--gpus-per-trial", "-1"], ["-1"]),
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


def test_results_that_cannot_be_written_are_one_error_before_anything_starts(small_disk, s3_bucket):
    disk = small_disk(64)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for place in (str(disk / "results"), "s3://nowhere/results"):
        answer = run([*SMOKE, "--results", place])
        assert answer.exit_code == 1
        assert "cannot be written" in answer.stderr and "--results" in answer.stderr
        assert "Traceback" not in answer.output
    assert not ray.is_initialized()
    answer = run([*SMOKE, "--results", "nothing://x"])
    assert answer.exit_code == 2
    assert "pyarrow or fsspec" in answer.stderr


@pytest.mark.parametrize("action", ["run", "report"])
def test_a_store_that_does_not_answer_is_one_error_at_once(action, monkeypatch):
    def unreachable(uri):
        raise OSError("no answer")  # as pyarrow does, which asks for the bucket's region first

    monkeypatch.setattr("study.store.folder._filesystem_of", unreachable)
    answer = run([action, *SMOKE, "--results", "s3://bucket/results"])
    assert answer.exit_code == 1
    assert re.search("s3://bucket/results.* cannot be written to: no answer", answer.stderr)
    assert "Traceback" not in answer.output


def test_report_without_a_run_says_how_to_make_one(tmp_path):
    answer = run(["report", "--results", str(tmp_path / "none")])
    assert answer.exit_code == 1
    assert "python -m study.task_c --results" in answer.stderr


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
def test_plan_says_cost_and_starts_nothing(study, tmp_path):
    answer = run(["plan", "--results", str(tmp_path / "results")], study)
    assert answer.exit_code == 0, answer.output
    text = " ".join(answer.output.split())
    assert f"{PROFILES['quick'].seeds} seeds each" in text
    assert f"{len(study.claims)}, judged at 5 %" in text
    assert not (tmp_path / "results").exists()
    assert not ray.is_initialized()


PLAN = ["plan", "--gpus-per-trial", "0"]


def test_plan_estimates_twice_the_time_for_one_trial_at_a_time(monkeypatch):
    monkeypatch.setattr("study.search.plan._matrix_product_rate", lambda _precision: 500e9)
    lines = [run([*PLAN, "--max-concurrent", count]).output for count in ("1", "2")]
    one, two = (int(re.search(r"about (\d+) s,", line)[1]) for line in lines)
    assert one == pytest.approx(2 * two, abs=1)


@pytest.mark.parametrize(
    ("seconds", "words"), [(76.4, "about 76 s"), (90, "about 2 min"), (9e4, "about 25 h")]
)
def test_a_rough_time_has_the_unit_that_people_would_take(seconds, words):
    assert about(seconds) == words


def test_plan_says_when_seeds_are_too_few():
    assert "they need 9" in run(["plan", "--seeds", "5"]).output


def test_plan_tells_one_sided_claims_apart():
    first, *others = task_c.STUDY.claims
    study = replace(task_c.STUDY, claims=(replace(first, one_sided=True), *others))
    text = " ".join(run(["plan", "--seeds", "8"], study).output.split())
    assert "1 one-sided, judged at 5 % after Holm; 8 seeds are needed" in text
    assert f"{len(others)}, not judged: 8 seeds are too few, they need 9" in text


def test_help_names_every_option_and_sampler():
    text = run(["--help"]).output
    assert all(name in text for name in SAMPLERS)
    for name in (
        "data",
        "profile",
        "trials",
        "epochs",
        "seeds",
        "image-size",
        "sampler",
        "results",
        "address",
        "gpus-per-trial",
        "cpus-per-trial",
        "max-concurrent",
        "precision",
        "seed",
        "epoch-timeout",
    ):
        assert f"--{name}" in text


@pytest.mark.ray
def test_more_gpus_than_ray_has_is_one_error(tmp_path):
    answer = run([*SMOKE, "--gpus-per-trial", "64", "--results", str(tmp_path / "results")])
    assert answer.exit_code == 1
    assert "64" in answer.stderr and "--gpus-per-trial" in answer.stderr
    assert not (tmp_path / "results").exists()
    assert not ray.is_initialized()


@pytest.mark.ray
def test_smoke_run_writes_everything_and_a_second_task_shares_its_baselines(tmp_path):
    results = tmp_path / "results"
    first = run([*SMOKE, "--results", str(results)])
    assert first.exit_code == 0, first.output
    folder = results / "task_c"
    figures = {path.stem for path in (folder / "figures").glob("*.png")}
    # The importance of hyper-parameters needs more trials than a smoke run has.
    assert figures == {figure.name for figure in task_c.STUDY.figures} - {"importance"}
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == figures
    verdicts = json.loads((folder / "verdicts.json").read_text())
    keys = {"claim", "verdict", "effect", "ci_low", "ci_high", "p", "p_holm", "n_seeds", "margin"}
    assert all(keys | {"homework"} <= set(verdict) for verdict in verdicts)
    assert {verdict["verdict"] for verdict in verdicts} == {"not judged"}
    table = pd.read_parquet(folder / "table.parquet")
    assert len(pd.read_csv(folder / "table.csv")) == len(table)
    assert "nothing about patients" in (folder / "report.html").read_text()
    before = {path: path.stat().st_mtime_ns for path in (results / "trials").iterdir()}
    assert run([*SMOKE, "--results", str(results)], task_a.STUDY).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    shared = pd.read_parquet(results / "task_a" / "table.parquet")
    baseline = shared[(shared["candidate"] == "convmodel") & (shared["stage"] == "confirm")]
    assert set(baseline["key"]) <= {path.stem for path in before}
    (folder / "report.html").unlink()
    assert run(["report", "--results", str(results)]).exit_code == 0
    assert (folder / "report.html").exists()


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
def test_task_names_only_what_there_is(study):
    check_study(study)
    check_figures(study)


def test_a_studys_mistakes_are_found_before_anything_is_spent():
    study = task_c.STUDY
    search = study.searches[0]
    claim = replace(study.claims[0], left=Measure("lab4", "colour"))
    for wrong, fact in (
        (replace(study, claims=(claim,)), "colour"),
        (replace(study, searches=(replace(search, fixed={"depth": 3}),)), "depth"),
    ):
        with pytest.raises(StudyError, match=fact):
            check_study(wrong)


def test_a_run_refuses_an_unknown_figure_before_it_trains(tmp_path):
    study = task_c.STUDY
    wrong = replace(study, figures=(replace(study.figures[0], kind="pie"),))
    answer = run([*SMOKE, "--results", str(tmp_path)], wrong)
    assert answer.exit_code == 1
    assert "pie" in answer.output
    assert not list(tmp_path.iterdir())
