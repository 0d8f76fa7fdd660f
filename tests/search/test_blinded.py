"""What a run that is under way may show of its trials."""

from dataclasses import replace

from study.search.blinded import may_show, shown_trials
from study.search.choose import FinishedTrials
from tests.made import WIDTH_SEARCH, explored, plan_of


def test_the_search_is_shown_and_nothing_that_claims_are_judged_on():
    plan = plan_of()
    record = explored(WIDTH_SEARCH, 0, {"channels": 8}, [0.7] * 8)
    trials = FinishedTrials(plan, {record.key: record})
    baseline = trials.baselines[0]
    jobs = [*baseline.jobs(plan.setting, 2), *baseline.timings(plan.setting, 1)]
    others = [replace(record, ingredients=job.ingredients, params={}) for job in jobs]
    trials.records |= {other.key: other for other in others}
    assert len(trials.records) == 4
    assert list(shown_trials(trials).records) == [record.key]
    assert [may_show(stage) for stage in ("explore", "confirm", "timing")] == [True, False, False]
