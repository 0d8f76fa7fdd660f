"""Figures as PDF, as wide as a column of a journal or a whole page of it, without their titles,
which the captions of a paper give."""

import io
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.figure import Figure as Canvas

from study.figures.kinds import FigureKind
from study.figures.theme import new_figure, theme

ONE, TWO = 89, 183  # mm: the widths of one column and of two
SCALE = 0.72  # of the theme: its text of 10 and 11 points is printed with 7 and 8
INCH = 25.4  # mm
SETTINGS: Any = {"pdf.fonttype": 42}  # TrueType, which journals ask for


def render_columns(kind: FigureKind, frame: pd.DataFrame, _title: str) -> dict[str, bytes]:
    """The drawn frame in both widths, "89mm.pdf" unless its kind is wide, and "183mm.pdf"; equal
    frames give equal bytes."""
    widths = (TWO,) if kind.wide else (ONE, TWO)
    return {f"{width}mm.pdf": _render(kind, frame, width / INCH) for width in widths}


def _render(kind: FigureKind, frame: pd.DataFrame, width: float) -> bytes:
    with theme(), matplotlib.rc_context(SETTINGS):
        canvas = new_figure(width / SCALE)
        kind.draw(frame, canvas)
        return _save(canvas, width / float(canvas.get_figwidth()))


def _save(canvas: Canvas, scale: float) -> bytes:
    """The figure as a page of PDF on which everything, text and lines alike, is smaller.

    As matplotlib's own `print_pdf`, which knows no scale.
    """
    canvas.set_dpi(72)  # points to an inch, which is what a page is measured in
    width, height = canvas.get_size_inches()
    content = io.BytesIO()
    file = PdfFile(content, metadata={"CreationDate": None})
    file.newPage(width * scale, height * scale)
    file.width, file.height = width, height  # to which paths are cut, before they are scaled
    file.output(scale, 0, 0, scale, 0, 0, Op.concat_matrix)
    renderer = RendererPdf(file, 72, height, width)
    canvas.draw(renderer)
    renderer.finalize()
    file.finalize()
    return content.getvalue()
