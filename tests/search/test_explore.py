"""One search's search in process: what Optuna and ASHA are told, and what is proposed."""

import dataclasses
import math
import warnings
from types import SimpleNamespace

import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from hw3.train import recipe_for
from study.search.explore import CONTROL_EVERY, Explorer
from study.search.samplers import SAMPLERS
from study.search.trial import rung_epochs
from study.spec.space import Choice
from study.spec.study import Search
from tests.made import DROPOUT_SEARCH, SETTING, WIDTH_SEARCH, explored

RUNG = 2  # epochs // 4, where ASHA first looks


def search_of(search=DROPOUT_SEARCH, trials=8, sampler="tpe", records=()):
    search = Explorer(search, dataclasses.replace(SETTING, sampler=sampler), trials)
    search.replay(records)
    return search


def result(losses, status="running"):
    """What a trial reports after these epochs: all of them, each time."""
    rows = [
        {"epoch": epoch, "val_loss": None if math.isnan(loss) else loss}
        for epoch, loss in enumerate(losses, start=1)
    ]
    return {"val_loss": losses[-1], "epoch": len(losses), "rows": rows, "status": status}


def finish(search, trial_id, losses, status):
    """Report a trial as Tune does: the last result goes with the completion only."""
    for done in range(1, len(losses)):
        search.on_trial_result(trial_id, result(losses[:done]))
    search.on_trial_complete(trial_id, result(losses, status))


def test_optuna_is_told_what_happened():
    search = search_of()
    for trial_id in ("full", "stopped", "diverged", "failed"):
        assert search.propose(trial_id) is not None
    finish(search, "full", [0.6, 0.5, 0.4], "complete")
    finish(search, "stopped", [0.9, 0.8], "running")
    finish(search, "diverged", [0.7, math.nan], "diverged")
    search.on_trial_complete("failed", None, error=True)
    full, stopped, diverged, failed = search.study.trials
    assert (full.state, full.value) == (TrialState.COMPLETE, 0.4)
    assert full.intermediate_values == {1: 0.6, 2: 0.5, 3: 0.4}
    assert stopped.state == TrialState.PRUNED
    assert stopped.intermediate_values == {1: 0.9, 2: 0.8}
    assert diverged.state == TrialState.PRUNED
    assert not all(value <= 0 for value in diverged.constraints.values())
    assert failed.state == TrialState.FAIL
    assert search.study.best_trial.number == full.number


def test_replay_leaves_optuna_as_if_it_had_watched():
    watched = search_of()
    outcomes = [([0.6, 0.5], "complete"), ([0.9], "running"), ([0.7, math.nan], "diverged")]
    records = []
    for number, (losses, status) in enumerate(outcomes):
        job = watched.propose(str(number))
        finish(watched, str(number), losses, status)
        stored = [None if math.isnan(loss) else loss for loss in losses]
        kept = {"running": "stopped"}.get(status, status)
        records.append(explored(DROPOUT_SEARCH, number, job.params, stored, kept))
        watched.learn(records[-1])
    replayed = search_of(records=reversed(records))
    for one, other in zip(watched.study.trials, replayed.study.trials, strict=True):
        assert (one.state, one.params, one.values) == (other.state, other.params, other.values)
        assert one.intermediate_values == other.intermediate_values
        assert one.constraints == other.constraints
    assert replayed.remaining == 8 - len(records)


def test_a_trial_that_was_under_way_is_proposed_again_with_its_number():
    first = search_of(WIDTH_SEARCH, sampler="tpe")
    jobs = [first.propose(str(number)) for number in range(3)]
    finish(first, "1", [0.5] * 8, "complete")
    finished = explored(WIDTH_SEARCH, 1, jobs[1].params, [0.5] * 8)
    again = Explorer(WIDTH_SEARCH, SETTING, 8)
    again.replay([finished], [jobs[2], jobs[0]])
    assert [again.propose(str(number)) for number in range(2)] == [jobs[0], jobs[2]]
    assert again.propose("new").number == 3
    assert again.remaining == 8 - 4


def test_a_resumed_trial_tells_optuna_the_epochs_before():
    search = search_of()
    search.propose("a")
    search.on_trial_result("a", result([0.7, 0.6, 0.5]))
    search.on_trial_result("a", result([0.7, 0.6, 0.5, 0.4]))
    assert search.study.trials[0].intermediate_values == {1: 0.7, 2: 0.6, 3: 0.5, 4: 0.4}


def test_epochs_that_are_done_again_are_told_to_optuna_once():
    search = search_of()
    search.propose("a")
    for losses in ([0.7, 0.6], [0.7], [0.7, 0.6], [0.7, 0.6, 0.5]):
        search.on_trial_result("a", result(losses))
    assert search.study.trials[0].intermediate_values == {1: 0.7, 2: 0.6, 3: 0.5}


def test_a_trial_that_is_taken_back_is_proposed_again_under_its_number():
    search = search_of(WIDTH_SEARCH)
    jobs = [search.propose(str(number)) for number in range(2)]
    remaining = search.remaining
    search.on_trial_complete("0", error=True)
    search.take_back(jobs[0])
    assert search.remaining == remaining + 1
    assert search.propose("again") == jobs[0]
    assert search.propose("new").number == 2


@pytest.mark.parametrize("sampler", [name for name, kind in SAMPLERS.items() if kind.renewed])
def test_search_goes_on_after_a_crash_as_if_nothing_had_been(sampler):
    """One trial at a time; a new search after each, which has only the records."""
    losses = [0.9, 0.5, 0.7, 0.4, 0.6, 0.3, 0.8, 0.2]

    def run(fresh_each_time):
        records, search, params = [], search_of(sampler=sampler), []
        for number, loss in enumerate(losses):
            if fresh_each_time:
                search = search_of(sampler=sampler, records=records)
            job = search.propose(str(number))
            params.append(job.params)
            finish(search, str(number), [loss] * 8, "complete")
            records.append(
                explored(DROPOUT_SEARCH, number, job.params, [loss] * 8, setting=search.setting)
            )
            search.learn(records[-1])
        return params

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on GP
        assert run(fresh_each_time=True) == run(fresh_each_time=False)


def test_replay_fills_the_rungs_of_asha():
    records = [
        explored(DROPOUT_SEARCH, number, {"dropout": number / 10}, [0.9, loss], "stopped")
        for number, loss in ((1, 0.5), (2, 0.6), (3, 0.7))
    ]
    search = search_of(records=records)
    rungs = dict(search.scheduler._brackets[0]._rungs)
    assert sorted(rungs[RUNG].values()) == pytest.approx([-0.7, -0.6, -0.5])
    trial = SimpleNamespace(trial_id="new")
    search.scheduler.on_trial_add(None, trial)
    verdict = search.scheduler.on_trial_result(None, trial, {"epoch": RUNG, "val_loss": 0.8})
    assert verdict == "STOP"


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 12, 30])
def test_figures_know_the_rungs_of_asha(epochs):
    setting = dataclasses.replace(SETTING, recipe=recipe_for(epochs))
    scheduler = Explorer(DROPOUT_SEARCH, setting, 8).scheduler
    rungs = [epoch for epoch, _ in scheduler._brackets[0]._rungs]
    assert rung_epochs(epochs) == sorted(epoch for epoch in rungs if epoch < epochs)


def test_control_trials_do_not_enter_the_rungs():
    control = explored(DROPOUT_SEARCH, 0, {"dropout": 0.1}, [0.5] * 8)
    search = search_of(records=[control])
    assert not any(rung for _, rung in search.scheduler._brackets[0]._rungs)


def test_hand_picked_points_come_first_and_once():
    first = search_of(WIDTH_SEARCH).propose("a")
    assert first.params == {"channels": 32}
    record = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8)
    search = search_of(WIDTH_SEARCH, records=[record])
    assert all(search.propose(str(n)).params != {"channels": 32} for n in range(5))


def test_every_fourth_trial_is_unpruned():
    search = search_of()
    jobs = [search.propose(str(number)) for number in range(8)]
    assert [job.prunable for job in jobs] == [number % CONTROL_EVERY != 0 for number in range(8)]
    assert [job.number for job in jobs] == list(range(8))
    assert search.remaining == 0


def test_arm_ends_when_its_space_is_exhausted():
    search = Search("few", "few", "gap", space={"hidden": Choice((0, 32, 64))})
    search = search_of(search, trials=8)
    jobs = []
    while (job := search.propose(str(len(jobs)))) is not None:
        jobs.append(job)
        finish(search, str(len(jobs) - 1), [0.5] * 8, "complete")
        search.learn(explored(search, len(jobs) - 1, job.params, [0.5] * 8))
    assert sorted(job.params["hidden"] for job in jobs) == [0, 32, 64]
    assert search.is_over


def test_a_running_point_is_not_proposed_again():
    search = Search("two", "two", "gap", space={"hidden": Choice((0, 32))})
    search = search_of(search)
    assert {search.propose(str(n)).params["hidden"] for n in range(2)} == {0, 32}
    assert search.propose("third") is None


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("search", [WIDTH_SEARCH, DROPOUT_SEARCH], ids=lambda search: search.name)
def test_sampler_proposes_within_the_space_and_repeatably(sampler, search):
    proposed = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on QMC and GP
        for _ in range(2):
            search = search_of(search, sampler=sampler)
            params = []
            for number in range(6):
                job = search.propose(str(number))
                params.append(job.params)
                loss = 1.0 + sum(job.params.values()) / 1000
                finish(search, str(number), [loss] * 8, "complete")
                search.learn(
                    explored(search, number, job.params, [loss] * 8, setting=search.setting)
                )
            proposed.append(params)
    assert proposed[0] == proposed[1]
    for params in proposed[0]:
        for name, value in params.items():
            assert search.space[name].low <= value <= search.space[name].high


def test_sampler_has_a_seed_of_its_own():
    """Another base seed, another search."""
    one = search_of(sampler="tpe").propose("a").params
    other = Explorer(DROPOUT_SEARCH, dataclasses.replace(SETTING, seed=1), 8)
    assert other.propose("a").params != one
