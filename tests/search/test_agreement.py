"""Records of different models are never averaged."""

from dataclasses import asdict, replace

import pytest

from hw3.cost import model_cost
from hw3.models import make_architecture
from study.search.agreement import check_agreement
from study.search.choose import FinishedTrials
from study.spec.errors import StudyError
from study.store.records import Record
from tests.made import SETTING, WIDTH_SEARCH, epoch_row, explored, plan_of

COST = asdict(model_cost(make_architecture("conv", {"channels": 8}, SETTING.image_size)))
OTHER = COST | {"parameters": 22_977}


def trials_of(costs, setting=SETTING):
    plan = plan_of(setting=setting)
    (candidate,) = FinishedTrials(plan, {}).baselines
    records = [
        Record(job.ingredients, "complete", [epoch_row(1, 0.5)], cost=cost)
        for job, cost in zip(candidate.jobs(setting, len(costs)), costs, strict=True)
    ]
    return FinishedTrials(plan, {record.key: record for record in records})


def test_records_of_the_model_agree_and_those_without_a_cost_say_nothing():
    check_agreement(trials_of([COST, COST]))
    check_agreement(trials_of([COST, {}]))
    check_agreement(trials_of([]))


@pytest.mark.parametrize("costs", [(COST, OTHER), (OTHER, OTHER)])
def test_a_record_of_another_model_is_an_error(costs):
    with pytest.raises(StudyError, match="small ConvModel has records of different models") as said:
        check_agreement(trials_of(costs))
    assert "22,977 parameters" in str(said.value)
    assert f"{COST['parameters']:,} parameters" in str(said.value)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"channels": "x"},
        {"channels": [32]},
        {"channels": 2**62},
        {"channels": 33},
        {"width": 1},
    ],
)
def test_a_trial_that_is_told_to_be_of_another_point_is_an_error(params):
    record = replace(explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8), params=params)
    with pytest.raises(StudyError, match=f"params.*{record.key}"):
        check_agreement(FinishedTrials(plan_of(), {record.key: record}))


def test_records_of_other_code_are_compared_with_each_other_only():
    """As in a report on a run whose code was changed since."""
    setting = replace(SETTING, code=dict.fromkeys(SETTING.code, "another"))
    check_agreement(trials_of([OTHER, OTHER], setting))
    with pytest.raises(StudyError, match="different models"):
        check_agreement(trials_of([COST, OTHER], setting))
