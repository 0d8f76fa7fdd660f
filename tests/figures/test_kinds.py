"""Contracts that every kind of figure keeps."""

import io

import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image

from study.figures.draw import SUFFIXES, draw_figure, render
from study.figures.kinds import FIGURES
from study.figures.theme import new_figure, theme
from study.spec.figures import Figure
from tests.figures.tables import OPTIONS, options_of
from tests.made_table import made_table

OF_SEEDS = ("curves", "comparison", "response", "pareto")  # kinds that show means over seeds


def test_options_are_of_kinds_that_there_are():
    assert set(OPTIONS) <= set(FIGURES)


@pytest.mark.parametrize("kind", FIGURES)
def test_kind_is_drawn_into_files(kind, table):
    drawn = draw_figure(Figure("name", kind, "A title", options_of(kind)), table)
    assert not drawn.reason
    assert set(drawn.files) == set(SUFFIXES)
    with Image.open(io.BytesIO(drawn.files["png"])) as picture:
        assert picture.width >= 1000
    assert drawn.files["svg"].lstrip().startswith(b"<?xml")
    assert len(pd.read_csv(io.BytesIO(drawn.files["csv"])))
    assert drawn.note
    assert any(character.isdigit() for character in drawn.alt)


@pytest.mark.parametrize("kind", FIGURES)
def test_kind_names_its_axes_and_its_data(kind, table):
    frame = FIGURES[kind].frame(table, **options_of(kind))
    canvas = Canvas(layout="constrained")
    FIGURES[kind].draw(frame, canvas)
    panels = [ax for ax in canvas.axes if ax.axison]
    assert all(ax.get_xlabel() for ax in panels)
    left = [ax for ax in panels if ax.get_subplotspec().is_first_col()]
    assert all(ax.get_ylabel() or ax.get_yticklabels() for ax in left)
    legends = [*canvas.legends, *(ax.get_legend() for ax in canvas.axes if ax.get_legend())]
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert texts
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("kind", FIGURES)
def test_legend_stays_inside_the_figure_and_off_the_panels(kind, table):
    frame = FIGURES[kind].frame(table, **options_of(kind))
    with theme():
        canvas = new_figure()
        FIGURES[kind].draw(frame, canvas)
        canvas.draw_without_rendering()
        for legend in canvas.legends:
            box = legend.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= canvas.bbox.width
            panels = [ax.get_tightbbox() for ax in canvas.axes if ax.axison]
            assert not any(box.overlaps(panel) for panel in panels)


@pytest.mark.parametrize("kind", OF_SEEDS)
def test_kind_states_the_number_of_seeds_and_what_bars_mean(kind, table):
    note = FIGURES[kind].frame(table, **options_of(kind)).attrs["note"]
    assert "n = 8 seeds" in note
    assert "exact 95 % interval" in note
    few = FIGURES[kind].frame(made_table(seeds=3), **options_of(kind)).attrs["note"]
    assert "n = 3 seeds" in few
    assert "range" in few


@pytest.mark.parametrize("kind", FIGURES)
def test_nothing_to_draw_gives_a_reason(kind, table):
    drawn = draw_figure(Figure("name", kind, "A title", options_of(kind)), table.iloc[:0])
    assert FIGURES[kind].needs in drawn.reason
    assert not drawn.files


@pytest.mark.parametrize("name", FIGURES)
def test_equal_frames_give_equal_pictures(name, table):
    kind = FIGURES[name]
    frame = kind.frame(table, **options_of(name))
    assert render(kind, frame, "A title") == render(kind, frame, "A title")
