"""Figures for a paper: as wide as a column of it, with text of its size."""

import functools
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from matplotlib.text import Text

from study.figures.columns import INCH, ONE, SCALE, TWO, render_columns
from study.figures.draw import draw_figure
from study.figures.kinds import FIGURES
from study.figures.theme import new_figure, theme
from study.spec.figures import Figure
from tests.figures.tables import options_of

POINT = INCH / 72  # mm


@pytest.fixture(scope="module")
def drawn(table):
    """The files of a kind's figure, drawn once."""

    @functools.cache
    def files_of(kind: str) -> dict[str, bytes]:
        figure = Figure("name", kind, "A title", options_of(kind))
        return dict(draw_figure(figure, table, rendered=render_columns).files)

    return files_of


def pages(files: dict[str, bytes]) -> dict[float, bytes]:
    """Width that the name says in mm -> PDF."""
    return {float(name.removesuffix("mm.pdf")): files[name] for name in files if "pdf" in name}


def width_of(pdf: bytes) -> float:
    """In mm."""
    found = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert found is not None
    assert float(found[2]) * POINT < 247, "higher than a page"
    return float(found[1]) * POINT


@pytest.mark.parametrize("kind", FIGURES)
def test_a_kind_is_as_wide_as_a_column(kind, drawn):
    found = pages(drawn(kind))
    assert set(found) == ({TWO} if FIGURES[kind].wide else {ONE, TWO})
    for width, page in found.items():
        assert width_of(page) == pytest.approx(width, abs=0.01)
        assert b"/Subtype /Type3" not in page  # which journals refuse


def test_equal_frames_give_equal_files(table, drawn):
    again = draw_figure(Figure("name", "search", "A title"), table, rendered=render_columns)
    assert again.files == drawn("search")


def test_a_kind_that_sets_its_own_width_is_made_to_fit(table):
    def draw(_frame, canvas):
        canvas.set_size_inches(12, 3)
        canvas.subplots().plot([0, 1])

    own = replace(FIGURES["search"], draw=draw)
    frame = own.frame(table)
    for name, page in render_columns(own, frame, "A title").items():
        assert width_of(page) == pytest.approx(float(name.removesuffix("mm.pdf")), abs=0.01)


@pytest.mark.parametrize("kind", FIGURES)
def test_text_is_printed_with_six_to_eight_points(kind, table):
    frame = FIGURES[kind].frame(table, **options_of(kind))
    with theme():
        canvas = new_figure(TWO / INCH / SCALE)
        FIGURES[kind].draw(frame, canvas)
        texts = [text for text in canvas.findobj(Text) if text.get_text()]
    sizes = {text.get_fontsize() * SCALE for text in texts}
    assert min(sizes) > 6 and max(sizes) < 8.1
    assert canvas.get_figwidth() * SCALE * INCH == pytest.approx(TWO)  # no kind has its own


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler's pdftotext")
@pytest.mark.parametrize("kind", FIGURES)
def test_no_text_is_cut_off_at_the_edge(kind, drawn, tmp_path):
    for width, page in pages(drawn(kind)).items():
        (tmp_path / "page.pdf").write_bytes(page)
        subprocess.run(["pdftotext", "-bbox", "page.pdf", "page.html"], cwd=tmp_path, check=True)
        words = re.findall(
            r'<word xMin="([\d.-]+)" .*?xMax="([\d.-]+)" .*?>(.*)</word>',
            (tmp_path / "page.html").read_text(),
        )
        assert words
        for left, right, word in words:
            assert -1 < float(left) < float(right) < width / POINT + 1, word
