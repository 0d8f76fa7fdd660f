"""Mistakes in a study's figures are sentences, found on a made-up table."""

import re
from dataclasses import replace
from importlib import import_module
from unittest import mock

import pytest

from hw3.metrics import METRICS, Metric
from study.__main__ import TASKS
from study.figures.check import figure_mistakes
from study.figures.kinds import FIGURES
from study.figures.theme import new_figure
from study.spec.figures import Figure, default_figures, standard_figures
from study.table.example import example_table
from study.table.formatting import column_name
from tests import made
from tests.figures.tables import options_of
from tests.made_table import STUDY


@pytest.fixture(scope="module")
def example():
    return example_table(STUDY)


def mistakes(example, kind: str, **options) -> list[str]:
    study = replace(STUDY, figures=(Figure("answer", kind, "A title", options),))
    return figure_mistakes(study, study.figures, example)


@pytest.mark.parametrize("kind", FIGURES)
def test_a_right_figure_has_no_mistake(kind, example):
    assert mistakes(example, kind, **options_of(kind)) == []


def test_a_figure_may_show_a_metric_from_outside_and_a_misspelt_one_is_found(monkeypatch):
    monkeypatch.setitem(METRICS, "mine", Metric("my metric", len))
    example = example_table(STUDY)
    costs = {"xs": ("parameters",)}
    assert mistakes(example, "comparison", metrics=("val_mine", "test_f1")) == []
    assert mistakes(example, "pareto", y="test_mine", **costs) == []
    (wrong,) = mistakes(example, "pareto", y="test_mime", **costs)
    assert "Did you mean test_mine?" in wrong


@pytest.mark.parametrize("objective", ["val_auroc", "val_f1", "val_brier"])
def test_figures_of_the_searches_show_what_they_optimise(objective):
    study = replace(STUDY, objective=objective)
    table, name = example_table(study), column_name(objective)
    study = replace(study, figures=standard_figures(list(study.labels())[:2]))
    assert figure_mistakes(study, study.figures, table) == []
    for kind in ("search", "slices", "rungs"):
        frame = FIGURES[kind].frame(table)
        assert name in FIGURES[kind].describe(frame)
        canvas = new_figure()
        FIGURES[kind].draw(frame, canvas)
        assert any(name in label for ax in canvas.axes for label in (ax.get_ylabel(),))
    best = FIGURES["search"].frame(table).groupby("candidate").last()["best"]
    ends = table.loc[(table["stage"] == "explore") & (table["status"] == "complete")]
    values = ends.loc[ends["is_final"]].groupby("candidate")[objective]
    higher = METRICS[objective.removeprefix("val_")].higher_is_better
    assert best.to_dict() == (values.max() if higher else values.min()).to_dict()
    assert name in FIGURES["importance"].frame(table).attrs["note"]


@pytest.mark.parametrize("study", [STUDY, made.STUDY, replace(STUDY, searches=())])
def test_the_default_figures_of_a_study_have_no_mistake(study):
    labels = {baseline.name: baseline.label for baseline in study.baselines}
    study = replace(study, figures=default_figures(labels, bool(study.searches)))
    assert figure_mistakes(study, study.figures, example_table(study)) == []


@pytest.mark.parametrize("task", TASKS)
def test_the_figures_of_every_task_can_be_drawn(task):
    study = import_module(f"study.{task}").STUDY
    assert figure_mistakes(study, study.figures, example_table(study)) == []


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("curve", {}, "kind must be one of curves, .*'curve'. Did you mean curves"),
        (
            "curves",
            {"candidat": "lab4"},
            "option .*candidate, levels; got 'candidat'. Did you mean candidate",
        ),
        ("curves", {}, "curves needs the option candidate"),
        ("search", {"least": 1}, "search takes no options; got 'least'"),
        ("curves", {"candidate": "lab5"}, "convmodel, lab4, .*'lab5'. Did you mean lab4"),
        (
            "architecture",
            {"candidates": ("lab4", "modfied")},
            "convmodel, lab4, .*Did you mean modified",
        ),
        ("architecture", {"candidates": "lab4"}, "candidates must be a list of names; got 'lab4'"),
        ("architecture", {"candidates": 4}, "candidates must be a list of names; got 4"),
        ("comparison", {"metrics": ("val_acuracy",)}, "metrics .*Did you mean val_accuracy"),
        ("slices", {"names": {"config_chanels": "width"}}, "names .*Did you mean config_channels"),
        ("curves", {"candidate": "lab4", "levels": {"said": {"accuracy": 0.9}}}, "train_accuracy"),
        ("importance", {"min_trials": "five"}, "TypeError"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_choices(kind, options, said, example):
    (sentence,) = mistakes(example, kind, **options)
    assert sentence.startswith("figure answer: ")
    assert re.search(said, sentence)


@pytest.mark.parametrize("option", ["search", "reference", "candidates"])
def test_an_unknown_name_in_a_response_is_told_with_its_option(option, example):
    wrong = {option: ["nobody"] if option == "candidates" else "nobody"}
    (sentence,) = mistakes(example, "response", **options_of("response") | wrong)
    assert sentence.startswith(f"figure answer: {option} must be one of ")
    assert "gap" in sentence and "'nobody'" in sentence


def test_a_study_without_searches_has_none_to_name():
    options = options_of("response")
    figures = (Figure("answer", "response", "A title", options),)
    study = replace(STUDY, searches=(), figures=figures)
    (sentence,) = figure_mistakes(study, study.figures, example_table(study))
    assert sentence == "figure answer: search is 'gap', and the study has none"


def test_every_mistake_of_every_figure_is_told(example):
    figures = (
        Figure("one", "curves", "One", {"candidate": "x", "colour": "red"}),
        Figure("two", "pie", "Two"),
        Figure("three", "comparison", "Three"),
    )
    said = figure_mistakes(STUDY, figures, example)
    assert [sentence.split(":")[0] for sentence in said] == [
        "figure one",
        "figure one",
        "figure two",
    ]


@pytest.mark.parametrize("part", ["frame", "draw", "describe"])
def test_a_kind_that_raises_is_found(part, example):
    def explode(*_arguments):
        raise ZeroDivisionError("on purpose")

    broken = replace(FIGURES["comparison"], **{part: explode})
    with mock.patch.dict(FIGURES, {"comparison": broken}):
        assert mistakes(example, "comparison") == ["figure answer: ZeroDivisionError: on purpose"]


def test_a_figure_that_the_example_has_nothing_for_is_no_mistake(example):
    assert mistakes(example, "importance", min_trials=10_000) == []
