"""A study in virtual time."""

from dataclasses import replace

import numpy as np
import pytest

from study.cli.simulate import MadeCurves, describe_simulated, simulate
from study.pool.dispatch import Dispatcher
from study.pool.session import Session
from study.pool.simulated import run_simulated, unrecorded
from study.search.choose import FinishedTrials
from tests.made import BUDGET, SETTING, plan_of

NAMES = ("small", "gap", "dropout")
PLAN = plan_of(
    setting=replace(SETTING, sampler="random"), budget=replace(BUDGET, trials=24, judged=False)
)
SECONDS = dict.fromkeys(NAMES, 2.0)


def run(plan=PLAN, workers=1, **options):
    dispatcher = Dispatcher(FinishedTrials(plan, {}))
    session = Session(dispatcher, unrecorded(plan))
    return dispatcher.finished, run_simulated(
        session, MadeCurves(plan, SECONDS), workers, **options
    )


def test_time_is_that_of_the_epochs_that_are_trained():
    trials, took = run()
    trained = sum(len(record.rows) for record in trials.records.values())
    assert took.seconds == took.busy == 2.0 * trained
    assert took.epochs == trained and took.utilisation == 1.0
    full = len(trials.records) * BUDGET.epochs
    assert took.saved == full - trained > 0
    assert {record.status for record in trials.records.values()} == {"complete", "stopped"}


@pytest.mark.parametrize("workers", [2, 5, 50])
def test_more_workers_take_less_time_and_never_less_than_the_longest_chain(workers):
    _, one = run()
    _, many = run(workers=workers)
    assert one.seconds / workers <= many.seconds * 1.25 and many.seconds < one.seconds
    assert 0 < many.utilisation <= 1
    assert many.seconds >= 2 * BUDGET.epochs * 2.0  # a search, and then its choice's confirmation


def test_equal_seeds_give_equal_runs_and_starting_a_trial_takes_its_time():
    (one, first), (other, second) = run(workers=3), run(workers=3)
    assert first == second and one.records.keys() == other.records.keys()
    _, slow = run(start_seconds=10.0)
    _, fast = run()
    trials = (slow.seconds - fast.seconds) / 10.0
    assert trials == pytest.approx(round(trials)) and trials >= len(one.records)


def test_rungs_of_made_curves_agree_with_the_end_in_four_of_five_pairs():
    from study.search.trial import Job

    plan = plan_of(budget=replace(BUDGET, epochs=27))
    curves = MadeCurves(plan, SECONDS)
    ingredients = {"recipe": {"epochs": 27}}
    losses = np.array(
        [
            [row["val_loss"] for row in curves.rows(Job("explore", "gap", ingredients | {"n": n}))]
            for n in range(300)
        ]
    )
    early, end = losses[:, 2], losses[:, -1]
    agree = np.sign(early[:, None] - early) == np.sign(end[:, None] - end)
    assert np.mean(agree[np.triu_indices(300, 1)]) == pytest.approx(0.8, abs=0.04)


def test_a_plan_is_simulated_and_described():
    took = simulate(PLAN, workers=4, seconds_per_epoch=2.0)
    assert took.workers == 4 and took.epochs > 0
    said = describe_simulated(PLAN, took, price=3.0)
    assert "with 4 workers" in said and "at 3 an hour" in said and "% of the searches'" in said
