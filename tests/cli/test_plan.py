"""What a plan says, and the mistakes that it finds before anything is spent."""

import re
from dataclasses import replace

import numpy as np
import pytest
import ray
from click.testing import CliRunner

from study import task_c
from study.__main__ import TASKS as NAMES
from study.__main__ import find_study
from study.cli.check import check_study
from study.cli.command import command
from study.spec.baseline import Baseline, Match
from study.spec.budget import PROFILES
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.spec.front import Front
from study.spec.space import Choice, Float

TASKS = {name: find_study(name) for name in NAMES}
PLAN = ["plan", "--gpus-per-trial", "0"]
# A check draws all of a study's figures, for seconds: only tests of what is said of them have any.
PLANNED = replace(task_c.STUDY, figures=())


def run(arguments, study=PLANNED):
    return CliRunner().invoke(command(study), arguments)


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
def test_plan_says_cost_and_starts_nothing(study, tmp_path):
    answer = run(["plan", "--results", str(tmp_path / "results")], study)
    assert answer.exit_code == 0, answer.output
    text = " ".join(answer.output.split())
    assert f"{PROFILES['quick'].seeds} seeds each" in text
    scaled = [claim for claim in study.claims if claim.scale]
    assert f"{len(study.claims) - len(scaled)} judged, at 5 %" in text
    assert f"{len(scaled)} said of 30 epochs at 256×256 pixels" in text
    assert not (tmp_path / "results").exists()
    assert not ray.is_initialized()


def test_plan_estimates_twice_the_time_for_one_trial_at_a_time(monkeypatch):
    monkeypatch.setattr("study.cli.estimate._matrix_product_rate", lambda _precision: 500e9)
    lines = [run([*PLAN, "--max-concurrent", count]).output for count in ("1", "2")]
    one, two = (int(re.search(r"about (\d+) s of training", line)[1]) for line in lines)
    assert one == pytest.approx(2 * two, abs=1)


def test_plan_says_the_share_of_a_gpu_that_each_trial_has():
    """Of a cluster's GPUs, which no plan asks for their number."""
    there = ["--address", "head:6379", "--max-concurrent", "32"]
    text = " ".join(run(["plan", *there, "--gpus-per-trial", "0.25"]).output.split())
    assert "32 trials at a time, a quarter of a GPU each" in text
    text = " ".join(run([*PLAN, *there]).output.split())
    assert "32 trials at a time; start and report" in text


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
def test_plan_has_no_plural_of_one(study):
    one = ("trials", "epochs", "seeds", "max-concurrent")
    options = [text for name in one for text in (f"--{name}", "1")]
    answer = run([*PLAN, *options], replace(study, figures=()))
    assert answer.exit_code == 0, answer.output
    assert re.findall(r"\b1 [a-z]+s\b (?!seed)", " ".join(answer.output.split())) == []


def test_plan_says_when_seeds_are_too_few():
    assert "8 are needed" in run(["plan", "--seeds", "5"]).output


def test_plan_names_the_size_of_the_images_once():
    assert run(["plan", "--profile", "smoke"]).output.count("16x16") == 1


def test_plan_tells_one_sided_claims_apart():
    first, *others = task_c.STUDY.claims
    one_sided = replace(first, one_sided=True, scale=None)
    study = replace(PLANNED, claims=(one_sided, *others))
    text = " ".join(run(["plan", "--seeds", "8"], study).output.split())
    judged = len([claim for claim in others if claim.scale is None])
    assert "1 one-sided judged, at 5 %" in text
    assert f"{judged} judged, at 5 %" in text


def test_plan_says_when_claims_are_judged_and_who_gets_more_seeds():
    text = " ".join(run(["plan", "--seeds", "10..30"]).output.split())
    assert "10 of 10, 13 of 13, 16 of 17" in text
    assert "10 seeds each, up to 30 where claims are then open" in text


@pytest.mark.parametrize("seeds", ["0", "10..", "..10", "30..10", "ten", "1..2..3", "10.5"])
def test_a_number_of_seeds_that_is_none_is_refused(seeds):
    result = run(["plan", "--seeds", seeds])
    assert result.exit_code == 2
    assert seeds in result.output


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("profile", PROFILES)
def test_tasks_have_no_mistakes(study, profile):
    check_study(study, PROFILES[profile])


def changed(**changes):
    return lambda study: replace(study, **changes)


def with_claim(**changes):
    return lambda study: replace(study, claims=(replace(study.claims[0], **changes),), answer=())


def with_search(**changes):
    return lambda study: replace(
        study, searches=(replace(study.searches[0], hand_picked=(), **changes),)
    )


def with_figure(kind, **options):
    return changed(figures=(Figure("wrong", kind, "Wrong", options),))


MATCHED = Baseline("b", "B", "ann", match=Match("convmodel", "money", ("width_1", "depth")))
MISTAKES = {  # what is done to Task C: (how, facts that the plan must name)
    "metric": (with_claim(metric="val_acuracy"), ["lab4_train", "val_acuracy", "val_accuracy"]),
    "objective": (
        changed(objective="val_acuracy"),
        ["objective must", "Did you mean val_accuracy?"],
    ),
    "objective on the test part": (changed(objective="test_f1"), ["val_f1", "got 'test_f1'"]),
    "candidate": (with_claim(candidate="lab5"), ["lab4_train", "lab5", "Did you mean lab4?"]),
    "epoch": (with_claim(epoch="last"), ["lab4_train", "last", "final, best"]),
    "no bound": (with_claim(below=float("inf")), ["lab4_train", "above or below"]),
    "empty region": (with_claim(above=0.95), ["lab4_train", "0.95", "0.9"]),
    "ratio without two": (with_claim(ratio=True), ["lab4_train", "versus"]),
    "range": (with_search(space={"channels": Choice((0, 8))}), ["search gap", "channels", "0"]),
    "bounds": (with_search(space={"channels": Float(9.0, 1.0)}), ["search gap", "9.0"]),
    "fixed": (with_search(fixed={"depth": 3}), ["search gap", "depth", "channels, hidden"]),
    "family": (with_search(family="transformer"), ["search gap", "transformer", "conv, ann, gap"]),
    "match": (
        changed(baselines=(*task_c.STUDY.baselines, MATCHED)),
        ["baseline b", "money", "parameters", "depth", "width_1"],
    ),
    "names": (
        changed(baselines=(*task_c.STUDY.baselines, task_c.STUDY.baselines[0])),
        ["convmodel", "name of its own"],
    ),
    "share": (with_claim(below=90), ["lab4_train", "train_accuracy", "0.9 for 90 %", "90"]),
    "equal claims": (
        changed(claims=(task_c.STUDY.claims[0], replace(task_c.STUDY.claims[0], name="again"))),
        ["claim again", "lab4_train"],
    ),
    "equal labels": (
        changed(baselines=(*task_c.STUDY.baselines, Baseline("b", "ConvModel", "conv"))),
        ["label of its own", "ConvModel"],
    ),
    "no comma": (changed(baselines=task_c.STUDY.baselines[0]), ["baselines", "tuple of Baseline"]),
    "tuple in a space": (
        with_search(space={"channels": (16, 512)}),
        ["gap", "Float, Int, Choice or If"],
    ),
    "text for a number": (with_claim(below="0.9"), ["lab4_train", "below must be a number"]),
    "name of a figure": (changed(figures=(Figure("../x", "rungs", "R"),)), ["../x", "letters"]),
    "kind of figure": (with_figure("paretoo", y="val_loss", xs=()), ["wrong", "paretoo", "pareto"]),
    "option of a figure": (
        with_figure("curves", candidat="lab4"),
        ["figure wrong", "candidat", "candidate"],
    ),
    "candidate of a figure": (with_figure("curves", candidate="lab5"), ["wrong", "lab5", "lab4"]),
    "column of a figure": (
        with_figure("pareto", y="val_acuracy", xs=("parameters",)),
        ["figure wrong", "val_acuracy"],
    ),
}


@pytest.mark.parametrize(
    ("action", "mistake"),
    [*(("plan", mistake) for mistake in MISTAKES), ("run", "metric"), ("run", "kind of figure")],
)
def test_a_mistake_in_a_study_is_a_sentence_before_anything_is_spent(mistake, action, tmp_path):
    change, facts = MISTAKES[mistake]
    results = tmp_path / "results"
    answer = run([action, "--profile", "smoke", "--results", str(results)], change(PLANNED))
    assert answer.exit_code == 1, answer.output
    assert answer.stderr.startswith("error: task_c has ")
    for fact in facts:
        assert fact in answer.stderr
    assert "Traceback" not in answer.output
    assert not results.exists()
    assert not ray.is_initialized()


def test_all_mistakes_of_all_kinds_are_told_at_once():
    """What is wrong with one record hides nothing of the others."""
    first, *others = task_c.STUDY.claims
    study = replace(
        task_c.STUDY,
        baselines=(*task_c.STUDY.baselines, Baseline("deep", "Deep", "conv", {"depth": 3})),
        searches=(replace(task_c.STUDY.searches[0], space={"hidden": (0, 32)}, hand_picked=()),),
        claims=(
            replace(first, candidate="nobody"),
            replace(first, name="metric", metric="accuracy"),
            replace(first, name="percent", below=90),
            *others,
        ),
        figures=(
            Figure("kind", "pie", "A pie"),
            Figure("options", "curves", "Curves", {"candidate": "nobody", "colour": "red"}),
        ),
    )
    with pytest.raises(StudyError) as raised:
        check_study(study, PROFILES["smoke"])
    heading, *lines, _ = str(raised.value).splitlines()
    assert heading == "task_c has 8 mistakes:"
    for fact in ("depth", "space['hidden']", "nobody", "accuracy", "0.9 for 90 %", "pie", "colour"):
        assert any(fact in line for line in lines), fact


def test_figures_are_drawn_where_only_claims_are_wrong():
    first, *others = task_c.STUDY.claims
    wrong = Figure("options", "curves", "Curves", {"candidate": "lab4", "levels": 3})
    study = replace(
        task_c.STUDY, claims=(replace(first, metric="accuracy"), *others), figures=(wrong,)
    )
    with pytest.raises(StudyError, match="2 mistakes"):
        check_study(study, PROFILES["smoke"])


@pytest.mark.parametrize("arguments", [["--max-concurrent", "2"], ["--address", "auto"]])
def test_plan_refuses_what_a_run_in_one_process_refuses(arguments):
    answer = run(["plan", "--workers", "inline", *arguments])
    assert answer.exit_code == 1
    assert "--workers ray" in answer.stderr


@pytest.mark.parametrize("asked", [["--gpus-per-trial", "99"], ["--cpus-per-trial", "999"]])
def test_plan_refuses_more_than_this_machine_has(asked, monkeypatch):
    answer = run([*PLAN, *asked])
    assert answer.exit_code == 1 and answer.stderr.startswith("error: ")
    monkeypatch.setenv("RAY_ADDRESS", "cluster:6379")  # whose hosts are not known here
    assert run([*PLAN, *asked]).exit_code == 0


def test_plan_refuses_a_folder_in_which_ray_cannot_run(monkeypatch):
    monkeypatch.setattr("os.getcwd", lambda: "/data/\udcff")
    answer = run(PLAN)
    assert answer.exit_code == 1
    assert r"/data/\udcff" in answer.stderr and "--workers inline" in answer.stderr


@pytest.mark.parametrize("option", ["--seed", "--seeds", "--epochs", "--trials", "--image-size"])
def test_a_number_beyond_all_use_is_wrong_usage(option):
    assert run([*PLAN, option, str(10**30)]).exit_code == 2


@pytest.mark.parametrize("action", ["plan", "report"])
@pytest.mark.parametrize("inner", ["trials", "task_c"])
@pytest.mark.parametrize("make", ["touch", "symlink_to"])
def test_results_with_something_else_in_the_place_of_a_folder_are_refused(
    action, inner, make, tmp_path
):
    getattr(tmp_path / inner, make)(*[tmp_path] * (make == "symlink_to"))
    answer = run([action, "--results", str(tmp_path)])
    assert answer.exit_code == 1
    assert f"{tmp_path}/{inner}" in answer.stderr and "--results" in answer.stderr


def test_plan_says_that_splits_are_resampled():
    text = " ".join(run([*PLAN, "--profile", "smoke", "--splits", "resampled"]).output.split())
    assert "resampled: each confirmation seed splits the training and validation images" in text
    assert "fixed: every training" in run([*PLAN, "--profile", "smoke"]).output


def test_plan_says_that_a_search_has_a_front():
    search = replace(task_c.STUDY.searches[0], front=Front("multiply_adds", within=0.02))
    study = replace(PLANNED, searches=(search,))
    result = run([*PLAN, "--profile", "smoke"], study)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "and for the cheapest by multiply-adds, within 0.02 of the best" in said


def test_plan_refuses_splits_that_patients_do_not_allow():
    arguments = ["--data", "phantom:1,1,1", "--splits", "resampled"]
    answer = run([*PLAN, *arguments])
    assert answer.exit_code == 1
    assert "choose --splits fixed" in " ".join(answer.stderr.split())


def test_plan_refuses_results_that_are_a_file(tmp_path):
    (tmp_path / "file").touch()
    answer = run(["plan", "--results", str(tmp_path / "file")])
    assert answer.exit_code == 1
    assert "results must be a folder" in answer.stderr


def test_plan_warns_of_what_its_data_cannot_show_and_goes_on(tmp_path):
    assert "warning" not in run(["plan"]).output
    answer = run([*PLAN, "--data", "phantom:30,20,200", "--image-size", "16"])
    assert answer.exit_code == 0
    few = "warning: only 20 “{}” validation images: {} known to ±23 points"
    lines = [line.rstrip() for line in answer.output.splitlines()]
    assert few.format("normal", "specificity") in lines
    assert few.format("pneumonia", "sensitivity") in lines
    assert answer.output.count("warning") == 2
    images = np.random.default_rng(0).integers(0, 255, (1000, 16, 16)).astype(np.uint8)
    for name, part in (("normal", images[:500]), ("pneumonia", images[500:])):
        np.save(tmp_path / f"{name}.npy", part)
    unknown = run([*PLAN, "--data", str(tmp_path), "--image-size", "16"])
    assert unknown.exit_code == 0, unknown.output
    assert "warning: patients unknown in train, val: one may have images" in unknown.output
