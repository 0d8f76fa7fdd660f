"""Draw a study's figure from its table, into files; where that fails, say why in its place."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from hw3.shape import Shape
from study.figures.architecture import SHAPE
from study.figures.constant import add_constant
from study.figures.kinds import FIGURES, FigureKind
from study.figures.theme import add_title, new_figure, theme
from study.spec.figures import Figure
from study.spec.study import unknown_name
from study.table.constant import Constant

FORMATS = ("png", "svg")
SUFFIXES = (*FORMATS, "csv")  # of a drawn figure's files
Render = Callable[[FigureKind, pd.DataFrame, str], dict[str, bytes]]  # kind, frame, title -> files


@dataclass(frozen=True)
class DrawnFigure:
    """A figure's files, or the reason why there is none.

    Attributes:
        name, title: the figure's own.
        note: number of seeds and what bands or bars stand for.
        alt: the figure's numbers in words.
        files: suffix -> content, png, svg and csv (the frame) unless others were asked for; empty
            where nothing was drawn.
        reason: why nothing was drawn, "it needs ..." or "it could not be drawn: ..."; empty where
            it was.
    """

    name: str
    title: str
    note: str = ""
    alt: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    reason: str = ""


def draw_figure(
    figure: Figure,
    table: pd.DataFrame,
    constant: Constant | None = None,
    shape: Shape | None = None,
    rendered: Render | None = None,
) -> DrawnFigure:
    """Draw a figure of a study from its table; whatever goes wrong becomes its `reason`.

    Args:
        constant: what accuracies are shown beside; None where it is not known.
        shape: of what the models take and give; None for grey images of two classes.
        rendered: makes the figure's files, but for the frame's; `render` if None.
    """
    try:
        return _draw(figure, with_shape(table, shape), constant, rendered or render)
    except Exception as error:  # noqa: BLE001 - one figure's fault must not cost the whole report
        reason = f"it could not be drawn: {describe_error(error)}"
        return DrawnFigure(figure.name, figure.title, reason=reason)


def with_shape(table: pd.DataFrame, shape: Shape | None) -> pd.DataFrame:
    """The table, which knows now what figures of models are built for."""
    table = table.copy(deep=False)
    table.attrs[SHAPE] = shape
    return table


def describe_error(error: Exception) -> str:
    """The error's class and message on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _draw(
    figure: Figure, table: pd.DataFrame, constant: Constant | None, rendered: Render
) -> DrawnFigure:
    kind = _kind_of(figure)
    # a copy: what a kind of somebody's own does to it reaches no other figure
    frame = kind.frame(table.copy(), **figure.options)
    if frame.empty:
        return DrawnFigure(figure.name, figure.title, reason=_what_it_needs(kind, frame))
    said = add_constant(frame, kind.scores(frame), constant)
    files = rendered(kind, frame, figure.title) | {"csv": frame.to_csv(index=False).encode()}
    note, alt = frame.attrs["note"], kind.describe(frame)
    alt += f" {said.capitalize()}." * bool(said)
    return DrawnFigure(figure.name, figure.title, note, alt, files)


def make_canvas(
    figure: Figure,
    table: pd.DataFrame,
    constant: Constant | None = None,
    shape: Shape | None = None,
) -> Canvas:
    """The figure as matplotlib's, to be shown or changed.

    Args:
        constant, shape: as for `draw_figure`.

    Raises:
        ValueError: the table does not hold what it needs, or there is no such kind.
    """
    kind = _kind_of(figure)
    frame = kind.frame(with_shape(table, shape), **figure.options)
    if frame.empty:
        raise ValueError(_what_it_needs(kind, frame))
    add_constant(frame, kind.scores(frame), constant)
    with theme():
        return _canvas(kind, frame, figure.title)


def _kind_of(figure: Figure) -> FigureKind:
    if figure.kind not in FIGURES:
        raise ValueError(unknown_name("kind", figure.kind, FIGURES))
    return FIGURES[figure.kind]


def _what_it_needs(kind: FigureKind, frame: pd.DataFrame) -> str:
    return f"it needs {kind.needs}; {frame.attrs.get('found', 'this run has none')}"


def render(
    kind: FigureKind, frame: pd.DataFrame, title: str, formats: Sequence[str] = FORMATS
) -> dict[str, bytes]:
    """The drawn frame in each of the formats; equal frames give equal bytes."""
    with theme():
        canvas = _canvas(kind, frame, title)
        files = {}
        for suffix in formats:
            files[suffix] = _save(canvas, suffix)
            canvas.set_layout_engine("none")  # laid out once: it takes half of the time
        return files


def _canvas(kind: FigureKind, frame: pd.DataFrame, title: str) -> Canvas:
    canvas = new_figure()
    kind.draw(frame, canvas)
    add_title(canvas, title, frame.attrs["note"])
    return canvas


def _save(canvas: Canvas, suffix: str) -> bytes:
    buffer = io.BytesIO()
    stamp: dict[str, Any] = {"Date": None} if suffix == "svg" else {"Software": None}
    canvas.savefig(buffer, format=suffix, metadata=stamp)
    return buffer.getvalue()
