"""What else was tried in a results folder, beside what a report counts."""

from dataclasses import replace

import pytest

from study.search.choose import FinishedTrials
from study.search.registration import registration
from study.search.tried import describe_tried
from study.store.records import Record
from tests.made import BUDGET, SETTING, STUDY, epoch_row, plan_of

TASK = replace(STUDY, searches=())
PLAN = plan_of(TASK)


def trained(plan=PLAN):
    """Records of all trainings of the plan's candidates."""
    jobs = [
        job
        for candidate in FinishedTrials(plan, {}).candidates()
        for job in candidate.jobs(plan.setting, plan.budget.seeds)
    ]
    return {
        job.key: Record(
            job.ingredients,
            "complete",
            [epoch_row(1, 0.5)],
            provenance=registration(plan, job.candidate),
        )
        for job in jobs
    }


def tried(records, plan=PLAN):
    return list(describe_tried(FinishedTrials(plan, records)))


def seeds(count, plan=PLAN):
    return replace(plan, budget=replace(BUDGET, seeds=count))


def test_a_run_that_is_alone_needs_no_caution():
    assert tried({}) == tried(trained()) == []


def test_more_seeds_are_looks_and_fewer_are_told():
    assert tried(trained(seeds(4)) | trained(), seeds(4)) == []
    (said,) = tried(trained(seeds(6)))
    assert said.startswith("4 trainings of these candidates on other seeds, all else equal")


def test_trials_that_were_added_after_trainings_are_told():
    plan, more = plan_of(STUDY), replace(BUDGET, trials=9)
    assert tried(trained(plan), plan) == []
    (said,) = tried(trained(plan), replace(plan, budget=more))
    assert "trials per search was changed from 5 to 9 after 2 trainings" in said


def test_other_base_seeds_are_told():
    other = replace(PLAN, setting=replace(SETTING, seed=1))
    (said,) = tried(trained() | trained(other))
    assert said.startswith("2 trainings of these candidates on other seeds")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"image_size": 32}, "image size"),
        ({"data": "other"}, "data"),
        ({"recipe": replace(SETTING.recipe, epochs=9)}, "epochs"),
        ({"code": dict.fromkeys(SETTING.code, "older")}, "code"),
    ],
)
def test_other_settings_are_told_with_what_differs(changes, name):
    other = replace(PLAN, setting=replace(SETTING, **changes))
    (said,) = tried(trained() | trained(other))
    assert said.startswith("2 trainings") and f"in other settings ({name})" in said


def test_another_configuration_under_the_same_name_is_told():
    (baseline,) = TASK.baselines
    wider = replace(TASK, baselines=(replace(baseline, config={"channels": 16}),))
    (said,) = tried(trained(plan_of(wider)) | trained())
    assert "in other settings (configuration)" in said


def test_a_smoke_run_shows_nothing_and_is_not_told():
    smoke = replace(PLAN, budget=replace(BUDGET, judged=False))
    other = replace(smoke, setting=replace(SETTING, image_size=32))
    assert tried(trained() | trained(other)) == []
    assert tried(trained(other) | trained(smoke), smoke) == []


def test_a_smoke_run_that_could_show_something_is_told():
    """Else one could look for the best seeds with the smoke profile, and run these alone."""
    smoke = replace(PLAN, budget=replace(BUDGET, judged=False))
    for settings, plan in (({"seed": 1}, smoke), ({"image_size": 32}, seeds(10, smoke))):
        other = replace(plan, setting=replace(SETTING, **settings))
        assert len(tried(trained() | trained(other))) == 1


def test_data_that_was_recorded_under_another_source_is_told():
    """Phantoms that were saved as files, or a plan that was edited."""
    plan = replace(PLAN, data=replace(PLAN.data, source="course"))
    (said,) = tried(trained(), plan)
    assert "of the source course" in said and "recorded on the source made" in said


@pytest.mark.parametrize("first", ["", "code"])
def test_trainings_on_other_splits_are_told(first):
    plans = {
        drawn: replace(PLAN, setting=replace(SETTING, resampling=drawn)) for drawn in ("", "code")
    }
    other = plans["" if first else "code"]
    (said,) = tried(trained(plans[first]) | trained(other), other)
    assert "2 trainings of these candidates in other settings (splits)" in said
