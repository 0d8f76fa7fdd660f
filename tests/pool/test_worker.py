"""A worker in process, and the Tune trainable around it: no Ray is started."""

import dataclasses
import math
import platform
from dataclasses import asdict, replace

import numpy as np
import pytest
import ray
import torch

from hw3 import engines
from hw3.engine import recipe_for, start_training, train_epochs
from hw3.engines import ENGINE
from hw3.models import make_architecture
from hw3.numerics import Numerics
from hw3.resampling import resample_splits
from study.pool.report import TrialReport
from study.pool.trainable import StudyTrial
from study.pool.tune_messages import config_of, jobs_from, reports_from, result_of
from study.pool.worker import Worker
from study.search.code import resampling_digest
from study.search.trial import Job, Setting, job_from
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from tests.made import square_splits


@pytest.fixture(scope="module")
def data():
    return square_splits()


@pytest.fixture(scope="module")
def setting(data):
    return Setting(data.fingerprint, data.image_size, recipe_for(3))


def job(setting, stage="explore", seed=1, **config):
    return Job(stage, "p", setting.ingredients("conv", {"channels": 4, **config}, seed))


def worker_of(job, data, open_test=lambda: None, checkpoints=None):
    worker = Worker(data.without_test(), open_test, checkpoints=checkpoints)
    worker.begin(job)
    return worker


def run(worker):
    reports = []
    while not worker.is_over:
        reports += worker.train_epoch().values()
    return reports


def timeless(report):
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in report.rows]
    return rows, report.val, report.test, report.status


def test_a_worker_reports_the_engines_rows_and_needs_no_cluster(data, setting):
    reports = run(worker_of(job(setting), data))
    architecture = make_architecture("conv", {"channels": 4}, 16)
    training = start_training(architecture, recipe_for(3), 1, Numerics())
    losses = [row.val_loss for row in train_epochs(training, data)]
    assert [row["val_loss"] for row in reports[-1].rows] == losses
    assert [len(report.rows) for report in reports] == [1, 2, 3]
    assert [report.status for report in reports] == ["running", "running", "complete"]
    assert not ray.is_initialized()


def test_the_device_is_the_trainings_own(data, setting, monkeypatch):
    """An engine may train on another device than was asked for; no other is asked for its name."""
    asked = replace(setting, numerics=Numerics("cuda"))

    def start(architecture, recipe, seed, numerics):
        return start_training(architecture, recipe, seed, replace(numerics, device="cpu"))

    monkeypatch.setattr(engines, "ENGINE", replace(ENGINE, start=start))
    (report,) = worker_of(job(asked), data).train_epoch().values()
    assert report.device == f"{platform.machine()} CPU"


def test_a_used_worker_gives_what_a_fresh_one_gives(data, setting):
    """All state of the last trial is gone, dropout and its generators included."""
    first, second = job(setting, dropout_hidden=0.5), job(setting, seed=2, hidden=8)
    used = worker_of(first, data)
    run(used)
    used.begin(second)
    assert timeless(run(used)[-1]) == timeless(run(worker_of(second, data))[-1])


def test_the_trainable_passes_jobs_and_reports_on(data, setting):
    trial = StudyTrial.__new__(StudyTrial)
    # Trainable.__init__ makes log files; set-up alone is what a test in process needs.
    config = config_of([job(setting)])
    trial.setup(config, data=data.without_test())
    results = [trial.step() for _ in range(3)]
    assert trial.reset_config(config)
    results += [trial.step() for _ in range(3)]
    assert [result["done"] for result in results] == [False, False, True] * 2
    expected = timeless(run(worker_of(job(setting), data))[-1])
    (last,), (again,) = (reports_from(results[place]).values() for place in (2, 5))
    assert timeless(last) == timeless(again) == expected


@pytest.mark.parametrize("epochs_done", [0, 1, 2])
def test_a_killed_trial_does_at_most_one_epoch_again_bit_for_bit(
    data, setting, tmp_path, epochs_done, monkeypatch
):
    monkeypatch.setattr("study.store.checkpoints.COST_SHARE", math.inf)  # a checkpoint every epoch
    told = job(setting, "confirm", dropout_conv=0.4, dropout_hidden=0.4)

    def start():
        return worker_of(told, data, lambda: data.test, LocalFolder(tmp_path))

    whole = run(worker_of(told, data, lambda: data.test))[-1]
    killed = start()
    for _ in range(epochs_done):
        killed.train_epoch()
    del killed
    under_way = list(CheckpointStore(LocalFolder(tmp_path)).jobs(job_from))
    assert under_way == [told] * bool(epochs_done)
    resumed = run(start())
    assert len(resumed) == 3 - max(0, epochs_done - 1)
    assert timeless(resumed[-1]) == timeless(whole)


def test_only_a_confirmed_trial_opens_the_test_set_and_once_at_its_end(data, setting):
    opened = []

    def open_test():
        opened.append(True)
        return data.test

    explored = run(worker_of(job(setting), data, open_test))
    assert not opened
    assert explored[-1].test == explored[-1].val == []
    confirmed = run(worker_of(job(setting, stage="confirm"), data, open_test))
    assert len(opened) == 1
    assert [bool(report.test) for report in confirmed] == [False, False, True]
    assert timeless(explored[-1])[0] == timeless(confirmed[-1])[0]


def test_a_worker_is_never_given_the_test_part_itself(data):
    with pytest.raises(AssertionError):
        Worker(data)


def test_source_without_a_test_part_confirms_without_its_scores(data, setting):
    assert run(worker_of(job(setting, stage="confirm"), data))[-1].test == []


def test_a_confirmed_trial_scores_each_validation_image_as_its_epochs_did(data, setting):
    reports = run(worker_of(job(setting, stage="confirm"), data))
    assert [bool(report.val) for report in reports] == [False, False, True]
    rows = {row["epoch"]: row for row in reports[-1].rows}
    best = min(rows, key=lambda epoch: rows[epoch]["val_loss"])
    assert {score["epoch"] for score in reports[-1].val} == {3, best}
    for score in reports[-1].val:
        row = rows[score["epoch"]]
        assert [score[name] for name in ("loss", "accuracy", "auroc")] == [
            row[f"val_{name}"] for name in ("loss", "accuracy", "auroc")
        ]
        assert len(score["correct"]) == len(score["logits"]) == len(data.val)


def test_diverged_trial_ends_at_that_epoch_with_a_row_that_json_can_hold(data, setting):
    worker = worker_of(job(setting), data)
    worker.train_epoch()
    with torch.no_grad():
        next(worker._trials[0].model.parameters()).fill_(math.nan)
    (report,) = worker.train_epoch().values()
    assert (report.status, report.is_last) == ("diverged", True)
    assert report.rows[-1]["val_loss"] is None
    assert report.test == report.val == []


def resampled_job(setting, family, code=None):
    drawn = dataclasses.replace(setting, resampling=code or resampling_digest())
    config = {"channels": 4}
    return Job("confirm", "p", drawn.confirm_ingredients(family, config, seed=1))


def test_a_resampled_trial_trains_on_the_split_of_its_seed(data, setting):
    rows = run(worker_of(resampled_job(setting, "conv"), data))[-1].rows
    expected = run(worker_of(job(setting), resample_splits(data, 1)))[-1].rows
    losses = [[row["val_loss"] for row in found] for found in (rows, expected)]
    assert losses[0] == losses[1]
    assert losses[0] != [row["val_loss"] for row in run(worker_of(job(setting), data))[-1].rows]


def test_a_resampled_trial_is_scored_on_the_validation_images_of_its_seed(data, setting):
    found = run(worker_of(resampled_job(setting, "conv"), data))[-1]
    expected = run(worker_of(job(setting, "confirm"), resample_splits(data, 1)))[-1]
    assert found.val == expected.val
    assert found.val[0]["accuracy"] == found.rows[-1]["val_accuracy"]


@pytest.mark.parametrize("epochs_done", [1, 2])
def test_a_killed_resampled_trial_resumes_on_its_own_split(
    data, setting, tmp_path, epochs_done, monkeypatch
):
    monkeypatch.setattr("study.store.checkpoints.COST_SHARE", math.inf)
    told = resampled_job(setting, "conv")
    killed = worker_of(told, data, checkpoints=LocalFolder(tmp_path))
    for _ in range(epochs_done):
        killed.train_epoch()
    resumed = run(worker_of(told, data, checkpoints=LocalFolder(tmp_path)))
    assert timeless(resumed[-1]) == timeless(run(worker_of(told, data))[-1])


def test_all_candidates_of_a_seed_train_on_one_split(data, setting, monkeypatch):
    seen = []

    def note(training, splits):
        seen.append(splits)
        return train_epochs(training, splits)

    monkeypatch.setattr(engines, "ENGINE", replace(ENGINE, train=note))
    for family in ("conv", "gap"):
        worker_of(resampled_job(setting, family), data).train_epoch()
    one, two = seen
    assert np.array_equal(one.val.images, two.val.images)
    assert not np.array_equal(one.val.images, data.val.images)


def test_a_worker_that_would_draw_another_split_trains_nothing(data, setting):
    worker = worker_of(resampled_job(setting, "conv", code="another"), data)
    with pytest.raises(RuntimeError, match=r"other code for resampled splits .*same version"):
        worker.train_epoch()


def test_job_and_report_survive_the_way_through_tune(setting):
    sent = dataclasses.replace(job(setting), params={"x": 1}, number=3, prunable=True)
    (received,) = jobs_from(config_of([sent])).values()
    assert received == sent and received.key == sent.key
    reports = {"key": TrialReport("running", [{"epoch": 1}], host="here")}
    assert reports_from(result_of(reports, is_over=False) | {"trial_id": "a"}) == reports


def test_a_job_of_an_earlier_version_is_still_read(setting):
    saved = asdict(job(setting))
    saved["point"] = saved.pop("candidate")
    assert job_from(saved) == job(setting)


def test_a_worker_with_other_code_trains_nothing(data, setting):
    """As on a host where another version is installed."""
    other = dataclasses.replace(setting, code=dict.fromkeys(setting.code, "another"))
    worker = worker_of(job(other), data)
    with pytest.raises(RuntimeError, match=r"other code for the family conv .*same version"):
        worker.train_epoch()


def test_an_engine_that_cannot_be_called_is_reported_and_not_tried_again(
    data, setting, monkeypatch
):
    def train(_training, _data):
        raise TypeError("no such option")  # not a generator: it is raised by the call itself

    monkeypatch.setattr(engines, "ENGINE", replace(ENGINE, train=train))
    worker = worker_of(job(setting), data)
    (report,) = worker.train_epoch().values()
    assert report.status == "failed" and worker.is_over
    assert "not tried again" in report.error and "TypeError: no such option" in report.error
