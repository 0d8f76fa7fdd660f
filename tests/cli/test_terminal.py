"""What the terminal shows after a run."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from study.cli.terminal import conclude
from study.spec.claim import Claim
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import STUDY, WIDTH_SEARCH, explored, plan_of

PLAN = plan_of(
    replace(STUDY, claims=(Claim("level", "small", "val_accuracy", above=0.9),), figures=())
)


@pytest.fixture
def said(tmp_path):
    """What is said of a run with these records."""

    def said(records=(), plan=PLAN):
        store = RecordStore(LocalFolder(tmp_path))
        for record in records:
            store.write(record)
        console = Console(file=io.StringIO(), width=200)
        conclude(plan, LocalFolder(tmp_path), console)
        return console.file.getvalue()

    return said


def test_failed_trainings_are_counted_with_the_error_of_the_first(said):
    whole, later, first = (
        explored(WIDTH_SEARCH, number, {"channels": 8 + number}, [0.5] * 8) for number in range(3)
    )
    failed = [
        replace(
            record,
            status="failed",
            error=f"Traceback\n  File x\nValueError: [{when}]\n",
            provenance=record.provenance | {"finished": when},
        )
        for record, when in ((later, "2026-02-02"), (first, "2026-01-01"))
    ]
    assert "2 of 3 trainings failed. The first: ValueError: [2026-01-01]\n" in said(
        [whole, *failed]
    )


def test_the_error_of_a_failed_training_cannot_act_on_the_terminal(said):
    record = explored(WIDTH_SEARCH, 0, {"channels": 8}, [0.5] * 8)
    text = said([replace(record, status="failed", error="ValueError: \x1b[2J")])
    assert r"ValueError: \x1b[2J" in text


def test_nothing_is_said_of_failures_where_there_are_none(said):
    assert "failed" not in said()


def test_a_smoke_run_lists_its_claims_and_says_once_that_it_judges_none(said):
    text = said(plan=replace(PLAN, budget=replace(PLAN.budget, judged=False)))
    assert "– not judged (smoke)  small ConvModel: validation accuracy is above 90.0 %." in text
    assert text.count("judges nothing") == 1
    assert "seeds," not in text and "p =" not in text
