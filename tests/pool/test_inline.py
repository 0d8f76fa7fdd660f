"""A study in one process: everything between a plan and its records."""

import dataclasses
import resource
from collections import Counter

import numpy as np
import psutil
import pytest
import ray

from hw3.models import FAMILIES
from hw3.models.conv import build_conv
from hw3.shape import grey_images
from study.pool.worker import Worker
from study.search.code import resampling_digest
from study.search.horizon import ALL
from study.search.samplers import SAMPLERS
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.table.members import study_members
from study.table.rows import make_table
from study.table.summary import list_failures
from tests.made import STUDY, WIDTH_SEARCH, square_splits
from tests.sessions import plan_on, run_session, timeless

BUDGET = Budget(trials=4, epochs=4, seeds=2, image_size=16)


@pytest.fixture(scope="module")
def data():
    return square_splits()


@pytest.fixture(scope="module")
def plan(data):
    return plan_on(STUDY, data, BUDGET)


@pytest.fixture(scope="module")
def finished(plan, data, tmp_path_factory):
    """A finished study's results folder and its trials."""
    results = tmp_path_factory.mktemp("ergebnisse mit Leerzeichen und ü")
    trials, _ = run_session(plan, data, results)
    return results, trials


def trained_again(plan, data, results):
    """Keys of the trials that a further run trains."""
    before = {path.stem for path in (results / "trials").iterdir()}
    trials, _ = run_session(plan, data, results)
    return set(trials.records) - before


def test_resampled_splits_train_the_confirmations_anew_and_nothing_else(finished, plan, data):
    results, trials = finished
    setting = dataclasses.replace(plan.setting, resampling=resampling_digest())
    resampled = dataclasses.replace(plan, setting=setting)
    keys = {job.key for each in trials.candidates() for job in each.jobs(setting, BUDGET.seeds)}
    assert trained_again(resampled, data, results) == keys
    assert trained_again(resampled, data, results) == set()


def test_every_search_spends_its_budget_and_every_candidate_is_confirmed(finished):
    _, trials = finished
    places = Counter((member.stage, member.candidate) for member in study_members(trials))
    explored = {("explore", search.name): BUDGET.trials for search in STUDY.searches}
    confirmed = {("confirm", name): BUDGET.seeds for name in STUDY.labels()}
    assert places == explored | confirmed
    assert sum(places.values()) == len(trials.records)
    assert not ray.is_initialized()


def test_a_stopped_trial_is_recorded_as_stopped_and_never_chosen(finished):
    _, trials = finished
    for record in trials.records.values():
        if record.status == "stopped":
            assert len(record.rows) < BUDGET.epochs
            assert record.pruned_by == "asha"
        else:
            assert (record.status, len(record.rows)) == ("complete", BUDGET.epochs)
    for search in STUDY.searches:
        config = trials.chosen(search).config
        explored = [r for r in trials.explored(search) if r.ingredients["config"] == config]
        assert [record.status for record in explored] == ["complete"]


def test_only_confirmed_trials_have_test_scores(finished):
    for member in study_members(finished[1]):
        assert bool(member.record.test) == (member.stage == "confirm")


def test_records_say_where_their_numbers_come_from(finished):
    for record in finished[1].records.values():
        assert record.cost["parameters"] > 0
        assert {"host", "device", "versions", "finished", "commit"} <= set(record.provenance)


def test_the_same_run_again_trains_nothing(finished, plan, data):
    assert trained_again(plan, data, finished[0]) == set()


def test_a_lost_record_is_trained_again_to_the_same_numbers(finished, plan, data):
    results, trials = finished
    lost = trials.confirmed(trials.baselines[0])[0]
    (results / "trials" / f"{lost.key}.json").unlink()
    assert trained_again(plan, data, results) == {lost.key}
    again = RecordStore(LocalFolder(results)).find(lost.key)
    assert timeless(again) == timeless(lost)


def test_another_study_finds_the_baseline_and_trains_only_its_own(finished, plan, data):
    other = dataclasses.replace(STUDY, name="other", searches=STUDY.searches[:1])
    assert trained_again(dataclasses.replace(plan, study=other), data, finished[0]) == set()


def build_for_24_pixels(config, shape):
    return build_conv(config, grey_images(24))


def test_a_trial_that_always_raises_is_recorded_as_failed_and_the_study_goes_on(
    data, tmp_path, monkeypatch
):
    """Images of 16 pixels where 24 are expected."""
    broken = dataclasses.replace(FAMILIES["conv"], build=build_for_24_pixels)
    monkeypatch.setitem(FAMILIES, "conv", broken)
    study = dataclasses.replace(STUDY, searches=STUDY.searches[:1])
    trials, _ = run_session(plan_on(study, data, BUDGET), data, tmp_path)
    statuses = {}
    for record in trials.records.values():
        statuses.setdefault(record.ingredients["family"], set()).add(record.status)
        if record.status == "failed":
            assert record.error.count("Failure # ") == 3
            assert "must have same reduction dim" in record.error
    assert statuses["conv"] == {"failed"}
    assert "complete" in statuses["gap"] and "failed" not in statuses["gap"]


def test_a_failed_trial_is_tried_again_under_its_number(data, tmp_path, monkeypatch):
    """As where memory was short for a while: the next run leaves no trace of the failure."""
    study = dataclasses.replace(STUDY, searches=(WIDTH_SEARCH,))
    plan = plan_on(study, data, BUDGET)
    whole, _ = run_session(plan, data, tmp_path / "whole")
    wanted = {record.key: timeless(record) for record in whole.explored(WIDTH_SEARCH)}
    victim = whole.explored(WIDTH_SEARCH)[0]  # which ASHA cannot stop the second time

    def fail(self):
        if self.jobs[0].key == victim.key:
            raise MemoryError("no memory")
        return train_epoch(self)

    train_epoch = Worker.train_epoch
    with monkeypatch.context() as patched:
        patched.setattr(Worker, "train_epoch", fail)
        first, _ = run_session(plan, data, tmp_path / "failed")
    assert first.records[victim.key].status == "failed"
    second, _ = run_session(plan, data, tmp_path / "failed")
    numbers = [record.provenance["number"] for record in second.explored(WIDTH_SEARCH)]
    assert numbers == list(range(BUDGET.trials))
    assert {record.status for record in second.records.values()} <= {"complete", "stopped"}
    assert timeless(second.records[victim.key])["rows"] == wanted[victim.key]["rows"]


@pytest.mark.parametrize(
    "sampler", [name for name, kind in SAMPLERS.items() if kind.renewed or kind.budgeted]
)
def test_a_search_that_gets_more_trials_is_one_that_had_them(sampler, data, tmp_path):
    """Or another search altogether, where the budget is a part of its identity."""
    study = dataclasses.replace(STUDY, searches=(WIDTH_SEARCH,))
    plans = [
        plan_on(study, data, dataclasses.replace(BUDGET, trials=trials, seeds=1), sampler=sampler)
        for trials in (6, 9)
    ]
    for results, steps in (("at once", plans[1:]), ("in steps", plans)):
        for plan in steps:
            trials, _ = run_session(plan, data, tmp_path / results)
        found = [timeless(one)["rows"] for one in trials.explored(WIDTH_SEARCH)]
        if results == "at once":
            expected = found
    assert found == expected
    assert len(found) > 6


def test_diverging_trials_end_at_once_and_the_study_goes_on(data, tmp_path):
    """A learning rate at which the loss leaves float32 in the first steps."""
    plan = plan_on(dataclasses.replace(STUDY, searches=(WIDTH_SEARCH,)), data, BUDGET)
    recipe = dataclasses.replace(plan.setting.recipe, learning_rate=1e30)
    plan = dataclasses.replace(plan, setting=dataclasses.replace(plan.setting, recipe=recipe))
    trials, dispatcher = run_session(plan, data, tmp_path)
    members = study_members(trials)
    assert {member.record.status for member in members} == {"diverged"}
    places = Counter((member.stage, member.candidate) for member in members)
    assert places == {("explore", "gap"): BUDGET.trials, ("confirm", "small"): BUDGET.seeds}
    assert all(len(member.record.rows) == 1 for member in members)
    points, ranks, _ = dispatcher.explorers["gap"]._history.told(ALL, ALL, lambda epoch: True)
    assert len(points) == BUDGET.trials and np.isinf(ranks).all()


def test_a_trial_without_memory_fails_with_its_text_and_the_others_go_on(data, tmp_path):
    """An address space too small for a layer of 4.3 GB: the allocation itself fails."""
    huge = Baseline("huge", "too large", "ann", {"width_1": 65536, "width_2": 16384})
    small = Baseline("gap", "ConvGAP", "gap", {"channels": 8})
    study = Study("memory", "Memory", "?", (huge, small))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    room = psutil.Process().memory_info().vms + 3 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (room, hard))
    try:
        trials, _ = run_session(plan_on(study, data, BUDGET), data, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    members = study_members(trials)
    statuses = {(member.candidate, member.record.status) for member in members}
    assert statuses == {("huge", "failed"), ("gap", "complete")}
    failures = list_failures(make_table(members))
    assert len(failures) == BUDGET.seeds
    assert failures["error"].str.contains("allocate").all()
