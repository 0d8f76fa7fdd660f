"""A study's weights: of which trainings they are kept, and what becomes of a run that cannot."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from hw3.engine import recipe_for, start_training, train_epochs
from hw3.models import make_architecture
from hw3.numerics import Numerics
from study.__main__ import main
from study.cli.command import command
from study.pool.weights import WeightsKeeper, WeightsWatch
from study.pool.worker import Worker
from study.search.choose import FinishedTrials
from study.search.plan import load_plan
from study.search.trial import Job, Setting
from study.search.weights import final_loss
from study.spec.baseline import Baseline
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.store.weights import WeightsStore, labels_of
from tests.made import square_splits

STUDY = Study(
    name="kept",
    title="Whose weights are kept",
    question="Which?",
    baselines=(
        Baseline("one", "one", "conv", {"channels": 4}),
        Baseline("two", "two", "ann", {"width_1": 8}),
    ),
    figures=(),
)
OPTIONS = ["--profile", "smoke", "--workers", "inline", "--epochs", "2", "--seeds", "3"]


def run(results, *arguments, study=STUDY):
    answer = CliRunner().invoke(
        command(study), [*arguments, *OPTIONS, "--results", str(results)], catch_exceptions=False
    )
    assert answer.exit_code == 0, answer.output
    return answer.output


def trials_of(results, study=STUDY):
    folder = LocalFolder(results)
    records = {record.key: record for record in RecordStore(folder)}
    return FinishedTrials(load_plan(study, folder), records)


def best_keys(results):
    trials = trials_of(results)
    each = [trials.confirmed(one).values() for one in trials.candidates()]
    return {min(records, key=final_loss).key for records in each}


def kept(results):
    return WeightsStore(LocalFolder(results)).kept()


def test_by_default_the_best_training_of_each_candidate_is_kept(tmp_path):
    output = run(tmp_path)
    assert "of each candidate's best training, at most" in output
    assert kept(tmp_path) == best_keys(tmp_path) and len(kept(tmp_path)) == 2
    page = (tmp_path / "kept" / "report.md").read_text()
    assert "Weights: kept of 2 of 2" in page and "missing" not in page


def test_all_are_kept_or_none_and_a_later_run_makes_what_is_missing(tmp_path):
    run(tmp_path, "--keep-weights", "none")
    assert not (tmp_path / "weights").exists()
    before = {path: path.read_bytes() for path in (tmp_path / "trials").iterdir()}
    assert "nothing to train" in run(tmp_path)  # records decide, weights do not
    assert kept(tmp_path) == set()
    assert "missing: one (1), two (1)" in (tmp_path / "kept" / "report.md").read_text()
    assert "Training starts (2 at most)" in run(tmp_path, "--remake-weights")
    assert kept(tmp_path) == best_keys(tmp_path)
    said = run(tmp_path, "--keep-weights", "all", "--remake-weights")
    assert "Training starts (4 at most)" in said
    assert kept(tmp_path) == {path.stem for path in before}
    assert before == {path: path.read_bytes() for path in (tmp_path / "trials").iterdir()}
    assert "nothing to train" in run(tmp_path, "--keep-weights", "all", "--remake-weights")


def test_best_removes_nothing_that_all_or_another_study_has_kept(tmp_path):
    run(tmp_path, "--keep-weights", "all", "--seeds", "2")
    first = kept(tmp_path)
    run(tmp_path, "--seeds", "3")
    assert first <= kept(tmp_path)
    other = replace(STUDY, name="other")
    run(tmp_path, "--seed", "1", study=other)
    before = kept(tmp_path)
    run(tmp_path, "--seed", "1", "--seeds", "5")
    assert before <= kept(tmp_path)


def test_a_better_training_of_a_later_run_takes_the_place_of_the_best(tmp_path):
    for seeds in ("1", "2", "4"):
        run(tmp_path, "--seeds", seeds)
        assert kept(tmp_path) == best_keys(tmp_path)


def test_what_a_dead_driver_did_not_remove_is_removed(tmp_path):
    run(tmp_path, "--keep-weights", "all")
    trials, store = trials_of(tmp_path), WeightsStore(LocalFolder(tmp_path))
    for record in trials.records.values():  # as `best` writes each before it removes the others
        labels = labels_of("kept", "best", record.ingredients)
        store.write(record.key, store.load(record.key), labels)
    WeightsWatch(WeightsKeeper(LocalFolder(tmp_path), "kept", "best", ("one",)), trials.records)
    assert store.kept() == best_keys(tmp_path)


def test_weights_that_cannot_be_written_cost_no_training(tmp_path):
    (tmp_path / "weights").write_text("in the way")
    output = run(tmp_path)
    assert "weights of 6 trainings were not kept, and every training is recorded" in output
    assert len(list((tmp_path / "trials").iterdir())) == 6
    assert "missing: one (1), two (1)" in (tmp_path / "kept" / "report.md").read_text()


def test_a_full_disk_costs_no_training(small_disk, tmp_path):
    disk = small_disk(8, tmp_path / "results" / "weights")  # room for a file of the ANN at most
    output = run(disk.parent)
    assert "were not kept" in output and "disk full" in output
    assert len(list((disk.parent / "trials").iterdir())) == 6


def test_the_limit_leaves_candidates_out(tmp_path):
    output = run(tmp_path, "--weights-limit", "0.000011")
    assert "so not kept: two" in " ".join(output.split())
    assert len(kept(tmp_path)) == 1


def test_the_weights_are_those_at_the_end_of_the_training(tmp_path):
    data = square_splits()
    setting = Setting(data.fingerprint, data.image_size, recipe_for(3))
    job = Job("confirm", "p", setting.confirm_ingredients("ann", {"width_1": 8}, 1))
    keeper = WeightsKeeper(LocalFolder(tmp_path), "made", "all", ("p",))
    worker = Worker(data.without_test(), weights=keeper)
    worker.begin(job)
    while not worker.is_over:
        assert kept(tmp_path) == set()
        worker.train_epoch()
    architecture = make_architecture("ann", {"width_1": 8}, data.image_size)
    training = start_training(architecture, recipe_for(3), 1, Numerics())
    for _ in train_epochs(training, data):
        pass
    loaded = WeightsStore(LocalFolder(tmp_path)).load(job.key)
    expected = training.model.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], one) for name, one in expected.items())


@pytest.mark.parametrize("change", [{"stage": "explore"}, {"candidate": "another"}])
def test_other_trials_keep_no_weights(tmp_path, change):
    data = square_splits()
    setting = Setting(data.fingerprint, data.image_size, recipe_for(1))
    job = Job("confirm", "p", setting.confirm_ingredients("ann", {"width_1": 8}, 1))
    keeper = WeightsKeeper(LocalFolder(tmp_path), "made", "all", ("p",))
    worker = Worker(data.without_test(), weights=keeper)
    worker.begin(replace(job, **change))
    worker.train_epoch()
    assert worker.is_over
    assert kept(tmp_path) == set()


def test_a_model_whose_state_is_no_tensor_is_trained_and_said_to_be_missing(tmp_path):
    class Strange(torch.nn.Linear):
        def get_extra_state(self):
            return {"not": np.zeros(1)}

    job = Job("confirm", "p", {"seed": 1})
    keeper = WeightsKeeper(LocalFolder(tmp_path), "made", "all", ("p",))
    assert "detach" in (keeper.keep(job, Strange(2, 1)) or "")
    assert keeper.keep(job, "a model of another engine") is None


def test_records_are_removed_with_their_weights(tmp_path):
    run(tmp_path)
    (code,) = {one.ingredients["code"] for one in RecordStore(LocalFolder(tmp_path))
               if one.ingredients["family"] == "ann"}  # fmt: skip
    before = len(kept(tmp_path))
    arguments = ["records", "--results", str(tmp_path), "--remove", code]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert len(kept(tmp_path)) == before - 1
