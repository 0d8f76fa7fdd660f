"""Looks that were taken are known from the records of the trainings that they looked at."""

from dataclasses import replace

import pytest

from study.search.choose import FinishedTrials
from study.search.looks import LOOKS, looks_of, planned_looks, taken_looks
from study.search.registration import STUDY
from study.spec.baseline import Baseline
from study.spec.claim import Claim, Scale
from study.stats.looks import NO_LOOKS, Looks, plan_looks
from study.store.records import Record
from tests.made import BUDGET, epoch_row, plan_of
from tests.made import STUDY as MADE

BETTER = Claim("better", "small", "val_loss", "wide", below=0.0)
TASK = replace(
    MADE,
    baselines=(*MADE.baselines, Baseline("wide", "wide ConvModel", "conv", {"channels": 16})),
    searches=(),
    claims=(BETTER,),
)
TEN = plan_looks(10, 10, 1)


def plan_with(seeds, first=None, study=TASK):
    return plan_of(study, budget=replace(BUDGET, seeds=seeds, first_seeds=first))


def trained(seeds, looks, name=TASK.name, only=("small", "wide")):
    """Both candidates' trainings on so many seeds, recorded with these looks."""
    trials = FinishedTrials(plan_with(seeds), {})
    recorded = planned_looks(replace(trials.plan, looks=looks)) | {STUDY: name}
    return {
        job.key: Record(job.ingredients, "complete", [epoch_row(1, 0.5)], provenance=recorded)
        for candidate in trials.candidates()
        if candidate.name in only
        for job in candidate.jobs(trials.plan.setting, seeds)
    }


@pytest.mark.parametrize(("seeds", "first"), [(10, None), (30, 10), (10, 30)])
def test_a_fresh_study_has_the_looks_of_its_seeds(seeds, first):
    looks = looks_of(FinishedTrials(plan_with(seeds, first), {}))
    assert looks == plan_looks(min(first or seeds, seeds), seeds, 1)


def test_a_later_run_with_more_seeds_has_what_is_left():
    trials = FinishedTrials(plan_with(24), trained(10, TEN))
    assert taken_looks(trials) == TEN
    looks = looks_of(trials)
    assert looks.seeds == (10, 24)
    assert looks.shares[0] == TEN.shares[0]
    assert sum(looks.shares) <= 1


def test_the_same_run_again_has_the_same_looks():
    assert looks_of(FinishedTrials(plan_with(10), trained(10, TEN))) == TEN


@pytest.mark.parametrize(
    "records",
    [
        trained(9, TEN),  # the look has not been reached
        trained(10, TEN, only=("small",)),  # nor has it for a claim about both
        trained(10, TEN, name="other"),  # another study looked
    ],
)
def test_a_look_that_was_not_taken_is_not_spent(records):
    assert taken_looks(FinishedTrials(plan_with(10), records)) == NO_LOOKS


def test_of_looks_at_one_number_of_seeds_the_greatest_share_counts():
    records = trained(10, Looks((10,), (0.2,))) | trained(3, Looks((10,), (0.6,)))
    assert taken_looks(FinishedTrials(plan_with(10), records)) == Looks((10,), (0.6,))


def test_a_study_without_claims_at_this_scale_has_no_looks():
    scaled = replace(TASK, claims=(replace(BETTER, scale=Scale(30, 256)),))
    assert looks_of(FinishedTrials(plan_with(10, study=scaled), {})) == NO_LOOKS


def test_where_a_claim_is_about_a_mean_a_look_has_its_whole_share():
    about_means = replace(TASK, claims=(replace(BETTER, about="mean"),))
    assert looks_of(FinishedTrials(plan_with(10, study=about_means), {})).shares == (1.0,)


def test_records_hold_pairs_of_seeds_and_share():
    plan = replace(plan_with(30, 10), looks=plan_looks(10, 30, 1))
    assert planned_looks(plan)[LOOKS] == list(zip(plan.looks.seeds, plan.looks.shares, strict=True))
