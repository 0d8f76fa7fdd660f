"""Labels beside the markers of a panel, so that none covers another, a marker or a bar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from study.figures.theme import FAINT, INK

REACH = 7.0  # from a marker's middle to its edge, in typographic points
LEADER = 16.0  # a label farther off than this gets a line to its marker


@dataclass(frozen=True)
class Place:
    """Where a label stands: offset of its anchor from the marker, and the anchor's side."""

    across: float
    up: float
    side: str


def place_labels(
    ax: Axes, labels: Sequence[str], markers: np.ndarray, lines: np.ndarray, size: float = 10
) -> list[Annotation]:
    """Write each label at the nearest place where it covers nothing, or else where least.

    The figure must have been laid out.

    Args:
        markers: x and y of their middles in data coordinates, (N, 2).
        lines: upright or level lines to keep clear of, x and y of both ends, (M, 2, 2).
        size: of the text in points.
    """
    pixels = ax.figure.dpi / 72  # in a typographic point
    middles = ax.transData.transform(markers)
    reach = REACH * pixels
    taken = [*np.hstack([middles - reach, middles + reach])]
    taken += [_line_box(ends, pixels) for ends in map(ax.transData.transform, lines)]
    panel = np.array(ax.get_window_extent().extents)
    placed = []
    for label, marker, middle in zip(labels, markers, middles, strict=True):
        probe = ax.text(0, 0, label, fontsize=size)
        extent = probe.get_window_extent()
        probe.remove()
        boxes = {place: _label_box(middle, place, extent.size, pixels) for place in _places()}
        others = np.array(taken)
        best = min(boxes, key=lambda place: round(_covered(boxes[place], others, panel)))
        taken.append(boxes[best])
        placed.append(_write(ax, label, tuple(marker), best, size))
    return placed


def _places() -> Iterator[Place]:
    """Right, left, above, below, between, and on ever wider circles; the best-liked first."""
    for radius in (11, 20, 32, 46, 62, 80, 100):
        for angle in (0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240):
            across, up = np.cos(np.radians(angle)), np.sin(np.radians(angle))
            side = "left" if across > 0.3 else "right" if across < -0.3 else "center"
            yield Place(radius * across, radius * up, side)


def _line_box(ends: np.ndarray, pixels: float) -> np.ndarray:
    """The box that a line between two ends fills: left, bottom, right, top, all in pixels."""
    return np.concatenate([ends.min(axis=0) - pixels, ends.max(axis=0) + pixels])


def _label_box(
    middle: np.ndarray, place: Place, size: tuple[float, float], pixels: float
) -> np.ndarray:
    """The box that a label of this size fills at a place, as `_line_box` gives it."""
    width, height = size
    shift = {"left": 0.0, "center": width / 2, "right": width}[place.side]
    left = middle[0] + place.across * pixels - shift
    bottom = middle[1] + place.up * pixels - height / 2
    corners = [left - pixels, bottom - pixels, left + width + pixels, bottom + height + pixels]
    return np.array(corners)


def _covered(box: np.ndarray, taken: np.ndarray, panel: np.ndarray) -> float:
    """Square pixels of the box that lie on something, (N, 4), or outside the panel."""
    left, bottom, right, top = box
    outside = (right - left) * (top - bottom) - _overlaps(box, panel[None]).sum()
    return float(outside + _overlaps(box, taken).sum())


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that the box shares with each of the others, (N, 4) -> (N,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return np.clip(high - low, 0, None).prod(axis=1)


def _write(
    ax: Axes, label: str, marker: tuple[float, float], place: Place, size: float
) -> Annotation:
    is_far = np.hypot(place.across, place.up) > LEADER
    return ax.annotate(
        label,
        marker,
        xytext=(place.across, place.up),
        textcoords="offset points",
        fontsize=size,
        color=INK,
        ha=place.side,
        va="center",
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.5},
        arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.8} if is_far else None,
    )
