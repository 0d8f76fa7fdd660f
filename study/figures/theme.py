"""How every figure looks: one theme, one palette, one place for title and legend."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullLocator

from hw3.models import FAMILIES
from study.table.formatting import find_column

WIDTH = 7.5  # of a page's figure, inches; with 11 point text it can be halved and read
GAP, LINE_SPACING = 0.06, 1.4  # of the title: inches, and in font sizes
MAX_COLUMNS, CHARACTER, HANDLE = 4, 5.9, 56.0  # of the legend; points per character, handle
LEGEND_LINE = 0.21  # inches
# seaborn's palettes "colorblind" and "crest", and in _SETTINGS its style "whitegrid": with seaborn
# comes scipy.stats, which takes a second to import
COLOURS = [
    to_rgb(colour)
    for colour in (
        *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
        *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
    )
]
_CREST = LinearSegmentedColormap.from_list("crest", ["#a5cd90", "#509e90", "#1d6c8a", "#2c3172"])
INK, FAINT = "#222222", "#8a8a8a"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MAX_TICKS, MIN_TICKS = 7, 3  # of a log scale
STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # in each power of ten
LINES = ("-", "--", "-.", ":")
# Colour and marker of each family; the marker tells them apart in grey.
FAMILY_STYLES = {
    family: {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
    for place, family in enumerate(FAMILIES)
}

_SETTINGS: Any = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "xtick.bottom": False,
    "ytick.left": False,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans", "Bitstream Vera Sans"],
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


def graded_colours(count: int) -> list[tuple[float, ...]]:
    """So many colours from light to dark, for the values of a number."""
    return [_CREST(place) for place in np.linspace(0, 1, count + 2)[1:-1]]


def new_figure(width: float = WIDTH) -> Figure:
    """An empty figure that pyplot does not know of, so that nobody has to close it; who draws into
    it sets its height alone.

    Args:
        width: inches.
    """
    return Figure(figsize=(width, width), layout="constrained")


def add_title(figure: Figure, title: str, note: str) -> None:
    """Write the title and, under it, the note, above what is drawn; the figure grows for them."""
    blocks = [
        ("\n".join(textwrap.wrap(text.replace(" %", "\u00a0%"), length)), size, weight)
        for text, size, weight, length in ((title, 12, "bold", 72), (note, 10, "normal", 104))
    ]
    heights = [(text.count("\n") + 1) * size * LINE_SPACING / 72 for text, size, _ in blocks]
    drawn = figure.get_size_inches()[1]
    height = drawn + sum(heights) + 2 * GAP
    figure.set_figheight(height)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, drawn / height))
    top = height - GAP
    for (text, size, weight), block in zip(blocks, heights, strict=True):
        figure.text(0.012, top / height, text, fontsize=size, fontweight=weight, va="top")
        top -= block


def add_legend(figure: Figure, handles: Mapping[str, Artist | tuple[Artist, ...]]) -> None:
    """One legend for all panels, under them, where it can hide no data; the figure grows for it.

    Args:
        handles: label -> what it names.
    """
    width, height = figure.get_size_inches()
    columns = _legend_columns([len(label) for label in handles], width)
    figure.set_figheight(height + LEGEND_LINE * math.ceil(len(handles) / columns))
    drawn: list[Any] = list(handles.values())
    figure.legend(drawn, list(handles), loc="outside lower center", ncols=columns)


def _legend_columns(lengths: Sequence[int], width: float) -> int:
    """Columns of the legend: as few lines as the figure's width allows.

    Args:
        lengths: characters of each label; columns are filled from above.
        width: of the figure, inches.
    """
    fitting = [1]
    for columns in range(2, min(len(lengths), MAX_COLUMNS) + 1):
        longest = [part.max() for part in np.array_split(np.array(lengths), columns)]
        if sum(CHARACTER * length + HANDLE for length in longest) <= width * 72:
            fitting.append(columns)
    return min(fitting, key=lambda columns: (math.ceil(len(lengths) / columns), columns))


class LogTicks(Locator):
    """Round numbers on a log scale, several of them however little of it is seen.

    Args:
        whole: whether they are whole numbers, powers of two where enough of them are seen.
        at_most: about how many.
    """

    def __init__(self, whole: bool = False, at_most: int = MAX_TICKS) -> None:
        self._whole, self._at_most = whole, at_most

    def __call__(self) -> list[float]:
        if self.axis is None:
            return []
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Those from vmin, above 0, to vmax."""
        low, high = sorted((vmin, vmax))
        ladders = [ladder for ladder in self._ladders(low, high) if len(ladder) >= MIN_TICKS]
        if ladders:
            return ladders[0][:: -(-len(ladders[0]) // self._at_most)]
        even = MaxNLocator(self._at_most - 1, steps=[1, 2, 5, 10], integer=self._whole)
        return [float(tick) for tick in even.tick_values(low, high) if low <= tick <= high]

    def _ladders(self, low: float, high: float) -> Iterator[list[float]]:
        """The coarsest first."""
        if self._whole:
            powers = [2.0**power for power in range(_power(2, low), _power(2, high) + 1)]
            yield [tick for tick in powers if low <= tick <= high]
        for steps in STEPS:
            powers = range(_power(10, low), _power(10, high) + 1)
            ticks = [step * 10.0**power for power in powers for step in steps]
            seen = [float(f"{tick:.6g}") for tick in ticks if low <= tick <= high]
            yield [tick for tick in seen if tick == round(tick) or not self._whole]


def _power(base: float, value: float) -> int:
    return math.floor(math.log(value, base))


def scale_log_x(ax: Axes, x: np.ndarray, max_ticks: int = MAX_TICKS) -> None:
    """Log scale for x, (N,), with a place for zero.

    Ticks are at powers of two, about `max_ticks` at most, where all x are whole numbers, and at
    the values themselves where zero is among few.
    """
    whole = bool((x == x.round()).all())
    if (x <= 0).any():
        smallest, values = min(x[x > 0], default=1.0), np.unique(x)
        ax.set_xscale("symlog", linthresh=smallest, linscale=0.5)
        ax.set_xlim(-0.6 * smallest, 1.5 * max(x.max(), smallest))
        positive = LogTicks(whole, max_ticks - 1).tick_values(smallest, max(x.max(), smallest))
        ticks = values.tolist() if len(values) <= MAX_TICKS else [0.0, *positive]
        _label_ticks(ax.xaxis, FixedLocator(ticks))
        return
    ax.set_xscale("log")
    _label_ticks(ax.xaxis, LogTicks(whole, max_ticks))


def _label_ticks(axis: Axis, ticks: Locator) -> None:
    """Ticks there and nowhere else, their numbers in full."""
    axis.set_major_locator(ticks)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:.6g}"))


def scale_log_loss(ax: Axes, which: Literal["x", "y"]) -> None:
    """Log scale for losses, so that one bad trial does not press the others together."""
    ax.set(**{f"{which}scale": "log"})
    _label_ticks(ax.xaxis if which == "x" else ax.yaxis, LogTicks())


def scale_objective(ax: Axes, objective: str, which: Literal["x", "y"]) -> None:
    """The scale for what a search optimises: that of losses where it is one."""
    if find_column(objective).unit == "nats":
        scale_log_loss(ax, which)


def wrap_label(label: str, length: int = 20) -> str:
    """The label on as many lines as it needs."""
    return "\n".join(textwrap.wrap(label, length, break_on_hyphens=False))
