"""Each search's ASHA behind the one scheduler that Tune sees, in process."""

from dataclasses import asdict
from types import SimpleNamespace

import pytest
from ray.tune.schedulers import TrialScheduler

from study.pool.dispatch import PrunedTrials
from study.search.explore import Explorer
from study.search.trial import Job
from tests.made import DROPOUT_SEARCH, SETTING, WIDTH_SEARCH

SEARCHES = (WIDTH_SEARCH, DROPOUT_SEARCH)
RUNG = 2  # epochs // 4, where ASHA first looks


@pytest.fixture
def searches():
    return {search.name: Explorer(search, SETTING, 8) for search in SEARCHES}


@pytest.fixture
def schedulers(searches):
    return PrunedTrials({name: search.scheduler for name, search in searches.items()})


def add(schedulers, name, search, prunable=True):
    ingredients = SETTING.ingredients(search.family, {}, 1)
    job = Job("explore", search.name, ingredients, number=1, prunable=prunable)
    trial = SimpleNamespace(trial_id=name, config=asdict(job))
    schedulers.on_trial_add(None, trial)
    return trial


def report(schedulers, trial, *losses):
    """All epochs so far, as a trial reports them; what is to be done with it."""
    rows = [{"epoch": epoch, "val_loss": loss} for epoch, loss in enumerate(losses, start=1)]
    result = {**rows[-1], "rows": rows, "status": "running"}
    return schedulers.on_trial_result(None, trial, result)


def rung(searches, search, milestone=RUNG):
    return dict(searches[search.name].scheduler._brackets[0]._rungs)[milestone]


def test_a_trial_is_compared_with_its_own_arm_only(schedulers):
    assert (
        report(schedulers, add(schedulers, "a", WIDTH_SEARCH), 0.9, 0.2) == TrialScheduler.CONTINUE
    )
    worse = add(schedulers, "b", DROPOUT_SEARCH)
    assert report(schedulers, worse, 0.9, 0.8) == TrialScheduler.CONTINUE
    worst = add(schedulers, "c", DROPOUT_SEARCH)
    assert report(schedulers, worst, 0.9, 0.85) == TrialScheduler.STOP


def test_a_control_trial_is_never_stopped_and_enters_no_rung(schedulers, searches):
    report(schedulers, add(schedulers, "a", WIDTH_SEARCH), 0.9, 0.2)
    control = add(schedulers, "b", WIDTH_SEARCH, prunable=False)
    assert report(schedulers, control, 0.9, 0.8) == TrialScheduler.CONTINUE
    assert list(rung(searches, WIDTH_SEARCH)) == ["a"]


def test_a_resumed_trial_enters_the_rungs_with_the_losses_that_it_had_there(schedulers, searches):
    report(schedulers, add(schedulers, "a", WIDTH_SEARCH), 0.9, 0.7, 0.6, 0.5, 0.1)
    assert rung(searches, WIDTH_SEARCH) == {"a": -0.7}
    assert rung(searches, WIDTH_SEARCH, 4) == {"a": -0.5}


def test_a_diverged_trial_does_not_poison_a_rung(schedulers, searches):
    trial = add(schedulers, "a", WIDTH_SEARCH)
    result = {"epoch": RUNG, "val_loss": float("nan"), "rows": [], "status": "diverged"}
    schedulers.on_trial_complete(None, trial, result)
    assert rung(searches, WIDTH_SEARCH) == {}


@pytest.mark.parametrize("status", ["complete", "diverged"])
def test_a_trial_resumed_in_its_last_epoch_enters_the_rungs_it_survived(
    schedulers, searches, status
):
    """Tune tells a scheduler a trial's last result by its end alone."""
    trial = add(schedulers, "a", WIDTH_SEARCH)
    rows = [{"epoch": epoch, "val_loss": 0.9 - epoch / 10} for epoch in range(1, 9)]
    schedulers.on_trial_complete(None, trial, {**rows[-1], "rows": rows, "status": status})
    assert rung(searches, WIDTH_SEARCH) == {"a": -rows[RUNG - 1]["val_loss"]}
    assert rung(searches, WIDTH_SEARCH, 4) == {"a": -rows[3]["val_loss"]}


def test_epochs_that_are_done_again_count_once(schedulers, searches):
    trial = add(schedulers, "a", WIDTH_SEARCH)
    for losses in ((0.9,), (0.9, 0.8), (0.9,), (0.9, 0.8), (0.9, 0.8, 0.7)):
        assert report(schedulers, trial, *losses) == TrialScheduler.CONTINUE
    assert rung(searches, WIDTH_SEARCH) == {"a": -0.8}
