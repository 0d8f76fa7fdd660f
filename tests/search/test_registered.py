"""Claims that stood before the trainings that they read, and those that did not."""

from dataclasses import replace

import pytest

from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.registered import claim_notes, confirmed_of, describe_notes, registration
from study.search.trial import Setting
from study.spec.study import Baseline, Claim
from study.store.records import Record
from tests.made import BUDGET, SETTING, STUDY, WIDTH_SEARCH, epoch_row, explored, plan_of

LEVEL = Claim("level", "small", "val_accuracy", above=0.5)
WIDER = Claim("wider", "gap", "val_loss", "small", below=0.0)
TASK = replace(STUDY, claims=(LEVEL, WIDER))
CONFIGS = {"small": ("conv", {"channels": 8}), "gap": ("gap", {"channels": 16})}


def record(name, seed, study=TASK, setting=SETTING, status="complete"):
    """A confirmed training of a candidate, recorded with the study's claims."""
    ingredients = setting.ingredients(*CONFIGS[name], seed)
    return Record(ingredients, status, [epoch_row(1, 0.5)], provenance=registration(study))


def notes(*records, study=TASK, plan: Plan | None = None):
    plan = replace(plan or plan_of(), study=study)
    return claim_notes(FinishedTrials(plan, {one.key: one for one in records}))


def trainings(study=TASK, setting: Setting = SETTING, names=("small", "gap"), count=3):
    return [record(name, seed, study, setting) for name in names for seed in range(count)]


def test_claims_that_were_recorded_with_all_trainings_need_no_note():
    assert notes() == {}
    assert notes(*trainings()) == {}
    assert describe_notes({}) == ""


def test_a_changed_claim_is_told_with_what_was_known():
    changed = replace(TASK, claims=(LEVEL, replace(WIDER, below=0.1)))
    assert notes(*trainings(), study=changed) == {
        "wider": "changed after 3 trainings that it reads had been recorded"
    }


def test_words_may_change():
    assert notes(*trainings(), study=replace(TASK, claims=(LEVEL, replace(WIDER, quote="x")))) == {}


def test_added_and_dropped_claims_are_told():
    added = replace(WIDER, name="added", metric="val_accuracy", above=0.1, below=1.0)
    said = notes(*trainings(), study=replace(TASK, claims=(LEVEL, added)))
    assert said["added"].startswith("added after 3 trainings")
    assert said["wider"].startswith("dropped")
    assert "added" in describe_notes(said) and "wider" in describe_notes(said)


def test_further_seeds_do_not_make_a_late_claim_early():
    changed = replace(TASK, claims=(replace(LEVEL, above=0.6), WIDER))
    later = [record(name, seed, changed) for name in CONFIGS for seed in range(3, 9)]
    assert notes(*trainings(), *later, study=changed) == {
        "level": "changed after 3 trainings that it reads had been recorded"
    }
    assert set(notes(*trainings(), *later)) == {"level"}  # nor does changing it back


@pytest.mark.parametrize(
    "setting",
    [replace(SETTING, image_size=64), replace(SETTING, data="other"), replace(SETTING, code={})],
)
def test_trainings_of_any_profile_data_and_code_count(setting):
    changed = replace(TASK, claims=(replace(LEVEL, above=0.6), WIDER))
    assert set(notes(*trainings(setting=setting), study=changed)) == {"level"}


def test_a_plan_that_was_deleted_or_a_smoke_run_hides_nothing():
    """Nothing but the records is looked at."""
    changed = replace(TASK, claims=(replace(LEVEL, above=0.6), WIDER))
    smoke = replace(plan_of(), budget=replace(BUDGET, judged=False))
    assert set(notes(*trainings(), study=changed, plan=smoke)) == {"level"}


def test_another_studys_trainings_count_where_they_give_the_effect():
    other = replace(STUDY, name="other", claims=())
    assert set(notes(*trainings(other))) == {"level", "wider"}
    of_baseline = [record("small", seed, other) for seed in range(3)]
    assert set(notes(*of_baseline)) == {"level"}  # a comparison needs both sides
    of_choice = [record("gap", seed) for seed in range(3)]
    assert set(notes(*of_baseline, *of_choice)) == {"level"}
    assert notes(*of_baseline)["level"].startswith("added")


def test_trainings_that_show_nothing_do_not_count():
    other = replace(STUDY, name="other", claims=())
    failed = record("small", 0, other, status="failed")
    trial = explored(WIDTH_SEARCH, 0, {"channels": 16}, [0.5] * 8)
    assert notes(failed, trial) == {}


def test_a_search_does_not_count_the_trainings_of_a_baseline_of_its_family():
    wide = Baseline("wide", "wide", "gap", {"channels": 16})
    plan = replace(plan_of(), study=replace(TASK, baselines=(*TASK.baselines, wide)))
    trials = FinishedTrials(plan, {one.key: one for one in trainings()})
    assert confirmed_of(trials, "gap") == []
    assert len(confirmed_of(trials, "wide")) == 3
