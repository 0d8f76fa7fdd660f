"""Whole smoke runs in one process, with their reports."""

import json
from dataclasses import replace
from unittest.mock import Mock

import fsspec
import numpy as np
import optuna
import pandas as pd
import pytest
from click.testing import CliRunner

from hw3.data import load_splits
from hw3.metrics import METRICS, Metric
from hw3.models import FAMILIES
from study import task_a, task_c
from study.cli.command import command
from study.figures.kinds import FIGURES
from study.pool.worker import Worker
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.figures import Figure, standard_figures
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.open import open_folder
from study.store.records import RecordStore

SMOKE = ["--profile", "smoke", "--workers", "inline"]


def run(arguments, study=task_c.STUDY):
    return CliRunner().invoke(command(study), arguments)


def test_no_password_is_written_or_shown(tmp_path, monkeypatch):
    results = f"memory://user:hunter2@{tmp_path.name}"
    arguments = [*SMOKE, "--epochs", "1", "--trials", "1", "--seeds", "1", "--results", results]
    monkeypatch.setattr("sys.argv", ["task_c.py", *arguments])
    answer = run(arguments, replace(task_c.STUDY, figures=()))
    assert answer.exit_code == 0, answer.output
    store, folder = fsspec.core.url_to_fs(results)
    texts = [
        answer.output,
        *(store.cat_file(name).decode("latin-1") for name in store.find(folder)),
    ]
    assert sum("user:***@" in text for text in texts) >= 3  # the terminal, the plan, the report
    assert not any("hunter2" in text for text in texts)


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
    keys = {"claim", "verdict", "effect", "ci_low", "ci_high", "p", "p_holm", "n_seeds", "quote"}
    assert all(keys <= set(verdict) for verdict in verdicts)
    assert {verdict["verdict"] for verdict in verdicts} == {"not judged"}
    table = pd.read_parquet(folder / "table.parquet")
    assert len(pd.read_csv(folder / "table.csv")) == len(table)
    assert "nothing about patients" in (folder / "report.html").read_text()
    before = {path: path.stat().st_mtime_ns for path in (results / "trials").iterdir()}
    took = json.loads((folder / "plan.json").read_text())["seconds"]
    again = run([*SMOKE, "--results", str(results)])
    assert f"All {len(before)} trainings are recorded already; nothing to train." in again.output
    assert json.loads((folder / "plan.json").read_text())["seconds"] == took > 0
    assert (
        run([*SMOKE, "--results", str(results)], replace(task_a.STUDY, figures=())).exit_code == 0
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    shared = pd.read_parquet(results / "task_a" / "table.parquet")
    baseline = shared[(shared["candidate"] == "convmodel") & (shared["stage"] == "confirm")]
    assert set(baseline["key"]) <= {path.stem for path in before}
    (folder / "report.html").unlink()
    assert run(["report", "--results", str(results)]).exit_code == 0
    assert (folder / "report.html").exists()


def test_a_study_of_which_all_is_recorded_starts_no_ray(tmp_path, monkeypatch):
    study = replace(task_c.STUDY, figures=())
    few = ["--epochs", "1", "--trials", "1", "--seeds", "1", "--results", str(tmp_path)]
    assert run([*SMOKE, *few], study).exit_code == 0
    monkeypatch.setattr("study.cluster.ray.connect", Mock(side_effect=AssertionError))
    answer = run(["--profile", "smoke", *few], study)
    assert answer.exit_code == 0, answer.output
    assert "nothing to train" in answer.output


def test_claims_about_metrics_are_judged_from_the_logits_of_images(tmp_path, monkeypatch):
    own = Metric("least logit", lambda logits, labels: logits.min(), unit="")
    monkeypatch.setitem(METRICS, "least", own)
    claims = (
        Claim("balanced", "small", "test_balanced_accuracy", above=0.9),
        Claim("own", "small", "val_least", below=1e9, epoch="best"),
    )
    small = Baseline("small", "Small", "gap")
    bars = Figure("bars", "comparison", "Bars", {"metrics": ("val_least",)})
    study = Study("made", "Made", "?", (small,), claims=claims, figures=(bars,))
    data = "phantom:20,10,15"
    budget = ["--image-size", "16", "--epochs", "1", "--seeds", "8", "--data", data]
    answer = run(["--workers", "inline", *budget, "--results", str(tmp_path)], study)
    assert answer.exit_code == 0, answer.output
    labels = load_splits(data, 16).test.labels
    recalls = [
        [(np.array(record.test[-1]["logits"])[labels == label] > 0).mean() for label in (0, 1)]
        for record in RecordStore(LocalFolder(tmp_path))
    ]
    balanced = [(positive + 1 - false) / 2 for false, positive in recalls]
    verdict, mine = json.loads((tmp_path / "made" / "verdicts.json").read_text())
    least = [min(record.val[-1]["logits"]) for record in RecordStore(LocalFolder(tmp_path))]
    assert (mine["n_seeds"], mine["effect"]) == (8, pytest.approx(np.mean(least)))
    assert "val_least" in (tmp_path / "made" / "figures" / "bars.csv").read_text()
    assert (verdict["n_seeds"], verdict["verdict"], verdict["unit"]) == (8, "refuted", "share")
    assert verdict["effect"] == pytest.approx(np.mean(balanced))
    said = " ".join(answer.output.split())
    assert "Small: test balanced accuracy is above 90.0 %" in said
    assert "Always answering “normal”: test balanced accuracy 50.0 %." in said


def test_a_study_whose_search_optimises_another_metric_says_so_everywhere(tmp_path):
    study = replace(task_c.STUDY, objective="val_average_precision")
    study = replace(study, figures=standard_figures(["lab4"]), claims=(), answer=())
    options = ["--profile", "smoke", "--trials", "3", "--results", str(tmp_path)]
    planned = run(["plan", *options], study).output
    assert "for the best validation average precision" in " ".join(planned.split())
    answer = run(["--workers", "inline", *options], study)
    assert answer.exit_code == 0, answer.output
    assert "validation average precision" in answer.output
    folder = tmp_path / "task_c"
    table = pd.read_parquet(folder / "table.parquet")
    ends = table[table["is_final"] & (table["status"] == "complete")]
    best = ends[ends["stage"] == "explore"].sort_values("val_average_precision").iloc[-1]
    chosen = table[(table["stage"] == "confirm") & (table["candidate"] == "gap")]
    assert set(chosen["config_channels"]) == {best["config_channels"]}
    searches = optuna.load_study(study_name="gap", storage=f"sqlite:///{folder}/optuna.db")
    assert searches.direction == optuna.study.StudyDirection.MAXIMIZE
    report = (folder / "report.md").read_text()
    assert "validation average precision" in report and "could not be drawn" not in report


def test_a_figure_that_cannot_be_drawn_costs_neither_table_nor_verdicts_nor_report(
    tmp_path, monkeypatch
):
    def draw(_frame, _figure):
        raise RuntimeError("no ink")

    monkeypatch.setitem(FIGURES, "bad", replace(FIGURES["comparison"], draw=draw))
    monkeypatch.setattr("study.cli.check.figure_mistakes", lambda *_: [])
    figures = (Figure("one", "bad", "The bad one"), Figure("two", "comparison", "The good one"))
    claims = (Claim("level", "small", "val_accuracy", above=0.9),)
    small = Baseline("small", "Small", "gap")
    study = Study("made", "Made", "?", (small,), claims=claims, figures=figures)
    budget = ["--image-size", "16", "--epochs", "1", "--seeds", "1", "--data", "phantom:8,8,8"]
    answer = run(["--workers", "inline", *budget, "--results", str(tmp_path)], study)
    assert answer.exit_code == 0, answer.output
    folder = tmp_path / "made"
    assert len(pd.read_parquet(folder / "table.parquet")) and (folder / "table.csv").exists()
    assert json.loads((folder / "verdicts.json").read_text())[0]["claim"] == "level"
    assert not list((folder / "figures").glob("one.*")) and (folder / "figures/two.png").exists()
    said = "The figure “The bad one” is not shown: it could not be drawn: RuntimeError: no ink."
    assert said in (folder / "report.md").read_text()
    assert said in (folder / "report.html").read_text()


def failing(monkeypatch, error, families):
    """Lets all trainings of these families raise the error."""

    def fail(self, job):
        if job.ingredients["family"] in families:
            raise error
        return start(self, job)

    start = Worker._start_or_resume
    monkeypatch.setattr(Worker, "_start_or_resume", fail)


def test_a_run_in_which_a_candidate_fails_says_so_and_exits_with_1(tmp_path, monkeypatch):
    small = replace(task_c.STUDY, figures=())
    victim = small.baselines[0]
    arguments = [*SMOKE, "--seeds", "4", "--epochs", "1", "--results", str(tmp_path)]
    with monkeypatch.context() as patched:
        failing(patched, ValueError("no such width"), [victim.family])
        answer = run(arguments, small)
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
    said = " ".join(answer.output.split())
    assert f"{victim.label} was given up for this run: 3 trainings in a row failed" in said
    assert f"{victim.label}: 3 of 4 trainings failed" in said
    assert not any(f"{each.label}: " in answer.stderr for each in small.baselines[1:])
    assert (tmp_path / "task_c" / "report.html").exists()
    assert not (tmp_path / "task_c" / "failure.txt").exists()
    assert run(arguments, small).exit_code == 0  # the same command tries again


@pytest.mark.parametrize("where", ["{path}", "memory://{path.name}"])
def test_a_run_in_which_everything_fails_ends_with_the_error_and_no_verdicts(
    tmp_path, monkeypatch, where
):
    small = replace(task_c.STUDY, figures=())
    folder = open_folder(where.format(path=tmp_path)) / "task_c"
    arguments = [*SMOKE, "--epochs", "1", "--results", where.format(path=tmp_path)]
    with monkeypatch.context() as patched:
        failing(patched, ValueError("the hosts know no s3://key:secret@bucket"), FAMILIES)
        answer = run(arguments, small)
    assert answer.exit_code == 1
    assert answer.output.count("ValueError: the hosts know no s3://key:***@bucket") == 1
    assert "Traceback" not in answer.output
    assert f"{folder}/failure.txt" in answer.stderr and "same command" in answer.stderr
    assert not folder.has("verdicts.json")
    text = folder.read("failure.txt").decode()
    assert text.count("Traceback") == 1 and "in _start" in text
    assert text.endswith("ValueError: the hosts know no s3://key:***@bucket\n")
    assert run(arguments, small).exit_code == 0  # the same command tries again
    assert not folder.has("failure.txt")
    assert folder.has("verdicts.json")


def test_a_report_says_which_trainings_were_taken_away_and_by_which_code_it_is(
    tmp_path, monkeypatch
):
    small = replace(task_c.STUDY, figures=())
    options = ["--epochs", "1", "--trials", "1", "--results", str(tmp_path)]
    assert run([*SMOKE, *options], small).exit_code == 0
    page = tmp_path / "task_c" / "report.md"
    assert "judged and drawn by" not in page.read_text().lower()
    store = RecordStore(LocalFolder(tmp_path))
    store.delete(next(one.key for one in store if one.provenance.get("candidate") == "lab4"))
    monkeypatch.setattr("study.cli.run.provenance", lambda: {"commit": "c0ffee", "dirty": True})
    answer = run(["report", "--results", str(tmp_path)], small)
    said = "ConvGAP, lab 4: 1 of 2 trainings are not recorded"
    assert answer.exit_code == 1 and said in answer.stderr
    assert f"Not complete: {said}." in page.read_text()
    assert "Judged and drawn by: commit c0ffee, with uncommitted changes" in page.read_text()
