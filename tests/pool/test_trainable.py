"""The Tune trainable in process: no Ray is started."""

import dataclasses
import math
from dataclasses import asdict

import pytest
import ray
import torch

from hw3.models import make_config
from hw3.numerics import Numerics
from hw3.train import recipe_for, start_training, train_epochs
from study.pool.trainable import METRIC, StudyTrial
from study.search.trial import Job, Setting
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


def trial_of(job, data, open_test=lambda: None, checkpoints=None):
    trial = StudyTrial.__new__(StudyTrial)
    # Trainable.__init__ makes log files; set-up alone is what a test in process needs.
    options = {"open_test": open_test, "checkpoints": checkpoints}
    trial.setup(asdict(job), data=data.without_test(), **options)
    return trial


def run(trial):
    results = [trial.step()]
    while not results[-1]["done"]:
        results.append(trial.step())
    return results


def timeless(result):
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result["rows"]]
    return rows, result["test"], result["status"]


def test_trial_reports_the_engines_rows_and_needs_no_cluster(data, setting):
    results = run(trial_of(job(setting), data))
    config = make_config("conv", {"channels": 4})
    training = start_training("conv", config, 16, recipe_for(3), 1, Numerics())
    losses = [row.val_loss for row in train_epochs(training, data)]
    assert [result[METRIC] for result in results] == losses
    assert [row["val_loss"] for row in results[-1]["rows"]] == losses
    assert [result["status"] for result in results] == ["running", "running", "complete"]
    assert not ray.is_initialized()


def test_reused_actor_gives_what_a_fresh_one_gives(data, setting):
    """All state of the last trial is gone, dropout and its generators included."""
    first, second = job(setting, dropout_hidden=0.5), job(setting, seed=2, hidden=8)
    reused = trial_of(first, data)
    run(reused)
    assert reused.reset_config(asdict(second))
    fresh = trial_of(second, data)
    assert timeless(run(reused)[-1]) == timeless(run(fresh)[-1])


@pytest.mark.parametrize("epochs_done", [0, 1, 2])
def test_a_killed_trial_does_at_most_one_epoch_again_bit_for_bit(
    data, setting, tmp_path, epochs_done, monkeypatch
):
    monkeypatch.setattr("study.store.checkpoints.COST_SHARE", math.inf)  # a checkpoint every epoch
    told = job(setting, "confirm", dropout_conv=0.4, dropout_hidden=0.4)

    def start():
        return trial_of(told, data, lambda: data.test, LocalFolder(tmp_path))

    whole = run(trial_of(told, data, lambda: data.test))[-1]
    killed = start()
    for _ in range(epochs_done):
        killed.step()
    del killed
    under_way = [Job(**kept) for kept in CheckpointStore(LocalFolder(tmp_path)).jobs()]
    assert under_way == [told] * bool(epochs_done)
    resumed = run(start())
    assert len(resumed) == 3 - max(0, epochs_done - 1)
    assert timeless(resumed[-1]) == timeless(whole)


def test_only_a_confirmed_trial_opens_the_test_set_and_once_at_its_end(data, setting):
    opened = []

    def open_test():
        opened.append(True)
        return data.test

    explored = run(trial_of(job(setting), data, open_test))
    assert not opened
    assert explored[-1]["test"] == []
    confirmed = run(trial_of(job(setting, stage="confirm"), data, open_test))
    assert len(opened) == 1
    assert [bool(result["test"]) for result in confirmed] == [False, False, True]
    assert timeless(explored[-1])[0] == timeless(confirmed[-1])[0]


def test_a_trial_is_never_given_the_test_part_itself(data, setting):
    with pytest.raises(AssertionError):
        StudyTrial.__new__(StudyTrial).setup(asdict(job(setting)), data=data)


def test_source_without_a_test_part_confirms_without_scores(data, setting):
    assert run(trial_of(job(setting, stage="confirm"), data))[-1]["test"] == []


def test_diverged_trial_ends_at_that_epoch_with_a_row_that_json_can_hold(data, setting):
    trial = trial_of(job(setting), data)
    trial.step()
    with torch.no_grad():
        next(trial._training.model.parameters()).fill_(math.nan)
    result = trial.step()
    assert (result["status"], result["done"]) == ("diverged", True)
    assert result["rows"][-1]["val_loss"] is None
    assert result["test"] == []


def test_job_survives_the_way_through_tune(setting):
    sent = dataclasses.replace(job(setting), params={"x": 1}, number=3, prunable=True)
    assert Job(**asdict(sent)) == sent
    assert Job(**asdict(sent)).key == sent.key
