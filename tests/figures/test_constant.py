"""Every figure of accuracies shows what a model scores that always gives the same answer."""

import pytest
from matplotlib.figure import Figure as Canvas

from study.figures.constant import add_constant
from study.figures.draw import draw_figure
from study.figures.kinds import FIGURES
from study.spec.figures import Figure
from study.table.constant import Constant, constant_predictor
from study.table.formatting import display_factor
from tests.figures.tables import options_of

COLUMNS = ("val_accuracy", "test_accuracy")
OF_ACCURACIES = ("curves", "comparison", "response", "pareto", "time_to_accuracy")


def drawn_with(kind, table, share=None):
    """The canvas and the frame of a kind, with a constant answer of this accuracy or with none."""
    frame = FIGURES[kind].frame(table, **options_of(kind))
    constant = None if share is None else Constant("normal", dict.fromkeys(COLUMNS, share))
    add_constant(frame, FIGURES[kind].scores(frame), constant)
    canvas = Canvas(layout="constrained")
    FIGURES[kind].draw(frame, canvas)
    return canvas, frame


def panels_of(canvas):
    """The panels with an axis of accuracies, each with the name of that axis."""
    for ax in canvas.axes:
        for name in ("x", "y"):
            label = getattr(ax, f"get_{name}label")()
            if ax.axison and "accuracy" in label and "minus" not in label:
                yield ax, name


def lines_at(ax, name, place):
    """The lines across the panel at a place of the axis."""
    places = [getattr(line, f"get_{name}data")() for line in ax.lines if len(line.get_xdata()) == 2]
    return [found for found in places if list(found) == pytest.approx([place] * 2)]


@pytest.mark.parametrize("kind", FIGURES)
def test_panels_of_accuracies_have_a_line_that_is_named(kind, table):
    plain, _ = drawn_with(kind, table)
    panels = list(panels_of(plain))
    assert bool(panels) == (kind in OF_ACCURACIES)
    factor = display_factor("val_accuracy")
    limits = [getattr(ax, f"get_{name}lim")() for ax, name in panels]
    share = sum(max(end) for end in zip(*limits, strict=True)) / 2 / factor if limits else 0.9
    canvas, frame = drawn_with(kind, table, share)
    for (ax, name), before in zip(panels_of(canvas), limits, strict=True):
        assert len(lines_at(ax, name, share * factor)) == 1
        assert getattr(ax, f"get_{name}lim")() == pytest.approx(before)
    legends = [*canvas.legends, *(ax.get_legend() for ax in canvas.axes if ax.get_legend())]
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert texts.count("always “normal”") == bool(panels)
    assert ("always answering “normal”: validation acc" in frame.attrs["note"]) == bool(panels)


@pytest.mark.parametrize("kind", OF_ACCURACIES)
def test_a_line_beyond_the_axis_stretches_nothing_and_stands_in_the_caption(kind, table):
    plain, _ = drawn_with(kind, table)
    canvas, frame = drawn_with(kind, table, share=0.015)
    for (before, name), (after, _) in zip(panels_of(plain), panels_of(canvas), strict=True):
        assert getattr(after, f"get_{name}lim")() == getattr(before, f"get_{name}lim")()
        assert not lines_at(after, name, 1.5)
    assert "validation accuracy 1.5 %" in frame.attrs["note"]


def test_readers_who_see_no_picture_are_told_as_well(table):
    constant = constant_predictor(
        {part: {"normal": 3, "pneumonia": 1} for part in ("train", "val")}
    )
    drawn = draw_figure(Figure("name", "comparison", "A title"), table, constant)
    assert drawn.alt.endswith("Always answering “normal”: validation accuracy 75.0 %.")
    assert "test accuracy 75" not in drawn.note  # the data has no such part
    assert "Always" not in draw_figure(Figure("name", "search", "A title"), table, constant).alt
