"""The trials of a run that has trained some of everything."""

from collections.abc import Sequence
from dataclasses import replace

from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.spec.claim import Claim
from study.spec.figures import Figure
from study.store.records import Record
from tests.made import DROPOUT_SEARCH, STUDY, WIDTH_SEARCH, explored, plan_of

CLAIMS = (Claim("small_is_good", "small", "test_accuracy", above=0.7),)
FIGURES = (
    Figure("answer", "comparison", "The candidates"),
    Figure("search", "search", "The search"),
    Figure("rungs", "rungs", "The rungs"),
    Figure(
        *("response", "response", "Accuracy over channels"),
        {"search": "gap", "x": "config_channels", "metrics": ("val_accuracy", "test_accuracy")},
    ),
)
CHANNELS = (8, 16, 24, 48)


def running_plan() -> Plan:
    command = "python -m study run made.py --results there"
    study = replace(STUDY, claims=CLAIMS, figures=FIGURES)
    return replace(plan_of(study), command=command)


def running_trials(plan: Plan, scores: Sequence[float] = (0.5,)) -> FinishedTrials:
    """All trials of the searches, and with each score a training and a timing of the baseline."""
    records = [
        explored(WIDTH_SEARCH, number, {"channels": channels}, [0.9 - channels / 100] * 8)
        for number, channels in enumerate(CHANNELS)
    ]
    records += [
        explored(DROPOUT_SEARCH, number, {"dropout": number / 10}, [0.8] * 3, "stopped")
        for number in range(3)
    ]
    trials = FinishedTrials(plan, {record.key: record for record in records})
    for candidate in trials.candidates():
        for number, score in enumerate(scores):
            for job in (
                candidate.jobs(plan.setting, number + 1)[-1],
                candidate.timings(plan.setting, number + 1)[-1],
            ):
                record = unjudged(records[0], job.ingredients, score)
                trials.records[record.key] = record
    return trials


def unjudged(like: Record, ingredients: dict, score: float) -> Record:
    """A training on which claims are judged, all of whose numbers are this score."""
    row = {name: score for name in like.rows[0]} | {"epoch": 8}
    rows = [row | {"epoch": epoch} for epoch in range(1, 9)]
    part = [{"epoch": 8, "loss": score, "accuracy": score, "auroc": score}]
    return replace(
        like, ingredients=ingredients, rows=rows, val=part, test=part, params={}, provenance={}
    )
