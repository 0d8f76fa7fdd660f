"""Claims that stood before the trainings that they read, and those that did not."""

from dataclasses import replace

import pytest

from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.registered import claim_notes, confirmed_of, describe_notes
from study.search.registration import NO_OTHERS, claim_digests, registration
from study.search.trial import Setting
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.store.records import Record
from tests.made import BUDGET, SETTING, STUDY, WIDTH_SEARCH, epoch_row, explored, plan_of

LEVEL = Claim("level", "small", "val_accuracy", above=0.5)
WIDER = Claim("wider", "gap", "val_loss", "small", below=0.0)
TASK = replace(STUDY, claims=(LEVEL, WIDER))
CONFIGS = {"small": ("conv", {"channels": 8}), "gap": ("gap", {"channels": 16})}


def record(name, seed, study=TASK, setting=SETTING, status="complete", others=NO_OTHERS, hour=12):
    """A confirmed training of a candidate, recorded with the study's claims and those of others."""
    ingredients = setting.ingredients(*CONFIGS[name], seed)
    provenance = registration(plan_of(study), name, others)
    provenance["finished"] = f"2026-03-01T{hour:02}:00:00+00:00"
    return Record(ingredients, status, [epoch_row(1, 0.5)], provenance=provenance)


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
    of_baseline = [record("small", seed, other, hour=11) for seed in range(3)]
    assert set(notes(*of_baseline)) == {"level"}  # a comparison needs both sides
    of_choice = [record("gap", seed) for seed in range(3)]
    assert set(notes(*of_baseline, *of_choice)) == {"level"}
    assert "cannot be told: other recorded them" in notes(*of_baseline)["level"]


def test_trainings_that_show_nothing_do_not_count():
    other = replace(STUDY, name="other", claims=())
    failed = record("small", 0, other, status="failed")
    trial = explored(WIDTH_SEARCH, 0, {"channels": 16}, [0.5] * 8)
    assert notes(failed, trial) == {}


def test_a_search_does_not_count_the_trainings_of_a_baseline_of_its_family():
    wide = Baseline("wide", "wide", "gap", {"channels": 16})
    plan = replace(plan_of(), study=replace(TASK, baselines=(*TASK.baselines, wide)))
    of_another = trainings(replace(TASK, name="other"))
    trials = FinishedTrials(plan, {one.key: one for one in of_another})
    assert confirmed_of(trials, "gap") == []
    assert len(confirmed_of(trials, "wide")) == 3


def test_a_search_does_not_count_what_it_could_not_choose():
    other = replace(TASK, name="other")
    wide = {**SETTING.ingredients("gap", {"channels": 16, "hidden": 32}, 0)}
    record = Record(
        wide, "complete", [epoch_row(1, 0.5)], provenance=registration(plan_of(other), "x")
    )
    assert confirmed_of(FinishedTrials(plan_of(TASK), {record.key: record}), "gap") == []


def with_baseline(**changes):
    """The task with another small model."""
    return replace(TASK, baselines=(replace(TASK.baselines[0], **changes),))


@pytest.mark.parametrize(
    "study",
    [
        with_baseline(config={"channels": 9}),
        with_baseline(label="wide ConvModel"),
        replace(TASK, claims=(replace(LEVEL, text="It is no good"), replace(WIDER, below=0.1))),
    ],
    ids=["configuration", "label", "text"],
)
def test_what_changes_the_meaning_of_a_claim_changes_the_claim(study):
    """The names and regions alone would let candidates trade places after the run."""
    said = notes(*trainings(), study=study)
    assert set(said) == {"level", "wider"}
    assert all(note.startswith("changed after") for note in said.values())


def test_of_claims_picked_from_another_study_nobody_can_tell_when_they_were_written():
    picked = replace(TASK, name="picked", claims=(LEVEL,))
    said = notes(*trainings(), study=picked)["level"]
    assert said.startswith("whether it stood before 3 trainings that it reads cannot be told: made")
    assert "known to have been written before" in describe_notes({"level": said})


OTHER = replace(STUDY, name="other", claims=())


def of_other(study=None, hour=12):
    """Trainings of both candidates by another study, which knew the claims of this one."""
    others = {} if study is None else {study.name: claim_digests(study)}
    return [
        record(name, seed, OTHER, others=others, hour=hour) for name in CONFIGS for seed in range(3)
    ]


def test_claims_that_another_studys_trainings_know_stood_before_them():
    assert notes(*of_other(TASK)) == {}


@pytest.mark.parametrize(
    ("before", "done"),
    [
        (replace(TASK, claims=(LEVEL,)), "added"),
        (replace(TASK, claims=(LEVEL, replace(WIDER, below=0.1))), "changed"),
    ],
)
def test_claims_that_another_studys_trainings_do_not_know_came_after_them(before, done):
    said = {"wider": f"{done} after 3 trainings that it reads had been recorded"}
    assert notes(*of_other(before)) == said
    own = [record("gap", seed, hour=11) for seed in range(9, 12)]
    assert notes(*of_other(before), *own) == said  # whatever was registered when


def test_a_claim_changed_after_trainings_of_one_side_alone_is_not_told():
    before = replace(TASK, claims=(LEVEL, replace(WIDER, below=0.1)))
    assert notes(*of_other(before)[:3]) == {}


@pytest.mark.parametrize(("hour", "known"), [(11, True), (12, True), (13, False)])
def test_a_training_that_holds_the_claim_shows_that_it_stood_before_later_ones(hour, known):
    """At another scale, for example: `setting` is not that of the other study's."""
    own = record("small", 0, setting=replace(SETTING, image_size=64), hour=hour)
    assert (notes(own, *of_other()) == {}) is known


def test_training_one_candidate_again_hides_no_change():
    """Equal seeds give equal numbers: who changed the claim knew the effect."""
    changed = replace(TASK, claims=(LEVEL, replace(WIDER, below=0.1)))
    again = [*trainings(names=("small",)), *trainings(changed, names=("gap",))]
    said = "after 3 trainings of its study had been recorded"
    assert notes(*again, study=changed) == {"wider": f"changed {said}"}
    added = replace(TASK, claims=(LEVEL, WIDER, replace(WIDER, name="new", below=0.1)))
    again = [*trainings(names=("small",)), *trainings(added, names=("gap",))]
    assert notes(*again, study=added) == {"new": f"added {said}"}
