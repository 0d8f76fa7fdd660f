"""Searches over text, yes and no, and what is searched only under a condition: end to end."""

import sqlite3
import warnings
from dataclasses import replace

import pytest
from optuna.exceptions import ExperimentalWarning

from study.cli.check import check_study
from study.search.agreement import check_agreement
from study.search.explore import Explorer
from study.search.optuna_trials import is_point, optuna_database, optuna_trial
from study.search.samplers import SAMPLERS
from study.spec.budget import PROFILES, Budget
from study.spec.errors import StudyError
from study.spec.search import Search
from study.spec.space import Choice, Float, If
from study.table.members import study_members
from study.table.rows import make_table
from tests.made import BUDGET, SETTING, STUDY, explored, square_splits
from tests.sessions import plan_on, run_session

MIXED = {
    "optimiser": Choice(("adam", "sgd")),
    "augment": Choice((False, True)),
    "batch_size": Choice((8, 16)),
    "learning_rate": Float(1e-4, 1e-1, log=True),
}
WORDS = Search("words", "words", "conv", MIXED, fixed={"channels": 4})
MOMENTUM = If("optimiser", equals="sgd", then=Float(0.5, 0.95))
CONDITIONAL = replace(
    WORDS,
    name="conditional",
    space=MIXED | {"momentum": MOMENTUM},
    hand_picked=(
        {"optimiser": "adam", "augment": False, "batch_size": 16, "learning_rate": 1e-3},
        {"optimiser": "sgd", "augment": True, "batch_size": 16, "learning_rate": 1e-2}
        | {"momentum": 0.9},
    ),
)
CASES = [
    *((WORDS, name) for name in SAMPLERS),
    *((CONDITIONAL, name) for name, kind in SAMPLERS.items() if kind.conditional),
]


def run(search, sampler, trials=12, records=()):
    """A search to its end; the records of its trials."""
    setting = replace(SETTING, sampler=sampler)
    explorer = Explorer(search, setting, trials, records)
    found = list(records)
    while (job := explorer.propose() if explorer.remaining else None) is not None:
        loss = 0.3 + 0.1 * (job.params["optimiser"] == "sgd") + job.params["learning_rate"]
        record = explored(search, job.number, job.params, [loss] * 8, setting=setting)
        assert record.key == job.key
        explorer.finish(record)
        found.append(record)
    return found


@pytest.mark.parametrize(
    ("search", "sampler"), CASES, ids=[f"{search.name}-{name}" for search, name in CASES]
)
def test_every_sampler_searches_words_and_goes_on_from_its_records(search, sampler):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's label on QMC and GP
        records = run(search, sampler)
        assert len({record.key for record in records}) == 12
        for record in records:
            assert list(replace(search, hand_picked=(record.params,)).mistakes()) == []
            assert is_point(search, record)
            assert optuna_trial(search, record).params == record.params
        assert {record.params["optimiser"] for record in records} == {"adam", "sgd"}
        assert run(search, sampler) == records
        if SAMPLERS[sampler].renewed:
            assert run(search, sampler, records=records[:7]) == records


def test_what_is_not_searched_is_the_default_and_what_is_is_the_proposal():
    records = run(CONDITIONAL, "tpe")
    assert [record.params for record in records[:2]] == list(CONDITIONAL.hand_picked)
    for record in records:
        recipe = record.ingredients["recipe"]
        assert ("momentum" in record.params) == (record.params["optimiser"] == "sgd")
        assert recipe.get("momentum", 0.9) == record.params.get("momentum", 0.9)


def test_a_point_with_what_is_not_searched_there_is_none():
    record = explored(CONDITIONAL, 0, dict(CONDITIONAL.hand_picked[0]), [0.5] * 8)
    assert is_point(CONDITIONAL, record)
    assert not is_point(CONDITIONAL, replace(record, params={**record.params, "momentum": 0.9}))
    missing = {name: value for name, value in record.params.items() if name != "augment"}
    assert not is_point(CONDITIONAL, replace(record, params=missing))


def test_optunas_database_holds_conditional_trials(tmp_path):
    records = run(CONDITIONAL, "random")
    (tmp_path / "optuna.db").write_bytes(optuna_database([(CONDITIONAL, records)]))
    with sqlite3.connect(tmp_path / "optuna.db") as database:
        (count,) = database.execute("select count(*) from trial_params").fetchone()
    assert count == sum(len(record.params) for record in records)


def test_the_identity_of_a_search_covers_its_conditions():
    other = CONDITIONAL.space | {"momentum": If("optimiser", equals="sgd", then=Float(0.5, 0.9))}
    seeds = [SETTING.explore_seed(replace(CONDITIONAL, space=s)) for s in (MIXED, other)]
    assert len({SETTING.explore_seed(CONDITIONAL), *seeds}) == 3


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_plan_refuses_samplers_that_take_no_conditions(sampler):
    study = replace(STUDY, searches=(CONDITIONAL,), figures=())
    if SAMPLERS[sampler].conditional:
        check_study(study, PROFILES["smoke"], sampler=sampler)
        return
    with pytest.raises(StudyError, match=f"{sampler} cannot search momentum.*auto, tpe"):
        check_study(study, PROFILES["smoke"], sampler=sampler)
    check_study(replace(study, searches=(WORDS,)), PROFILES["smoke"], sampler=sampler)


def test_figures_of_a_study_with_conditions_can_be_drawn():
    check_study(replace(STUDY, searches=(CONDITIONAL,)), BUDGET, sampler="tpe")


def test_a_conditional_search_is_run_chosen_and_confirmed_and_nothing_is_trained_twice(tmp_path):
    data = square_splits(train=16, val=8, test=8)
    budget = Budget(trials=4, epochs=4, seeds=2, image_size=16)
    plan = plan_on(replace(STUDY, searches=(CONDITIONAL,)), data, budget)
    trials, _watcher = run_session(plan, data, tmp_path)
    assert len(trials.explored(CONDITIONAL)) == 4
    chosen = trials.candidates()[-1]
    assert chosen.name == "conditional" and len(trials.confirmed(chosen)) == 2
    check_agreement(trials)
    table = make_table(study_members(trials))
    assert {"adam", "sgd"} == set(table["config_optimiser"])
    assert len(run_session(plan, data, tmp_path)[0].records) == len(trials.records)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"space": {"optimizr": MIXED["optimiser"], "momentum": MOMENTUM}},
            "unknown hyper-parameter optimizr of family conv. Did you mean optimiser?",
        ),
        (
            {
                "space": {"optimiser": MIXED["optimiser"], "momentm": MOMENTUM},
                "hand_picked": ({"optimiser": "sgd", "momentum": 0.6},),
            },
            "unknown hyper-parameter momentm of family conv. Did you mean momentum?",
        ),
        (
            {"space": {"optimiser": Choice(("adam", "sdg")), "momentum": MOMENTUM}},
            "momentum is never searched: 0.5 to 0.95, where optimiser is sgd; optimiser is one of "
            "adam, sdg",
        ),
    ],
    ids=["other", "own", "value"],
)
def test_a_misspelt_name_beside_a_condition_is_named(changes, said):
    search = replace(Search("s", "S", "conv", MIXED), **changes)
    with pytest.raises(StudyError) as caught:
        check_study(replace(STUDY, searches=(search,)), BUDGET, with_figures=False)
    assert said in str(caught.value)
