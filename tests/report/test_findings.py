"""What the first screen says in words, and what it keeps silent about."""

from dataclasses import replace

import pytest

from study.judge import Terms, constant_predictor, judge, judge_untuned
from study.report.findings import describe_findings
from study.report.found import Found
from study.search.tuning import tuned_study
from study.spec.baseline import Baseline
from study.spec.claim import Claim, Scale
from study.spec.space import Float
from study.spec.study import Study
from study.table.rows import make_table
from tests.judge.test_judge import trial
from tests.report.made_report import PLAN, plan_of

BETTER = Claim("better", "a", "val_accuracy", "b", above=0.0)
STUDY = Study(
    "made",
    "Made",
    "Is A better?",
    baselines=(Baseline("a", "Model A", "conv"), Baseline("b", "Model B", "gap")),
    claims=(BETTER,),
    answer=("better",),
)
COUNTS = {part: {"normal": 40, "pneumonia": 60} for part in ("train", "val", "test")}
IMAGES = 100


def trained(name, accuracy, test=None, loss=None, status="complete", seeds=8, first=0):
    """Trainings whose scores are equal but for the seed, which adds thousandths."""
    members = []
    for seed in range(first, first + seeds):
        row = {"val_accuracy": accuracy + seed / 1000, "val_loss": loss or 1 - accuracy}
        scores = []
        if test is not None:
            right = round(test * IMAGES)
            correct = "1" * right + "0" * (IMAGES - right)
            score = {"epoch": 1, "loss": 0.3, "accuracy": right / IMAGES, "auroc": 0.9}
            scores = [score | {"correct": correct}]
        members.append(trial(name, seed, status=status, epochs=(row,), test=scores))
    return members


def findings(*members, study=STUDY, plan=None, **terms):
    table = make_table([member for group in members for member in group])
    terms = Terms(constant=constant_predictor(COUNTS), **terms)
    untuned = judge_untuned(study, table, terms, study.labels())
    verdicts = [
        replace(one, untuned=untuned.get(one.claim.name))
        for one in judge(study.claims, table, terms, study.labels())
    ]
    found = Found(plan or plan_of(study), table, verdicts, terms)
    return [finding.text for finding in describe_findings(found)]


def said(words, sentences):
    return [sentence for sentence in sentences if words in sentence]


def test_the_answer_comes_first_with_its_numbers():
    first = findings(trained("a", 0.95), trained("b", 0.9))[0]
    assert first.startswith(
        "Supported: Model A: validation accuracy is higher than that of Model B"
    )
    assert "held in 8 of 8 trainings" in first
    assert "+5.0 percentage points" in first


def test_an_answer_that_is_undecided_says_what_would_decide():
    ones = [trained("a", 0.95, seeds=5), trained("a", 0.85, seeds=3, first=5)]
    first = findings(*ones, trained("b", 0.9))[0]
    assert first.startswith("Undecided: ") and "held in 5 of 8 trainings" in first
    assert "seeds would decide" in first


def test_what_goes_well_needs_no_further_words():
    agreeing = findings(trained("a", 0.95, 0.95), trained("b", 0.9, 0.9))
    assert len(agreeing) == 1


def test_an_order_that_turns_on_the_test_part_is_said():
    turned = said("order turns", findings(trained("a", 0.95, 0.7), trained("b", 0.9, 0.8)))
    assert len(turned) == 1
    assert "+5.0 percentage points on the validation part" in turned[0]
    assert "−10.0 percentage points on the test part" in turned[0]


def test_a_level_that_falls_on_the_test_part_is_said():
    fallen = said("falls", findings(trained("a", 0.95, 0.7), trained("b", 0.9, 0.9)))
    assert len(fallen) == 1
    assert "Model A falls from 95.3 % on the validation part to 70.0 % on the test" in fallen[0]


def test_several_levels_that_fall_are_one_sentence():
    fallen = said("fall from", findings(trained("a", 0.95, 0.7), trained("b", 0.9, 0.6)))
    assert len(fallen) == 1
    assert fallen[0].startswith("All candidates fall from the validation to the test part")
    assert "Model A 95.3 % to 70.0 %; Model B" in fallen[0]


def test_a_verdict_that_hangs_on_loss_or_accuracy_is_said():
    hanging = said("hangs", findings(trained("a", 0.95, loss=0.5), trained("b", 0.9, loss=0.3)))
    assert len(hanging) == 1
    assert "by validation loss it holds in 0 of 8" in hanging[0]
    assert not said("hangs", findings(trained("a", 0.95, loss=0.2), trained("b", 0.9, loss=0.3)))


def mostly(ahead, behind, seeds=10):
    """Trainings of A and B: in most of them A is ahead by a point, in the others behind."""
    ones = [trained("a", 0.9 + ahead, seeds=seeds - behind[1])]
    ones.append(trained("a", 0.9 - behind[0], seeds=behind[1], first=seeds - behind[1]))
    return *ones, trained("b", 0.9, seeds=seeds)


def test_a_verdict_that_hangs_on_mean_or_median_is_said():
    hanging = said("hangs", findings(*mostly(0.01, (0.29, 1))))
    assert len(hanging) == 1
    assert "is supported (held in 9 of 10), but the mean is −2.0 percentage points" in hanging[0]
    assert not said("hangs", findings(*mostly(0.05, (0.01, 1))))


def test_a_verdict_on_a_mean_that_most_trainings_speak_against_is_said():
    study = replace(STUDY, claims=(replace(BETTER, about="mean"),))
    few_far_ahead = mostly(-0.005, (-0.09, 17), seeds=40)
    hanging = said("hangs", findings(*few_far_ahead, study=study))
    assert len(hanging) == 1
    assert "is supported (mean +3.5 percentage points), but it holds in 17 of 40." in hanging[0]


def test_nothing_is_said_of_the_mean_of_trainings_that_diverged():
    lost = trained("b", 0.95, status="diverged", seeds=9), trained("b", 0.95, seeds=1, first=9)
    sentences = findings(trained("a", 0.9, seeds=10), *lost)
    assert sentences[0].startswith("Supported")
    assert not said("the mean is", sentences)


TUNED = tuned_study(replace(STUDY, tune={"learning_rate": Float(1e-4, 1e-1, log=True)}))


def tuned(b_tuned, b=0.9, study=TUNED):
    """What is found where A scores 0.95 as it is and tuned, B as given."""
    scores = {"a": 0.95, "b": b, "a_tuned": 0.95, "b_tuned": b_tuned}
    return findings(*(trained(name, score) for name, score in scores.items()), study=study)


def test_a_verdict_that_hangs_on_the_tuning_is_said():
    (hanging,) = said("hangs", tuned(0.97))
    assert hanging.startswith(
        "A verdict hangs on the tuning of learning rate: Model A: validation accuracy is higher "
        "than that of Model B is supported untuned (held in 8 of 8, mean +5.0 percentage points)"
    )
    assert "and refuted where each candidate is tuned (held in 0 of 8, mean −2.0" in hanging


def test_a_verdict_that_the_tuning_leaves_is_said_as_well():
    assert said("No verdict hangs on the tuning of learning rate", tuned(0.93))
    assert not said("tuning", findings(trained("a", 0.95), trained("b", 0.9)))


def test_the_untuned_claims_are_corrected_like_the_tuned_ones():
    """Eight seeds decide six claims; neither side is judged as if it were alone."""
    levels = tuple(Claim(f"level_{n}", "a", "val_accuracy", above=0.5 + n / 100) for n in range(12))
    many = replace(STUDY, claims=(BETTER, *levels), tune=TUNED.tune)
    sentences = tuned(0.97, study=tuned_study(many))
    assert not said("hangs", sentences)
    assert said("hangs", tuned(0.97, study=tuned_study(replace(many, claims=(BETTER,)))))


def test_a_tuning_that_ends_at_the_edge_of_its_range_is_said():
    members = trained("a", 0.95), trained("b", 0.9), trained("a_tuned", 0.95)
    for rate, told in ((0.09, True), (0.01, False), (0.000102, True)):
        recipe = {"epochs": 1, "learning_rate": rate}
        tried = [
            replace(
                one,
                record=replace(
                    one.record, ingredients={**one.record.ingredients, "recipe": recipe}
                ),
            )
            for one in trained("b_tuned", 0.95)
        ]
        sentences = said("edge of its range", findings(*members, tried, study=TUNED))
        assert len(sentences) == told
        if told:
            assert "Model B, tuned, learning rate" in sentences[0] and "Model A" not in sentences[0]


def test_a_candidate_that_has_learnt_nothing_is_named():
    useless = said("learnt nothing", findings(trained("a", 0.5), trained("b", 0.9)))
    assert len(useless) == 1
    assert "Model A" in useless[0] and "“pneumonia”, which scores 60.0 %" in useless[0]


@pytest.mark.parametrize(
    ("status", "accuracy", "words"),
    [
        ("diverged", 0.9, "diverged: Model A 2 of 10"),
        ("complete", 0.5, "“pneumonia”: Model A 2 of 10"),
    ],
)
def test_single_trainings_that_went_wrong_are_counted(status, accuracy, words):
    odd = trained("a", accuracy, status=status, seeds=2, first=8)
    sentences = findings(trained("a", 0.95), odd, trained("b", 0.9, seeds=10))
    assert len(said(words, sentences)) == 1


def test_claims_of_another_scale_are_counted():
    level = Claim("level", "a", "val_accuracy", above=0.9, scale=Scale(30, 256))
    study = Study("made", "Made", "?", STUDY.baselines, claims=(BETTER, level), answer=("better",))
    scale = {"epochs": 12, "image_size": 32, "source": "course"}
    sentences = findings(trained("a", 0.95), trained("b", 0.9), study=study, **scale)
    assert said("One claim is about 30 epochs at 256×256 pixels", sentences)


def test_a_smoke_run_has_found_nothing():
    smoke = plan_of(STUDY, budget=replace(PLAN.budget, judged=False))
    assert findings(trained("a", 0.95), trained("b", 0.9), plan=smoke) == []


@pytest.mark.parametrize(("test", "told"), [(None, True), (0.9, False)])
def test_an_answer_about_a_test_part_that_is_not_there_says_what_stands_in(test, told):
    study = replace(STUDY, claims=(replace(BETTER, metric="test_accuracy"),))
    first = findings(trained("a", 0.95, test), trained("b", 0.9, test), study=study)[0]
    assert ("no test part: it was judged on the validation part" in first) == told
