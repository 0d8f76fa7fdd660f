"""The pool on a real Ray: everything between a study and its records."""

import dataclasses
import json
import os
import time
from collections import Counter

import pytest

from hw3.train import recipe_for
from study.cluster.ray import connect, trial_resources
from study.pool.dispatch import StudySearcher
from study.pool.trainable import StudyTrial
from study.pool.tuner import run_pool
from study.search.choose import chosen_candidates, study_members
from study.search.trial import Setting
from study.spec.budget import Budget
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.table.columns import make_table
from tests.made import STUDY, square_splits

BUDGET = Budget(trials=4, epochs=4, seeds=2, image_size=16)
pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def ray_resources():
    with connect(None, verbose=False) as available:
        yield available


@pytest.fixture(scope="module")
def data():
    return square_splits()


def run(study, setting, data, results, available, budget=BUDGET, concurrent=None):
    """Run the study; how many trials were trained."""
    store = RecordStore(LocalFolder(results))
    records = {record.key: record for record in store}
    before = len(records)
    searcher = StudySearcher(study, setting, budget, records)
    if any(searcher.remaining().values()):
        resources = trial_resources(available, None, None, concurrent)
        checkpoints = CheckpointStore(LocalFolder(results / "checkpoints"))
        run_pool(searcher, data, store, checkpoints, resources, 600, [])
    assert {record.key: record for record in store} == records
    return len(records) - before


@pytest.fixture(scope="module")
def finished(ray_resources, data, tmp_path_factory):
    """A finished study: its results folder, its setting and how many trials it took."""
    results = tmp_path_factory.mktemp("ergebnisse mit Leerzeichen und ü")
    setting = Setting(data.fingerprint, 16, recipe_for(BUDGET.epochs))
    return results, setting, run(STUDY, setting, data, results, ray_resources)


def test_every_arm_spends_its_budget_and_every_point_is_confirmed(finished):
    results, setting, trained = finished
    records = {record.key: record for record in RecordStore(LocalFolder(results))}
    members = study_members(STUDY, setting, BUDGET, records)
    places = Counter((member.stage, member.candidate) for member in members)
    explored = {("explore", search.name): BUDGET.trials for search in STUDY.searches}
    confirmed = {("confirm", name): BUDGET.seeds for name in ("small", "gap", "dropout")}
    assert places == explored | confirmed
    assert trained == sum(places.values()) == len(records)


def test_a_stopped_trial_is_recorded_as_stopped_and_never_chosen(finished):
    results, setting, _ = finished
    records = {record.key: record for record in RecordStore(LocalFolder(results))}
    for record in records.values():
        if record.status == "stopped":
            assert len(record.rows) < BUDGET.epochs
            assert record.pruned_by == "asha"
        else:
            assert (record.status, len(record.rows)) == ("complete", BUDGET.epochs)
    for point in chosen_candidates(STUDY, setting, BUDGET, records).values():
        sources = [
            record
            for record in records.values()
            if record.ingredients["config"] == point.config and record.params
        ]
        assert any(record.status == "complete" for record in sources)


def test_only_confirmed_trials_have_test_scores(finished):
    results, setting, _ = finished
    records = {record.key: record for record in RecordStore(LocalFolder(results))}
    for member in study_members(STUDY, setting, BUDGET, records):
        assert bool(member.record.test) == (member.stage == "confirm")


def test_records_say_where_their_numbers_come_from(finished):
    results, *_ = finished
    for path in (results / "trials").glob("*.json"):
        content = json.loads(path.read_text())
        assert content["cost"]["parameters"] > 0
        assert {"host", "device", "versions", "finished", "commit"} <= set(content["provenance"])


def test_the_same_run_again_trains_nothing(finished, data, ray_resources):
    results, setting, _ = finished
    assert run(STUDY, setting, data, results, ray_resources) == 0


def test_a_lost_record_is_trained_again_to_the_same_numbers(finished, data, ray_resources):
    results, setting, _ = finished
    records = {record.key: record for record in RecordStore(LocalFolder(results))}
    lost = next(
        member.record
        for member in study_members(STUDY, setting, BUDGET, records)
        if member.stage == "confirm"
    )
    (results / "trials" / f"{lost.key}.json").unlink()
    assert run(STUDY, setting, data, results, ray_resources) == 1
    again = RecordStore(LocalFolder(results)).find(lost.key)

    def timeless(record):
        return [{**row, "seconds": None} for row in record.rows], record.test

    assert timeless(again) == timeless(lost)


def test_another_study_finds_the_baseline_and_trains_only_its_own(finished, data, ray_resources):
    results, setting, _ = finished
    other = dataclasses.replace(STUDY, name="other", searches=STUDY.searches[:1])
    assert run(other, setting, data, results, ray_resources) == 0


def test_a_trial_that_always_raises_is_recorded_as_failed_and_the_study_goes_on(
    data, ray_resources, tmp_path
):
    """Images of 16 pixels where 24 are expected: the ConvModel's first layer cannot take them,
    ConvGAP, which pools globally, can."""
    setting = Setting(data.fingerprint, 24, recipe_for(BUDGET.epochs))
    study = dataclasses.replace(STUDY, searches=STUDY.searches[:1])
    run(study, setting, data, tmp_path, ray_resources)
    records = {record.key: record for record in RecordStore(LocalFolder(tmp_path))}
    table = make_table(study_members(study, setting, BUDGET, records))
    status = table.groupby("family")["status"].unique().map(set)
    assert status["conv"] == {"failed"}
    assert "complete" in status["gap"] and "failed" not in status["gap"]
    failed = [record for record in records.values() if record.status == "failed"]
    assert all("shapes cannot be multiplied" in record.error for record in failed)


def test_a_worker_that_starts_late_is_waited_for(data, ray_resources, tmp_path, monkeypatch):
    """Trials end all the while; none of them may cost the second worker its start."""
    first = tmp_path / "first"

    class SlowToStart(StudyTrial):
        def setup(self, config, **parts):
            (tmp_path / f"{os.getpid()}.worker").touch()
            try:
                first.touch(exist_ok=False)
            except FileExistsError:
                time.sleep(4)
            super().setup(config, **parts)

    monkeypatch.setattr("study.pool.tuner.StudyTrial", SlowToStart)
    setting = Setting(data.fingerprint, 16, recipe_for(BUDGET.epochs))
    study = dataclasses.replace(STUDY, points=STUDY.baselines[:1], searches=())
    many = dataclasses.replace(BUDGET, seeds=30)
    trained = run(study, setting, data, tmp_path / "results", ray_resources, many, concurrent=2)
    assert trained == many.seeds
    assert len(list(tmp_path.glob("*.worker"))) <= 2
