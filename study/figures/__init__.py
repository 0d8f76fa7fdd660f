"""Pictures of a study. frame_of_x(table) computes what is shown, draw_x(frame, figure) draws it.

A figure is a record of the study (`study.spec.study.Figure`); a new kind of figure is a file here and a
line in FIGURES.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from study.figures.architecture import (
    describe_architecture,
    draw_architecture,
    frame_of_architecture,
)
from study.figures.comparison import (
    describe_comparison,
    draw_comparison,
    frame_of_comparison,
)
from study.figures.curves import describe_curves, draw_curves, frame_of_curves
from study.figures.importance import describe_importance, draw_importance, frame_of_importance
from study.figures.pareto import describe_front, draw_front, frame_of_front
from study.figures.response import (
    describe_response,
    draw_response,
    frame_of_response,
)
from study.figures.rungs import describe_rungs, draw_rungs, frame_of_rungs
from study.figures.search import describe_search, draw_search, frame_of_search
from study.figures.slices import describe_slices, draw_slices, frame_of_slices
from study.figures.theme import add_title, new_figure, theme
from study.figures.time_to_accuracy import (
    describe_time_to_accuracy,
    draw_time_to_accuracy,
    frame_of_time_to_accuracy,
)
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.spec.study import Study


@dataclass(frozen=True)
class FigureKind:
    """How one kind of figure is made.

    Attributes:
        frame: (table, **options) -> what is shown, empty where there is nothing; its
            `attrs["note"]` says n and what bands or bars stand for.
        draw: (frame, empty figure) -> None; sets the figure's size.
        describe: frame -> the figure's numbers in words, for those who do not see it.
        needs: what the table must hold for a figure.
    """

    frame: Callable[..., pd.DataFrame]
    draw: Callable[[pd.DataFrame, Canvas], None]
    describe: Callable[[pd.DataFrame], str]
    needs: str


FIGURES = {
    "curves": FigureKind(
        frame_of_curves,
        draw_curves,
        describe_curves,
        needs="a confirmed trial of the point that reached its last epoch",
    ),
    "comparison": FigureKind(
        frame_of_comparison,
        draw_comparison,
        describe_comparison,
        needs="a confirmed trial that reached its last epoch",
    ),
    "response": FigureKind(
        frame_of_response,
        draw_response,
        describe_response,
        needs="an explored trial of the search, or a confirmed point in its space",
    ),
    "front": FigureKind(
        frame_of_front,
        draw_front,
        describe_front,
        needs="a confirmed trial that reached its last epoch",
    ),
    "time_to_accuracy": FigureKind(
        frame_of_time_to_accuracy,
        draw_time_to_accuracy,
        describe_time_to_accuracy,
        needs="a confirmed trial that reached its last epoch",
    ),
    "search": FigureKind(
        frame_of_search,
        draw_search,
        describe_search,
        needs="an explored trial that reached its last epoch",
    ),
    "slices": FigureKind(
        frame_of_slices,
        draw_slices,
        describe_slices,
        needs="explored trials of one search that differ",
    ),
    "importance": FigureKind(
        frame_of_importance,
        draw_importance,
        describe_importance,
        needs="a search with several searched hyper-parameters and 20 full-length trials",
    ),
    "rungs": FigureKind(
        frame_of_rungs,
        draw_rungs,
        describe_rungs,
        needs="unpruned trials of full length that make three pairs within a search",
    ),
    "architecture": FigureKind(
        frame_of_architecture,
        draw_architecture,
        describe_architecture,
        needs="a confirmed trial of each of its points that reached its last epoch",
    ),
}
FORMATS = ("png", "svg")
SUFFIXES = (*FORMATS, "csv")  # of a drawn figure's files


@dataclass(frozen=True)
class DrawnFigure:
    """A figure's files, or the reason why there is none.

    Attributes:
        name, title: the figure's own.
        note: number of seeds and what bands or bars stand for.
        alt: the figure's numbers in words.
        files: png, svg and csv (the frame) -> content; empty where nothing was drawn.
        reason: why nothing was drawn; empty where something was.
    """

    name: str
    title: str
    note: str = ""
    alt: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    reason: str = ""


def check_figures(study: Study) -> None:
    """Find a figure that cannot be drawn before anything is spent on its study.

    Raises:
        StudyError: a figure is of an unknown kind.
    """
    for figure in study.figures:
        _find_kind(figure)


def draw_figure(figure: Figure, table: pd.DataFrame) -> DrawnFigure:
    """Draw a figure of a study from its table.

    Raises:
        StudyError: the figure is of an unknown kind.
    """
    kind = _find_kind(figure)
    frame = kind.frame(table, **figure.options)
    if frame.empty:
        return DrawnFigure(figure.name, figure.title, reason=f"it needs {kind.needs}")
    files = render(kind, frame, figure.title) | {"csv": frame.to_csv(index=False).encode()}
    note = frame.attrs["note"]
    return DrawnFigure(figure.name, figure.title, note, kind.describe(frame), files)


def _find_kind(figure: Figure) -> FigureKind:
    if figure.kind not in FIGURES:
        raise StudyError(
            f"figure {figure.name}: kind must be one of {', '.join(FIGURES)}; got {figure.kind!r}"
        )
    return FIGURES[figure.kind]


def render(kind: FigureKind, frame: pd.DataFrame, title: str) -> dict[str, bytes]:
    """The drawn frame in each of FORMATS; equal frames give equal bytes."""
    with theme():
        canvas = new_figure()
        kind.draw(frame, canvas)
        add_title(canvas, title, frame.attrs["note"])
        return {suffix: _save(canvas, suffix) for suffix in FORMATS}


def _save(canvas: Canvas, suffix: str) -> bytes:
    buffer = io.BytesIO()
    stamp: dict[str, Any] = {"Date": None} if suffix == "svg" else {"Software": None}
    canvas.savefig(buffer, format=suffix, metadata=stamp)
    return buffer.getvalue()
