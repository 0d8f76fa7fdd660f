"""Searches that optimise a metric which no epoch's row has: workers compute it."""

from dataclasses import replace

import numpy as np
import pytest

from hw3.engine import Recipe, predict, start_training, train_epochs
from hw3.engine.images import resident
from hw3.metrics import METRICS, Metric
from hw3.models import make_architecture
from hw3.numerics import Numerics
from study.pool.worker import Worker
from study.search.explore import Explorer
from study.search.trial import MEASURED, Job
from study.spec.budget import Budget
from study.table.members import study_members
from study.table.rows import make_table
from tests.made import STUDY, square_splits
from tests.sessions import plan_on, run_session

BUDGET = Budget(trials=3, epochs=4, seeds=1, image_size=16)


def spread(logits, labels):
    return float(np.std(logits))


@pytest.fixture(scope="module")
def data():
    return square_splits()


def trained_logits(record, data):
    """What the record's model answers to the validation images at its end."""
    parts = record.ingredients
    architecture = make_architecture(parts["family"], parts["config"], parts["image_size"])
    training = start_training(
        architecture, Recipe(**parts["recipe"]), parts["seed"], Numerics(**parts["numerics"])
    )
    for _ in train_epochs(training, data):
        if training.epoch == len(record.rows):
            break
    return predict(training, resident(data.val, training.device)[0])


@pytest.mark.parametrize("name", ["average_precision", "spread"])
def test_a_search_optimises_a_metric_that_is_computed_at_every_epoch(
    name, data, tmp_path, monkeypatch
):
    own = Metric("spread of the logits", spread, higher_is_better=False, unit="")
    monkeypatch.setitem(METRICS, "spread", own)
    study = replace(STUDY, objective=f"val_{name}")
    plan = plan_on(study, data, BUDGET)
    trials, _ = run_session(plan, data, tmp_path)
    for search in study.searches:
        explored = trials.explored(search)
        assert len(explored) == 3
        assert all(row["scores"].keys() == {name} for one in explored for row in one.rows)
        ends = {
            (one.rows[-1]["scores"][name], one.key): one.ingredients["config"]
            for one in explored
            if one.is_full_length
        }
        chosen, best = trials.chosen(search), max if METRICS[name].higher_is_better else min
        assert chosen is not None and chosen.config in [
            config for (value, _), config in ends.items() if value == best(ends)[0]
        ]
    first = trials.explored(study.searches[0])[0]
    expected = METRICS[name](trained_logits(first, data), data.val.labels)
    assert first.rows[-1]["scores"][name] == pytest.approx(expected, rel=1e-5)
    table = make_table(study_members(trials))
    explored = table.loc[table["stage"] == "explore"]
    assert explored[f"val_{name}"].notna().all()
    assert set(explored["objective"]) == {f"val_{name}"}
    assert table.loc[(table["stage"] == "confirm") & table["is_final"], f"val_{name}"].notna().all()

    before = set(trials.records)
    again, _ = run_session(plan, data, tmp_path)
    assert set(again.records) == before
    for_loss, _ = run_session(plan_on(STUDY, data, BUDGET), data, tmp_path)
    (baseline,) = for_loss.baselines
    assert {one.key for one in for_loss.confirmed(baseline).values()} <= before
    new = [one for key, one in for_loss.records.items() if key not in before]
    assert not any("scores" in row for one in new for row in one.rows)


def test_a_trial_that_diverges_has_no_score_of_its_last_epoch(data):
    plan = plan_on(replace(STUDY, objective="val_f1"), data, BUDGET)
    setting = replace(plan.setting, recipe=replace(plan.setting.recipe, learning_rate=1e30))
    job = Explorer(STUDY.searches[0], setting, 1).propose()
    assert job is not None
    worker = Worker(data.without_test())
    worker.begin(job)
    while not worker.is_over:
        (report,) = worker.train_epoch().values()
    assert report.status == "diverged" and report.rows[-1]["scores"] == {"f1": None}


def test_a_worker_with_another_metric_than_the_driver_trains_nothing(data):
    plan = plan_on(replace(STUDY, objective="val_f1"), data, BUDGET)
    search = STUDY.searches[0]
    config = search.config(search.middle())
    ingredients = plan.setting.explore_ingredients(search, config)
    ingredients |= {MEASURED: {"f1": "0123"}}
    worker = Worker(data.without_test())
    worker.begin(Job("explore", search.name, ingredients))
    with pytest.raises(RuntimeError, match="other code for the metric f1"):
        worker.train_epoch()
