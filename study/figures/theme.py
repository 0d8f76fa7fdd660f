"""How every figure looks: one theme, one palette, one place for title and legend."""

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import matplotlib
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from hw3.models import FAMILIES

WIDTH = 7.5  # inches; with 11 point text a figure can be halved and read
COLOURS = sns.color_palette("colorblind")
INK, FAINT = "#222222", "#8a8a8a"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES: tuple[str | tuple[int, tuple[int, ...]], ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
# Colour and marker of each family; the marker tells them apart in grey.
FAMILY_STYLES = {
    family: {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
    for place, family in enumerate(FAMILIES)
}

_SETTINGS = {
    **sns.axes_style("whitegrid"),
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.edgecolor": "#666666",
    "grid.color": "#e3e3e3",
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "savefig.dpi": 160,
    "svg.hashsalt": "study",  # equal figures give equal files
}


@contextmanager
def theme() -> Iterator[None]:
    """The settings of every figure, for the time of a `with` only."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def new_figure(height: float) -> Figure:
    """An empty figure that pyplot does not know of, so that nobody has to close it."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def add_title(figure: Figure, title: str, note: str) -> None:
    """Write the title and, under it, the note; the panels will keep clear of them."""
    height = figure.get_size_inches()[1]
    y = 0.08  # inches from the upper edge
    for text, size, weight, length in ((title, 12, "bold", 78), (note, 10, "normal", 100)):
        lines = textwrap.wrap(text, length)
        figure.text(
            *(0.012, 1 - y / height, "\n".join(lines)),
            fontsize=size,
            fontweight=weight,
            va="top",
            linespacing=1.25,
        )
        y += len(lines) * size * 1.35 / 72
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, 0, 1, 1 - (y + 0.05) / height))  # pyright: ignore[reportCallIssue]


def add_legend(
    figure: Figure, handles: Mapping[str, Artist | tuple[Artist, ...]], columns: int
) -> None:
    """One legend for all panels, under them, where it can hide no data: label -> what it names."""
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=columns)


def wrap_label(label: str, length: int = 20) -> str:
    """The label on as many lines as it needs."""
    return "\n".join(textwrap.wrap(label, length))
