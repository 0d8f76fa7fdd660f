"""What a study does not have after its run is told."""

from dataclasses import replace

from study.search.choose import FinishedTrials
from study.search.missing import describe_missing
from study.store.records import Record
from tests.made import BUDGET, STUDY, WIDTH_SEARCH, epoch_row, explored, plan_of

PLAN = plan_of(replace(STUDY, searches=(WIDTH_SEARCH,)))
CHOSEN = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8)


def trials_of(statuses, *others):
    """With a record of the one baseline for each status."""
    (candidate,) = FinishedTrials(PLAN, {}).baselines
    jobs = candidate.jobs(PLAN.setting, BUDGET.seeds)
    records = [
        Record(job.ingredients, status, [epoch_row(1, 0.5)])
        for job, status in zip(jobs, statuses, strict=False)
    ]
    return FinishedTrials(PLAN, {one.key: one for one in (*records, *others)})


def missing(trials, fewer=0):
    wanted = dict.fromkeys(trials.plan.study.labels(), BUDGET.seeds - fewer)
    return list(describe_missing(trials, wanted))


def test_failed_and_absent_trainings_are_told_apart():
    said = missing(trials_of(["failed"], CHOSEN))
    assert "small ConvModel: 1 of 2 trainings failed" in said
    assert "small ConvModel: 1 of 2 trainings are not recorded" in said
    assert "GAP, chosen: 2 of 2 trainings are not recorded" in said


def test_a_search_without_a_choice_is_told():
    stopped = replace(CHOSEN, status="stopped")
    said = missing(trials_of(["complete", "diverged"], stopped))
    assert said == ["GAP, chosen: no trial of the search reached its last epoch"]


def test_what_is_complete_or_diverged_is_not_missing():
    plan = replace(PLAN, study=replace(STUDY, searches=()))
    trials = FinishedTrials(plan, trials_of(["complete", "diverged"]).records)
    assert missing(trials) == []
    assert missing(trials, fewer=1) == []
