"""What the judge reads from the table: parts of the data, epochs, seeds and test images."""

import math
from dataclasses import replace

import numpy as np
import pytest

from study.judge import Terms, Verdict
from study.spec.errors import StudyError
from study.spec.times import ELAPSED, SECONDS
from study.stats.crossed import crossed_mean
from tests.judge.test_judge import TIGHT, claim, judge_one, timed, trial, trials
from tests.stats.test_bootstrap import made_answers


def test_judge_gives_no_weight_to_rounding_errors():
    """0.9 - 0.8 and 0.8 - 0.7 are not equal in floating point; the gaps are."""
    rows = {
        "a": {"train_eval_accuracy": 0.9, "val_accuracy": 0.8},
        "b": {"train_eval_accuracy": 0.8, "val_accuracy": 0.7},
    }
    members = [trial(name, seed, epochs=(row,)) for name, row in rows.items() for seed in range(8)]
    verdict = judge_one(members, versus="b", metric="gap_accuracy", above=0.0)
    assert (verdict.held, verdict.effect) == (0, 0.0)


def with_tests(candidate, values, validation=0.5):
    return [
        trial(
            candidate,
            seed,
            epochs=({"val_accuracy": validation},),
            test=[{"epoch": 1, "loss": 0.1, "accuracy": value, "auroc": 0.9}],
        )
        for seed, value in enumerate(values)
    ]


def test_judge_reads_the_test_part():
    verdict = judge_one(with_tests("a", TIGHT), metric="test_accuracy", above=0.9)
    assert (verdict.judged_on, verdict.outcome) == ("test", "supported")
    assert verdict.effect == pytest.approx(np.mean(TIGHT))


def test_judge_falls_back_to_validation_where_there_is_no_test_part():
    verdict = judge_one(trials("a", TIGHT), metric="test_accuracy", above=0.9)
    assert verdict.judged_on == "validation (the data has no test part)"
    assert (verdict.outcome, verdict.effect) == ("supported", pytest.approx(np.mean(TIGHT)))


def test_judge_does_not_fall_back_where_another_candidate_was_tested():
    members = [*with_tests("a", TIGHT), *trials("b", TIGHT)]
    verdict = judge_one(members, candidate="b", metric="test_accuracy", above=0.9)
    assert (verdict.judged_on, verdict.outcome) == ("test", "not judged")


@pytest.mark.parametrize(
    "metric, part",
    [
        ("val_loss", "validation"),
        ("train_accuracy", "training"),
        ("train_eval_loss", "training"),
        ("gap_loss", "training and validation"),
        ("parameters", "cost"),
        ("epochs_to_converge", "validation"),
    ],
)
def test_judge_says_what_it_was_judged_on(metric, part):
    assert judge_one(trials("a", TIGHT), metric=metric, above=0.0).judged_on == part


def test_judge_reads_the_final_or_the_first_best_epoch():
    losses, accuracies = (0.3, 0.2, 0.2, 0.4), (0.6, 0.7, 0.8, 0.9)
    epochs = [
        {"val_loss": loss, "val_accuracy": accuracy}
        for loss, accuracy in zip(losses, accuracies, strict=True)
    ]
    members = [trial("a", seed, epochs=epochs) for seed in range(8)]
    assert judge_one(members, above=0.0).effect == pytest.approx(0.9)
    assert judge_one(members, epoch="best", above=0.0).effect == pytest.approx(0.7)


def test_judge_leaves_out_what_is_not_whole_and_says_so():
    members = [
        *trials("a", [*TIGHT, math.nan]),
        trial("a", 10, status="diverged", epochs=({"val_accuracy": 0.1},)),
        trial("a", 11, status="failed", epochs=()),
        trial("a", 12, stage="explore", epochs=({"val_accuracy": 0.1},)),
    ]
    verdict = judge_one(members, above=0.9)
    assert (verdict.outcome, verdict.held, verdict.n_seeds) == ("supported", 8, 9)
    assert verdict.effect == pytest.approx(np.mean(TIGHT))
    assert "1 training diverged" in verdict.note  # and counts
    assert "2 seeds left out" in verdict.note


def test_judge_of_candidates_with_other_seeds_uses_the_shared_ones():
    members = [*trials("a", [*TIGHT, 0.1]), *trials("b", [0.1, *TIGHT], first_seed=0)]
    verdict = judge_one(members, versus="b", above=-0.01, below=0.01)
    assert (verdict.n_seeds, verdict.outcome) == (8, "supported")
    assert "2 seeds" in verdict.note
    strangers = [*trials("a", TIGHT), *trials("b", TIGHT, first_seed=100)]
    assert judge_one(strangers, versus="b", above=0.0).outcome == "not judged"


@pytest.mark.parametrize(
    "members",
    [
        [],
        trials("b", TIGHT),
        trials("a", [math.nan] * 8),
        [trial("a", seed, status="failed", epochs=()) for seed in range(8)],
    ],
    ids=["empty table", "missing candidate", "no value", "all failed"],
)
def test_judge_of_what_cannot_be_computed(members):
    verdict = judge_one(members, versus="b", above=0.0)
    assert (verdict.outcome, verdict.n_seeds) == ("not judged", 0)
    assert verdict.note
    assert np.isnan([verdict.effect, *verdict.interval, verdict.p, verdict.p_holm]).all()


def with_images(candidate, correct, part="test"):
    """A confirmed trial for each row of `correct`, (seeds, images)."""
    members = []
    for seed, row in enumerate(correct):
        score = {"epoch": 1, "loss": 0.1, "accuracy": row.mean(), "auroc": 0.9}
        score |= {"correct": "".join("01"[int(hit)] for hit in row)}
        score |= {"logits": [1.5 if hit else -0.5 for hit in row]}
        epochs = ({f"{part}_accuracy": row.mean()} if part == "val" else {},)
        members.append(trial(candidate, seed, epochs=epochs, **{part: [score]}))
    return members


ANSWERS = made_answers()
PATIENTS = np.arange(ANSWERS.shape[2]) // 2  # two images each


@pytest.mark.parametrize("part", ["test", "val"])
def test_judge_gives_accuracies_an_interval_over_new_patients(part):
    members = [*with_images("a", ANSWERS[0], part), *with_images("b", ANSWERS[1], part)[::-1]]
    terms, metric = Terms(patients={part: PATIENTS.tolist()}), f"{part}_accuracy"
    verdict = judge_one(members, terms, versus="b", metric=metric, above=0.0)
    difference = ANSWERS[0].astype(float) - ANSWERS[1]
    assert verdict.patients == crossed_mean(difference, PATIENTS).interval
    assert verdict.effect == pytest.approx(difference.mean())
    level = judge_one(members, metric=metric, above=0.5)  # each image a patient of its own
    assert level.patients == crossed_mean(ANSWERS[0]).interval


def test_judge_gives_losses_an_interval_over_new_patients():
    members = with_images("a", ANSWERS[0])
    verdict = judge_one(members, metric="test_loss", below=1.0)
    losses = np.where(ANSWERS[0], np.log1p(np.exp(-1.5)), np.log1p(np.exp(0.5)))
    assert verdict.patients == pytest.approx(crossed_mean(losses).interval)


def test_judge_gives_no_interval_over_patients_where_it_knows_no_images():
    new, old = with_images("a", ANSWERS[0]), with_tests("b", TIGHT)  # an earlier version's records
    paired = {"versus": "b", "metric": "test_accuracy"}
    for members, options in (
        ([*new, *old], paired),
        (new, {"metric": "test_auroc"}),
        (new, {"metric": "val_accuracy"}),
        (trials("a", TIGHT), {"metric": "test_accuracy"}),
        ([*new, *with_images("b", ANSWERS[1])], paired | {"ratio": True}),
        ([*new, *with_images("b", ANSWERS[1][:, 1:])], paired),  # of another number of images
    ):
        verdict = judge_one(members, **{"above": 0.5} | options)
        assert verdict.n_seeds == 8
        assert np.isnan(verdict.patients).all()
        assert verdict.generalises == ""
    lost = [*new[1:], *with_images("b", ANSWERS[1])]
    found = judge_one(lost, **paired, above=0.0)
    shared = ANSWERS[:, 1:].astype(float)
    assert found.patients == crossed_mean(shared[0] - shared[1]).interval


def test_validation_images_of_resampled_splits_are_not_crossed_with_seeds():
    terms = Terms(ratio=0.25)
    for part, known in (("val", False), ("test", True)):
        members = with_images("a", ANSWERS[0], part)
        verdict = judge_one(members, terms, metric=f"{part}_accuracy", above=0.5)
        assert np.isnan(verdict.patients).any() != known


@pytest.mark.parametrize(
    ("low", "high", "supported", "refuted"),
    [
        (0.1, 0.2, "yes", "no"),
        (-0.2, -0.1, "no", "yes"),
        (-0.1, 0.1, "not shown", "not shown"),
        (math.nan, math.nan, "", ""),
    ],
)
def test_a_verdict_generalises_where_its_mean_does(low, high, supported, refuted):
    for outcome, expected in (("supported", supported), ("refuted", refuted), ("undecided", "")):
        verdict = Verdict(claim(versus="b", above=0.0), outcome, patients=(low, high))
        assert verdict.generalises == expected


def of_other_model(members, **provenance):
    """The trials as those of another model, recorded on a machine."""
    records = [
        replace(
            one.record,
            ingredients={**one.record.ingredients, "family": "ann"},
            provenance=provenance,
        )
        for one in members
    ]
    return [replace(one, record=record) for one, record in zip(members, records, strict=True)]


def test_times_are_those_that_were_measured_alone():
    members = [*timed("a", [2.0] * 8, epochs=3), *timed("b", [1.0] * 8, epochs=6)]
    ratio = {"versus": "b", "ratio": True, "above": 0.9}
    assert judge_one(members, metric=SECONDS, **ratio).effect == pytest.approx(2.0)
    assert judge_one(members, metric=ELAPSED, **ratio).effect == pytest.approx(1.0)
    beside = [one for one in members if one.stage == "confirm"]
    verdict = judge_one(beside, metric=ELAPSED, **ratio)
    assert verdict.outcome == "not judged"
    assert verdict.note == "no confirmed trial of a has a value of elapsed_alone"


@pytest.mark.parametrize("metric", ["seconds", "elapsed"])
def test_times_of_a_loaded_machine_are_no_evidence(metric):
    with pytest.raises(StudyError, match=f"{metric} is the time beside other trials.*_alone"):
        judge_one(trials("a", TIGHT), metric=metric, below=3.0)


def test_a_round_on_two_machines_does_not_count():
    hosts = ["laptop"] * 9 + ["server"]
    times = {"a": timed("a", [2.0] * 10, ["laptop"] * 10), "b": timed("b", [1.0] * 10, hosts)}
    options = {"metric": SECONDS, "ratio": True, "above": 1.5}
    verdict = judge_one([*times["a"], *times["b"]], versus="b", **options)
    assert (verdict.outcome, verdict.n_seeds) == ("supported", 9)
    assert verdict.note == "1 seed left out: no value"
    both = judge_one([*timed("a", [2.0] * 10, hosts), *times["b"]], versus="b", **options)
    assert both.n_seeds == 10
    assert "measured on several machines" in both.note
