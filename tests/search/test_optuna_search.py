"""One search in process: what Optuna is told, and what is proposed."""

import dataclasses
import warnings

import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from study.search.optuna_search import CONTROL_EVERY, Explorer
from study.search.samplers import SAMPLERS
from study.spec.space import Choice
from study.spec.study import Search
from tests.made import DROPOUT_SEARCH, SETTING, WIDTH_SEARCH, explored


def explorer_of(search=DROPOUT_SEARCH, trials=8, sampler="tpe", records=(), unfinished=()):
    setting = dataclasses.replace(SETTING, sampler=sampler)
    return Explorer(search, setting, trials, records, unfinished)


def finish(explorer, job, losses, status="complete"):
    """End a proposed trial with these validation losses; its record."""
    search, setting = explorer.search, explorer.setting
    record = explored(search, job.number, job.params, losses, status, setting)
    explorer.finish(record)
    return record


def test_optuna_is_told_what_happened():
    explorer = explorer_of()
    jobs = [explorer.propose() for _ in range(4)]
    finish(explorer, jobs[0], [0.6, 0.5, 0.4])
    finish(explorer, jobs[1], [0.9, 0.8], "stopped")
    finish(explorer, jobs[2], [0.7, None], "diverged")
    finish(explorer, jobs[3], [], "failed")
    full, stopped, diverged, failed = explorer.study.trials
    assert (full.state, full.value) == (TrialState.COMPLETE, 0.4)
    assert full.intermediate_values == {1: 0.6, 2: 0.5, 3: 0.4}
    assert stopped.state == TrialState.PRUNED
    assert stopped.intermediate_values == {1: 0.9, 2: 0.8}
    assert diverged.state == TrialState.PRUNED
    assert not all(value <= 0 for value in diverged.constraints.values())
    assert failed.state == TrialState.FAIL
    assert explorer.study.best_trial.number == full.number


def test_replay_leaves_optuna_as_if_it_had_watched():
    watched = explorer_of()
    outcomes = [([0.6, 0.5], "complete"), ([0.9], "stopped"), ([0.7, None], "diverged")]
    records = [
        finish(watched, watched.propose(), losses, status)
        for losses, status in (*outcomes, ([], "failed"))
    ]
    replayed = explorer_of(records=reversed(records))
    for one, other in zip(watched.study.trials, replayed.study.trials, strict=True):
        assert (one.state, one.params, one.values) == (other.state, other.params, other.values)
        assert one.intermediate_values == other.intermediate_values
        assert one.constraints == other.constraints
    assert replayed.remaining == 8 - len(records)


def test_a_trial_that_was_under_way_is_proposed_again_with_its_number():
    first = explorer_of(WIDTH_SEARCH)
    jobs = [first.propose() for _ in range(3)]
    finished = finish(first, jobs[1], [0.5] * 8)
    again = explorer_of(WIDTH_SEARCH, records=[finished], unfinished=[jobs[2], jobs[0]])
    assert [again.propose() for _ in range(2)] == [jobs[0], jobs[2]]
    assert again.propose().number == 3
    assert again.remaining == 8 - 4


def test_a_trial_that_is_taken_back_is_proposed_again_under_its_number():
    explorer = explorer_of(WIDTH_SEARCH)
    jobs = [explorer.propose() for _ in range(2)]
    remaining = explorer.remaining
    explorer.requeue(jobs[0])
    assert explorer.remaining == remaining + 1
    assert explorer.propose() == jobs[0]
    assert explorer.propose().number == 2


@pytest.mark.parametrize("sampler", [name for name, kind in SAMPLERS.items() if kind.renewed])
def test_search_goes_on_after_a_crash_as_if_nothing_had_been(sampler):
    """One trial at a time; a new search after each, which has only the records."""
    losses = [0.9, 0.5, 0.7, 0.4, 0.6, 0.3, 0.8, 0.2]

    def run(fresh_each_time):
        records, params = [], []
        explorer = explorer_of(sampler=sampler)
        for loss in losses:
            if fresh_each_time:
                explorer = explorer_of(sampler=sampler, records=records)
            job = explorer.propose()
            params.append(job.params)
            records.append(finish(explorer, job, [loss] * 8))
        return params

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on GP
        assert run(fresh_each_time=True) == run(fresh_each_time=False)


def test_hand_picked_points_come_first_and_once():
    first = explorer_of(WIDTH_SEARCH).propose()
    assert first.params == {"channels": 32}
    record = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8)
    explorer = explorer_of(WIDTH_SEARCH, records=[record])
    assert all(explorer.propose().params != {"channels": 32} for _ in range(5))


def test_every_fourth_trial_is_unpruned():
    explorer = explorer_of()
    jobs = [explorer.propose() for _ in range(8)]
    assert [job.prunable for job in jobs] == [number % CONTROL_EVERY != 0 for number in range(8)]
    assert [job.number for job in jobs] == list(range(8))
    assert explorer.remaining == 0


def test_a_search_ends_when_its_space_is_exhausted():
    search = Search("few", "few", "gap", space={"hidden": Choice((0, 32, 64))})
    explorer = explorer_of(search, trials=8)
    jobs = []
    while (job := explorer.propose()) is not None:
        jobs.append(job)
        finish(explorer, job, [0.5] * 8)
    assert sorted(job.params["hidden"] for job in jobs) == [0, 32, 64]
    assert explorer.is_over


def test_a_running_point_is_not_proposed_again():
    explorer = explorer_of(Search("two", "two", "gap", space={"hidden": Choice((0, 32))}))
    assert {explorer.propose().params["hidden"] for _ in range(2)} == {0, 32}
    assert explorer.propose() is None


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("search", [WIDTH_SEARCH, DROPOUT_SEARCH], ids=lambda search: search.name)
def test_sampler_proposes_within_the_space_and_repeatably(sampler, search):
    proposed = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on QMC and GP
        for _ in range(2):
            explorer = explorer_of(search, sampler=sampler)
            params = []
            for _ in range(6):
                job = explorer.propose()
                params.append(job.params)
                loss = 1.0 + sum(job.params.values()) / 1000
                finish(explorer, job, [loss] * 8)
            proposed.append(params)
    assert proposed[0] == proposed[1]
    for params in proposed[0]:
        for name, value in params.items():
            assert search.space[name].low <= value <= search.space[name].high


def test_another_base_seed_gives_another_search():
    one = explorer_of().propose().params
    assert Explorer(DROPOUT_SEARCH, dataclasses.replace(SETTING, seed=1), 8).propose().params != one
