"""When trials of one search stop, in process."""

from dataclasses import replace

import pytest

from study.search.horizon import REPRODUCIBLE
from study.search.pruning import FIRST_UNPRUNED, Pruner, is_unpruned
from study.search.trial import Job, rung_epochs
from study.store.records import STOPPED_AT
from tests.made import DROPOUT_SEARCH, explored

EPOCHS = 9
RUNGS = rung_epochs(EPOCHS)  # 1 and 3


def rows(*losses):
    return [{"epoch": epoch, "val_loss": loss} for epoch, loss in enumerate(losses, start=1)]


def job(number):
    return Job("explore", "dropout", {"n": number}, {}, number, not is_unpruned(number))


def record(number, losses, status="complete", **provenance):
    made = explored(DROPOUT_SEARCH, number, {"dropout": number / 100}, losses, status)
    unpruned = "none" if is_unpruned(number) else "asha"
    return replace(made, pruned_by=unpruned, provenance=made.provenance | provenance)


def curve(at_rung, end):
    return [at_rung] * RUNGS[-1] + [end] * (EPOCHS - RUNGS[-1])


def pruner_of(records, **options):
    pruner = Pruner(EPOCHS, **options)
    for one in records:
        pruner.finish(one)
    return pruner


AGREEING = [record(number, curve(loss, loss)) for number, loss in enumerate((0.5, 0.6, 0.7, 0.8))]
REVERSED = [record(number, curve(-loss, loss)) for number, loss in enumerate((0.5, 0.6, 0.7, 0.8))]


def test_rungs_are_a_third_and_a_ninth_of_a_trial():
    assert rung_epochs(27) == [1, 3, 9] and rung_epochs(52) == [2, 6, 18]
    assert rung_epochs(12) == [2, 4] and rung_epochs(3) == [1] and rung_epochs(2) == []
    for epochs in range(1, 100):
        assert all(1 <= epoch < epochs for epoch in rung_epochs(epochs))


def test_the_first_trials_and_ever_fewer_of_the_others_run_to_their_end():
    unpruned = [number for number in range(100) if is_unpruned(number)]
    assert unpruned == [*range(FIRST_UNPRUNED), 8, 16, 32, 64]


def test_nothing_stops_before_the_rungs_have_shown_that_they_agree():
    assert not Pruner(EPOCHS).stops(job(5), rows(99.0))
    assert not pruner_of(AGREEING[:2]).stops(job(5), rows(99.0))
    assert pruner_of(AGREEING).stops(job(5), rows(99.0))


def test_a_rung_whose_order_is_not_that_of_the_end_stops_nothing():
    assert not pruner_of(REVERSED).stops(job(5), rows(99.0))
    mixed = [
        record(number, curve(loss, end))
        for number, (loss, end) in enumerate([(0.5, 0.6), (0.6, 0.5), (0.7, 0.8), (0.8, 0.7)])
    ]
    assert not pruner_of(mixed).stops(
        job(5), rows(99.0)
    )  # four pairs of six are as likely by chance


def test_a_rung_closes_when_later_unpruned_trials_disagree():
    pruner = pruner_of(AGREEING)
    assert pruner.is_open(RUNGS[0], 20)
    pruner.finish(record(8, curve(0.9, 0.1)))
    assert not pruner.is_open(RUNGS[0], 20)


def test_the_best_third_goes_on():
    pruner = pruner_of(AGREEING)
    assert not pruner.stops(job(4), rows(0.55))  # second of five, of which two go on
    assert pruner.stops(job(5), rows(0.65))
    assert not pruner.stops(job(6), rows(0.45))


def test_unpruned_trials_are_asked_and_never_stopped():
    assert not pruner_of(AGREEING).stops(job(8), rows(99.0))


def test_epochs_that_are_done_again_count_once():
    pruner = pruner_of(AGREEING)
    for losses in ((0.4,), (0.4, 0.4), (0.4,), (0.4, 0.4)):
        assert not pruner.stops(job(5), rows(*losses))
    # a resumed trial brings the epochs before, which it survived
    assert not pruner.stops(job(6), rows(99.0, 99.0))
    assert list(pruner._rungs[1].numbers) == [0, 1, 2, 3, 5, 6]


def test_a_trial_without_a_score_does_not_spoil_a_rung():
    pruner = pruner_of(AGREEING)
    assert not pruner.stops(job(5), rows(None))
    assert list(pruner._rungs[1].numbers) == [0, 1, 2, 3]


def test_what_a_rung_would_let_pass_by_now_is_resumed():
    stopped = record(5, [0.65], "stopped")
    pruner = pruner_of([*AGREEING, stopped])
    assert pruner.resumable() == []
    for number in range(9, 16):  # worse ones
        pruner.finish(record(number, [0.9], "stopped"))
    assert pruner.resumable() == [stopped.key]
    went_on = record(5, curve(0.65, 0.1), **{STOPPED_AT: 1})
    pruner.finish(went_on)
    assert pruner.resumable() == []
    assert list(pruner._rungs[3].numbers) == [0, 1, 2, 3]  # it was chosen, and compares with none
    assert list(pruner._rungs[1].numbers).count(5) == 1
    again = pruner_of([*AGREEING, went_on, *(record(n, [0.9], "stopped") for n in range(9, 16))])
    assert again.resumable() == []


def test_what_a_closed_rung_has_stopped_is_resumed():
    stopped = record(5, [0.95], "stopped")
    pruner = pruner_of([*AGREEING, stopped])
    pruner.finish(record(8, curve(0.99, 0.1)))
    assert pruner.resumable() == [stopped.key]


def test_a_reproducible_decision_sees_what_is_far_enough_behind_and_no_more():
    seen = pruner_of(AGREEING, horizon=REPRODUCIBLE)
    assert not seen.stops(job(9), rows(99.0))  # sees 0 and 1
    assert seen.stops(job(11), rows(99.0))
    more = pruner_of(
        [*AGREEING, record(8, curve(0.9, 0.1)), record(7, [98.0], "stopped")], horizon=REPRODUCIBLE
    )
    assert more.stops(job(11), rows(99.0))
    assert not more.stops(job(12), rows(0.1)) and more.stops(job(13), rows(0.7))


@pytest.mark.parametrize("objective", ["val_auroc", "val_f1"])
def test_of_what_is_maximised_the_greatest_goes_on(objective):
    def scored(*scores):
        return [
            {"epoch": epoch, "val_auroc": score, "scores": {"f1": score}}
            for epoch, score in enumerate(scores, start=1)
        ]

    pruner = Pruner(EPOCHS, objective)
    for one in AGREEING:
        scores = [1 - row["val_loss"] for row in one.rows]
        pruner.finish(replace(one, rows=scored(*scores)))
    assert not pruner.stops(job(5), scored(0.9)) and pruner.stops(job(6), scored(0.1))
