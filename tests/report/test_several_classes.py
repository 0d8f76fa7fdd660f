"""A study on three classes of colour images, and one on numbers: from its plan to its report."""

import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from hw3.shape import grey_images
from study.cli.check import check_models
from study.figures.calibration import frame_of_calibration
from study.judge.images import image_scores, patient_interval
from study.report.outputs import write_outputs
from study.search.caveats import describe_caveats
from study.search.plan import describe_data, load_plan, save_plan
from study.spec.baseline import Baseline, Match
from study.spec.budget import Budget
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.table.constant import constant_predictor
from tests.hw3.test_classes import colour_splits, number_splits
from tests.sessions import plan_on, run_session

BUDGET = Budget(trials=1, epochs=2, seeds=3, image_size=16)
STUDY = Study(
    name="several",
    title="Several classes",
    question="Are they told apart?",
    baselines=(
        Baseline("small", "small ConvModel", "conv", {"channels": 4}),
        Baseline("flat", "ANN", "ann", {"width_2": 8}, Match("small", "parameters", ("width_1",))),
    ),
    claims=(
        Claim("balanced", "small", "test_balanced_accuracy", above=0.4),
        Claim("less", "small", "val_loss", "flat", below=0.0),
    ),
    figures=(Figure("layers", "architecture", "Layers", {"candidates": ("small", "flat")}),),
)
NUMBERS = replace(
    STUDY,
    baselines=(
        Baseline("wide", "wide ANN", "ann", {"width_1": 16}),
        Baseline("flat", "ANN", "ann", {"width_1": 8}),
    ),
    claims=(Claim("less", "wide", "val_loss", "flat", below=0.0),),
    figures=(Figure("layers", "architecture", "Layers", {"candidates": ("wide", "flat")}),),
)


def finish(study, data, results):
    """The run's trials, table and report."""
    plan = replace(plan_on(study, data, BUDGET), data=describe_data(data))
    save_plan(plan, LocalFolder(results) / study.name)
    plan = load_plan(study, LocalFolder(results))
    assert plan.shape == data.shape
    trials, _ = run_session(plan, data, results)
    folder = LocalFolder(results) / study.name
    conclusion = write_outputs(trials, folder)
    report = unescape(re.sub("<[^>]+>", " ", (results / study.name / "report.html").read_text()))
    table = pd.read_parquet(results / study.name / "table.parquet")
    return trials, table, " ".join(report.split()), conclusion


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    return finish(STUDY, colour_splits(), tmp_path_factory.mktemp("colours"))


def test_records_and_table_have_the_scores_of_every_image(coloured):
    trials, table, _, _ = coloured
    finals = table.loc[table["is_final"] & (table["stage"] == "confirm")]
    assert len(finals) == 6 and (finals["status"] == "complete").all()
    for part in ("val", "test"):
        losses = np.array([np.array(text.split(), float) for text in finals[f"{part}_losses"]])
        assert losses.shape == (6, 24)
        assert losses.mean(axis=1) == pytest.approx(finals[f"{part}_loss"].to_numpy(float), 1e-5)
        assert finals[f"{part}_logits"].isna().all()
        assert finals[f"{part}_balanced_accuracy"].between(0, 1).all()
        assert finals[f"{part}_sensitivity"].isna().all()
    costs = {name: set(rows["parameters"]) for name, rows in finals.groupby("candidate")}
    assert all(len(each) == 1 for each in costs.values())
    assert len({record.cost["parameters"] for record in trials.records.values()}) == 2


def test_calibration_is_of_the_most_probable_class(coloured):
    trials, table, _, _ = coloured
    frame = frame_of_calibration(table, bins=1)
    assert frame["candidate"].tolist() == ["small", "flat"] and set(frame["part"]) == {"test"}
    assert frame["images"].tolist() == [72, 72]  # 24 images, 3 seeds
    scores = [one for record in trials.records.values() for one in record.test if one["epoch"] == 2]
    logits = np.array([score["logits"] for score in scores])
    sure = np.exp(logits).max(axis=2) / np.exp(logits).sum(axis=2)
    right = logits.argmax(axis=2) == np.array([score["labels"] for score in scores])
    assert frame["confidence"].mean() == pytest.approx(sure.mean(), abs=1e-6)
    assert frame["right"].mean() == pytest.approx(right.mean())


def test_balanced_accuracy_is_the_mean_recall(coloured):
    trials, table, _, _ = coloured
    record = next(iter(trials.records.values()))
    (score,) = [one for one in record.test if one["epoch"] == 2]
    labels, logits = np.array(score["labels"]), np.array(score["logits"])
    recalls = [np.mean(logits[labels == c].argmax(1) == c) for c in range(3)]
    row = table.loc[(table["key"] == record.key) & table["is_final"]].iloc[0]
    assert row["test_balanced_accuracy"] == pytest.approx(np.mean(recalls))


def test_verdicts_over_new_patients_are_from_the_losses(coloured):
    _, table, _, conclusion = coloured
    finals = table.loc[table["is_final"] & (table["stage"] == "confirm")]
    rows = [finals.loc[finals["candidate"] == name] for name in ("small", "flat")]
    scores = image_scores(STUDY.claims[1], "val_loss", rows)
    assert scores is not None and scores.shape == (3, 24)
    assert patient_interval(scores, "val_loss", {}) is not None
    assert len(conclusion.verdicts) == 2


def test_report_speaks_of_the_classes_that_there_are(coloured):
    _, _, report, _ = coloured
    assert "mean over the 3 classes" in report and "24 cat, 24 dog, 24 fox" in report
    for word in ("ensitivity", "pecificity", "pneumonia", "normal "):
        assert word not in report
    assert "16×16 pixels" in report


def test_layers_are_those_of_colours_and_three_logits(coloured, tmp_path):
    trials, _, report, _ = coloured
    assert "could not be drawn" not in report
    layers = trials.plan.shape
    assert (layers.inputs, layers.outputs) == ((3, 16, 16), 3)


def test_a_metric_of_two_classes_is_refused_where_there_are_more():
    claim = Claim("seen", "small", "test_sensitivity", above=0.5)
    study = replace(STUDY, claims=(*STUDY.claims, claim), objective="val_specificity")
    with pytest.raises(StudyError) as error:
        check_models(study, colour_splits().shape, with_figures=False)
    assert "claim seen: test_sensitivity is defined for two classes, and the data" in str(
        error.value
    )
    assert "objective: val_specificity is defined for two classes" in str(error.value)
    check_models(study, grey_images(16), with_figures=False)


def test_report_on_numbers_has_no_word_of_images(tmp_path):
    trials, _, report, _ = finish(NUMBERS, number_splits(), tmp_path)
    assert {record.ingredients["image_size"] for record in trials.records.values()} == {0}
    assert "6 numbers" in report
    assert "pixel" not in report
    text = (tmp_path / NUMBERS.name / "report.md").read_text()
    said = [line for line in text.split(". ") if "image" in line]
    assert [line for line in said if "of the validation images" not in line] == []


def test_a_plan_of_an_earlier_version_is_of_grey_images(coloured, tmp_path):
    trials, *_ = coloured
    folder = LocalFolder(tmp_path) / STUDY.name
    save_plan(trials.plan, folder)
    saved = json.loads((tmp_path / STUDY.name / "plan.json").read_text())
    for name in ("inputs", "dtype"):
        del saved["data"][name]
    (tmp_path / STUDY.name / "plan.json").write_text(json.dumps(saved))
    assert load_plan(STUDY, LocalFolder(tmp_path)).shape.inputs == (1, 16, 16)


def test_constant_answer_of_several_classes():
    counts = {"train": {"a": 5, "b": 3, "c": 2}, "val": {"a": 1, "b": 1, "c": 2}}
    scores = constant_predictor(counts).scores
    assert scores["val_accuracy"] == 0.25
    assert scores["val_balanced_accuracy"] == pytest.approx(1 / 3)
    assert "val_sensitivity" not in scores


def test_few_images_are_said_of_a_classs_recall():
    plan = plan_on(STUDY, colour_splits(), BUDGET)
    plan = replace(plan, data=describe_data(colour_splits()))
    lines = [line for line in describe_caveats(plan) if line.startswith("only")]
    few = "only 8 “cat” {} images: recall known to ±34 points, 2 other classes have few"
    assert lines == [few.format("validation"), few.format("test")]
