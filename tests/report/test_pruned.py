"""What a report says about stopping."""

import pandas as pd

from study.report.pruned import describe_pruning
from tests.made import DROPOUT_SEARCH, STUDY

EPOCHS = 9


def table(curves):
    """One row for each epoch of explored trials: losses, and whether nothing could stop it."""
    rows = []
    for number, (losses, unpruned) in enumerate(curves):
        for epoch, loss in enumerate(losses, start=1):
            rows.append(
                {
                    "stage": "explore",
                    "candidate": DROPOUT_SEARCH.name,
                    "key": f"trial {number}",
                    "number": number,
                    "epoch": epoch,
                    "epochs": EPOCHS,
                    "is_final": epoch == len(losses),
                    "status": "complete" if len(losses) == EPOCHS else "stopped",
                    "pruned_by": "none" if unpruned else "asha",
                    "objective": "val_loss",
                    "val_loss": loss,
                }
            )
    return pd.DataFrame(rows)


def steady(loss):
    return [loss] * EPOCHS


def test_what_was_saved_and_that_the_best_would_have_gone_on():
    curves = [(steady(0.1), True), (steady(0.2), True), ([0.3], False)]
    ((_, said),) = describe_pruning(STUDY, table(curves))
    assert said == (
        "dropout: stopping trials early saved 30 % of the epochs. 2 trials were never stopped, to "
        "see whether stopping loses good ones. The best: it was good enough at each of the epochs "
        "at which the others may be stopped."
    )


def test_that_the_best_would_have_been_stopped():
    late = [0.9, 0.9, 0.9, *[0.05] * (EPOCHS - 3)]
    curves = [(steady(0.1), True), (late, True), (steady(0.2), True), ([0.3], False)]
    ((_, said),) = describe_pruning(STUDY, table(curves))
    assert "The best: it would have been stopped at epochs 1 and 3, had stopping" in said


def test_nothing_is_said_where_nothing_could_be_stopped():
    assert list(describe_pruning(STUDY, table([(steady(0.1), True), (steady(0.2), True)]))) == []
