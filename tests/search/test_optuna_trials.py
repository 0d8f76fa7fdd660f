"""The searches as Optuna's database: what optuna-dashboard opens is what the records say."""

import dataclasses
from datetime import datetime

import optuna
import pytest
from optuna.trial import TrialState

from study.search.optuna_trials import INFEASIBLE, optuna_database, optuna_trial
from tests.made import DROPOUT_SEARCH, WIDTH_SEARCH, explored

OUTCOMES = [
    ({"dropout": 0.0}, [0.6, 0.5, 0.4], "complete"),
    ({"dropout": 0.3}, [0.9, 0.8], "stopped"),
    ({"dropout": 0.6}, [0.7, None], "diverged"),
    ({"dropout": 0.9}, [], "failed"),
]


def record(search, number, params, losses, status="complete"):
    made = explored(search, number, params, losses, status)
    finished = {"finished": f"2026-03-0{number + 1}T12:00:00+00:00"}
    return dataclasses.replace(made, provenance=dict(made.provenance) | finished)


SEARCHES = [
    (DROPOUT_SEARCH, [record(DROPOUT_SEARCH, n, *outcome) for n, outcome in enumerate(OUTCOMES)]),
    (WIDTH_SEARCH, [record(WIDTH_SEARCH, 0, {"channels": 8}, [0.3])]),
]


@pytest.fixture(scope="module")
def content():
    return optuna_database(SEARCHES)


@pytest.fixture
def url(content, tmp_path):
    (tmp_path / "optuna.db").write_bytes(content)
    return f"sqlite:///{tmp_path / 'optuna.db'}"


def test_database_holds_each_arms_trials_as_a_search_holds_them(url):
    names = optuna.get_all_study_names(url)
    assert names == [search.name for search, _ in SEARCHES]
    for search, records in SEARCHES:
        trials = optuna.load_study(study_name=search.name, storage=url).trials
        for found, kept in zip(trials, records, strict=True):
            held = optuna_trial(search, kept)
            for field in ("state", "values", "params", "distributions"):
                assert getattr(found, field) == getattr(held, field)
            assert found.intermediate_values == held.intermediate_values
            assert found.constraints == held.constraints
            assert found.user_attrs == {"record": kept.key}


def test_database_tells_stopped_diverged_and_failed_trials_apart(url):
    full, stopped, diverged, failed = optuna.load_study(study_name="dropout", storage=url).trials
    assert (full.state, full.value) == (TrialState.COMPLETE, 0.4)
    assert (stopped.state, stopped.intermediate_values) == (TrialState.PRUNED, {1: 0.9, 2: 0.8})
    assert (diverged.state, diverged.constraints) == (TrialState.PRUNED, {INFEASIBLE: 1.0})
    assert (failed.state, failed.value) == (TrialState.FAIL, None)


def test_trials_have_their_records_times(url):
    full = optuna.load_study(study_name="dropout", storage=url).trials[0]
    assert full.datetime_complete == datetime(2026, 3, 1, 12)
    assert full.duration.total_seconds() == 6.0  # three epochs of 2 s


def test_equal_records_give_equal_bytes_and_optuna_says_nothing(content, capfd):
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    assert optuna_database(SEARCHES) == content
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    optuna.logging.set_verbosity(verbosity)
