"""One search in process: what Optuna is told, and what is proposed."""

import dataclasses
import warnings

import numpy as np
import pytest
from optuna.exceptions import ExperimentalWarning

from study.search.explore import Explorer
from study.search.pruning import is_unpruned
from study.search.samplers import SAMPLERS
from study.spec.search import Search
from study.spec.space import Choice
from tests.made import DROPOUT_SEARCH, SETTING, WIDTH_SEARCH, explored


def explorer_of(search=DROPOUT_SEARCH, trials=8, sampler="auto", records=(), unfinished=()):
    setting = dataclasses.replace(SETTING, sampler=sampler)
    return Explorer(search, setting, trials, records, unfinished)


def finish(explorer, job, losses, status="complete"):
    """End a proposed trial with these validation losses; its record."""
    search, setting = explorer.search, explorer.setting
    record = explored(search, job.number, job.params, losses, status, setting)
    explorer.finish(record)
    return record


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


def test_trials_have_numbers_and_some_are_never_stopped():
    explorer = explorer_of()
    jobs = [explorer.propose() for _ in range(8)]
    assert [job.prunable for job in jobs] == [not is_unpruned(number) for number in range(8)]
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


def search_to_its_end(workers, rng, sampler="auto", crash=0.0, trials=24):
    """What a reproducible search with so many workers comes to; trials end in random order.

    Args:
        crash: probability, after each trial, that all is begun anew from the records.
    """
    setting = dataclasses.replace(SETTING, sampler=sampler, reproducible=True)

    def begin(records):
        return Explorer(DROPOUT_SEARCH, setting, trials, records)

    records, explorer, running = {}, begin(()), []
    while True:
        while len(running) < workers and (job := explorer.propose()) is not None:
            running.append((job, curve_of(job.params["dropout"])))
        if not running:
            break
        job, curve = running.pop(int(rng.integers(len(running))))
        rows, status = rows_of(curve), "complete"
        for epochs in range(1, len(rows)):
            if explorer.stops(job, rows[:epochs]):
                rows, status = rows[:epochs], "stopped"
                break
        made = explored(DROPOUT_SEARCH, job.number, job.params, curve[: len(rows)], status, setting)
        provenance = {"number": job.number}
        if job.stopped_at is not None:
            provenance["stopped_at"] = job.stopped_at
        record = dataclasses.replace(
            made, pruned_by="asha" if job.prunable else "none", provenance=provenance
        )
        records[record.key] = record
        explorer.finish(record)
        if rng.random() < crash:
            explorer, running = begin(records.values()), []
    return records


def curve_of(rate):
    """Made losses: informative in the main, and noisy."""
    noise = np.random.default_rng(int(rate * 1e9)).normal(0, 0.002, 8)
    return list((rate - 0.3) ** 2 + 1 / np.arange(1, 9) + noise)


def rows_of(curve):
    return [{"epoch": epoch, "val_loss": loss} for epoch, loss in enumerate(curve, start=1)]


@pytest.mark.parametrize(
    "sampler", [name for name, kind in SAMPLERS.items() if kind.renewed and name != "gp"]
)
def test_a_reproducible_search_is_the_same_whatever_the_workers_and_the_crashes(sampler):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on QMC
        found = [
            search_to_its_end(workers, np.random.default_rng(workers), sampler, crash)
            for workers, crash in ((1, 0.0), (2, 0.0), (8, 0.0), (20, 0.0), (3, 0.3))
        ]
    assert len(found[0]) == 24
    assert any(len(record.rows) < 8 for record in found[0].values())
    assert all(one == found[0] for one in found[1:])


def test_trials_are_stopped_and_resumed_and_none_stays_stopped_that_would_pass():
    records = search_to_its_end(4, np.random.default_rng(0), trials=40)
    explorer = explorer_of(DROPOUT_SEARCH, 40, records=records.values())
    assert explorer._pruner.resumable() == []
    resumed = [one for one in records.values() if "stopped_at" in one.provenance]
    assert all(one.is_full_length and one.pruned_by == "asha" for one in resumed)
