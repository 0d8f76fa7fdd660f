"""Hyper-parameters that are text, or yes and no, in every figure of settings and in words."""

import numpy as np
import pytest

from study.figures.check import figure_mistakes
from study.figures.importance import frame_of_importance
from study.figures.kinds import FIGURES
from study.figures.response import frame_of_response
from study.figures.slices import frame_of_slices
from study.figures.theme import new_figure, theme
from study.spec.baseline import Baseline
from study.spec.figures import Figure
from study.spec.search import Search
from study.spec.space import Choice, Float
from study.spec.study import Study
from study.table.example import example_table
from study.table.summary import describe_config, summarise_candidates
from tests.figures.tables import explored_table

SPACE = {"optimiser": Choice(("adam", "sgd")), "augment": Choice((False, True))}
SPACE |= {"learning_rate": Float(1e-4, 1e-1, log=True)}
STUDY = Study(
    "recipes",
    "Recipes",
    "Which?",
    (Baseline("b", "B", "gap"), Baseline("sgd", "SGD", "gap", {"optimiser": "sgd"})),
    (Search("search", "Search", "gap", SPACE),),
)
RESPONSE = {"search": "search", "x": "config_optimiser", "metrics": ["val_loss"]}


def trials(count=24):
    """The optimiser decides, and a rate that is given beside it does not."""
    rng = np.random.default_rng(0)
    return explored_table(
        [
            ({"optimiser": name, "momentum": 0.5, "learning_rate": rate}, "complete", [loss] * 12)
            for number in range(count)
            for name in [("adam", "sgd")[number % 2]]
            for rate in [float(rng.uniform(1e-4, 1e-2))]
            for loss in [0.2 + 0.4 * (name == "sgd") + rng.normal(0, 0.01)]
        ]
    )


@pytest.fixture(scope="module")
def table():
    return trials()


def drawn(kind, frame):
    figure = new_figure()
    with theme():
        FIGURES[kind].draw(frame, figure)
        figure.draw_without_rendering()
    return figure, FIGURES[kind].describe(frame)


def test_slices_have_a_place_for_each_word(table):
    frame = frame_of_slices(table)
    assert {"config_optimiser", "config_learning_rate"} <= set(frame["column"])
    assert set(frame.loc[frame["column"] == "config_optimiser", "x"]) == {"adam", "sgd"}
    figure, said = drawn("slices", frame)
    panels = {" ".join(ax.get_xlabel().split()): ax for ax in figure.axes}
    assert [one.get_text() for one in panels["optimiser"].get_xticklabels()] == ["adam", "sgd"]
    assert panels["learning rate at the start"].get_xscale() == "log"
    assert "optimiser adam" in said


def test_a_hyper_parameter_that_does_nothing_in_some_trials_is_shown_where_it_does(table):
    explored = table.loc[table["is_final"]]
    assert explored["config_momentum"].isna().sum() == len(explored) / 2
    both = [
        ({"optimiser": name, "momentum": momentum}, "complete", [0.5] * 12)
        for name in ("adam", "sgd")
        for momentum in (0.5, 0.9)
    ]
    frame = frame_of_slices(explored_table(both))
    assert (frame["column"] == "config_momentum").sum() == 2
    drawn("slices", frame)


def test_importance_takes_words(table):
    frame = frame_of_importance(table)
    shares = frame.set_index("column")["importance"]
    assert shares["config_optimiser"] > 0.5
    assert "config_momentum" not in shares.index


@pytest.mark.parametrize("column", ["config_optimiser", "config_learning_rate", "config_momentum"])
@pytest.mark.parametrize("place", ["x", "hue"])
def test_response_takes_words_numbers_and_what_is_missing_in_some(table, column, place):
    options = {**RESPONSE, "x": "config_learning_rate", place: column}
    figure, _said = drawn("response", frame_of_response(table, **options))
    if (place, column) == ("x", "config_optimiser"):
        labels = [one.get_text() for one in figure.axes[0].get_xticklabels()]
        assert labels == ["adam", "sgd"]


def test_configurations_are_described_with_what_differs_from_the_homeworks(table):
    adam, sgd = (
        describe_config(table.loc[(table["config_optimiser"] == name) & table["is_final"]])
        for name in ("adam", "sgd")
    )
    assert "optimiser = adam" in adam and "momentum" not in adam
    assert "optimiser = sgd" in sgd and "momentum = 0.5" in sgd
    assert "augmentation" not in sgd


def test_a_study_of_recipes_is_drawn_and_summarised_before_anything_is_trained():
    table = example_table(STUDY)
    assert str(table["config_augment"].dtype) == "boolean"
    assert str(table["config_optimiser"].dtype) == "string"
    assert "config_label_smoothing" not in table
    answer = Figure("answer", "response", "Answer", RESPONSE | {"hue": "config_augment"})
    assert figure_mistakes(STUDY, (*STUDY.figures, answer), table) == []
    said = summarise_candidates(STUDY, table)["configuration"]
    assert "optimiser = adam" in said[0] and "augmentation = no" in said[0]


def test_text_cannot_be_a_score_or_a_cost():
    wrong = Figure("wrong", "pareto", "P", {"y": "val_accuracy", "xs": ["config_optimiser"]})
    assert figure_mistakes(STUDY, (wrong,), None)


def test_the_homeworks_tables_have_no_column_of_the_recipe():
    table = explored_table([({"channels": 16}, "complete", [0.5] * 12)])
    assert "config_optimiser" not in table and "config_learning_rate" not in table
