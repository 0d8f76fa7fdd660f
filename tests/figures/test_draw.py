"""A figure is drawn, or says why not; it never raises."""

from dataclasses import replace
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from study.figures.draw import draw_figure
from study.figures.kinds import FIGURES
from study.spec.figures import Figure
from tests.figures.tables import options_of


def explode(*_arguments, **_options):
    raise ZeroDivisionError("on\npurpose")


def test_drawing_leaves_no_trace_in_matplotlib(table):
    before = dict(matplotlib.rcParams)
    draw_figure(Figure("name", "comparison", "A title"), table)
    assert dict(matplotlib.rcParams) == before
    assert not plt.get_fignums()


@pytest.mark.parametrize("part", ["frame", "draw", "describe"])
@pytest.mark.parametrize("kind", FIGURES)
def test_whatever_a_kind_raises_becomes_the_reason(kind, part, table):
    broken = replace(FIGURES[kind], **{part: explode})
    with mock.patch.dict(FIGURES, {kind: broken}):
        drawn = draw_figure(Figure("name", kind, "A title", options_of(kind)), table)
    assert drawn.reason == "it could not be drawn: ZeroDivisionError: on purpose"
    assert (drawn.name, drawn.title, drawn.files) == ("name", "A title", {})


def test_what_a_kind_does_to_its_table_reaches_no_other(table):
    def spoil(table):
        table["val_loss"] = 0.0
        table.loc[:, "val_accuracy"] = 0.0
        del table["stage"]
        raise ValueError("after all that")

    before = table.copy()
    with mock.patch.dict(FIGURES, {"bad": replace(FIGURES["comparison"], frame=spoil)}):
        drawn = draw_figure(Figure("name", "bad", "A title"), table)
    assert drawn.reason == "it could not be drawn: ValueError: after all that"
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure("name", "pie", "A title"), "kind must be one of curves, "),
        (Figure("name", "curves", "A title", {"candidat": "lab4"}), "TypeError: "),
        (Figure("name", "pareto", "A title", {"y": "val_acc", "xs": ["elapsed"]}), "'val_acc'"),
    ],
)
def test_a_wrong_figure_is_named_in_its_place(figure, said, table):
    drawn = draw_figure(figure, table)
    assert drawn.reason.startswith("it could not be drawn: ")
    assert said in drawn.reason
    assert not drawn.files
