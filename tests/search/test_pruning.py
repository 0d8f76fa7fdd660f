"""ASHA over the trials of one search, in process."""

import pytest

from study.search.pruning import Pruner
from study.search.trial import rung_epochs
from tests.made import DROPOUT_SEARCH, explored

EPOCHS, RUNG = 8, 2  # ASHA first looks after a quarter of the epochs


def rows(*losses):
    return [{"epoch": epoch, "val_loss": loss} for epoch, loss in enumerate(losses, start=1)]


def rung(pruner, milestone=RUNG):
    return dict(pruner.asha._brackets[0]._rungs)[milestone]


def record(number, losses, status="complete"):
    return explored(DROPOUT_SEARCH, number, {"dropout": number / 10}, losses, status)


def test_the_worse_half_is_stopped_at_a_rung():
    pruner = Pruner(EPOCHS)
    assert not pruner.stops("a", rows(0.9, 0.8))
    assert pruner.stops("b", rows(0.9, 0.85))
    assert not pruner.stops("c", rows(0.9, 0.7))


def test_a_resumed_trial_enters_the_rungs_with_the_losses_that_it_had_there():
    pruner = Pruner(EPOCHS)
    assert not pruner.stops("a", rows(0.9, 0.7, 0.6, 0.5, 0.1))
    assert rung(pruner) == {"a": -0.7}
    assert rung(pruner, 4) == {"a": -0.5}


def test_epochs_that_are_done_again_count_once():
    pruner = Pruner(EPOCHS)
    for losses in ((0.9,), (0.9, 0.8), (0.9,), (0.9, 0.8), (0.9, 0.8, 0.7)):
        assert not pruner.stops("a", rows(*losses))
    assert rung(pruner) == {"a": -0.8}


def test_a_diverged_trial_does_not_spoil_a_rung():
    pruner = Pruner(EPOCHS)
    assert not pruner.stops("a", rows(0.9, None))
    assert rung(pruner) == {}


@pytest.mark.parametrize(
    ("losses", "status"), [([0.9, 0.8, 0.7, 0.6], "stopped"), ([0.8] * 8, "complete")]
)
def test_finished_trials_fill_the_rungs_as_if_they_had_been_watched(losses, status):
    finished = record(1, losses, status)
    watched, replayed = Pruner(EPOCHS), Pruner(EPOCHS, [finished])
    for epochs in range(1, len(losses) + 1):
        watched.stops(finished.key, finished.rows[:epochs])
    watched.finish(finished)
    for milestone in rung_epochs(EPOCHS):
        assert rung(watched, milestone) == rung(replayed, milestone) != {}
    assert replayed.stops("new", rows(0.95, 0.95))


def test_control_trials_do_not_enter_the_rungs():
    assert rung(Pruner(EPOCHS, [record(0, [0.5] * 8)])) == {}


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 12, 30])
def test_rung_epochs_are_those_of_asha(epochs):
    rungs = [epoch for epoch, _ in Pruner(epochs).asha._brackets[0]._rungs]
    assert rung_epochs(epochs) == sorted(epoch for epoch in rungs if epoch < epochs)
