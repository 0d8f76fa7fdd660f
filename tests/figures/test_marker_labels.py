from itertools import combinations

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Canvas

from study.figures.marker_labels import place_labels


def test_labels_cover_neither_each_other_nor_the_markers():
    canvas = Canvas(figsize=(7, 3))
    ax = canvas.subplots()
    markers = np.array([[0.5, 0.5], [0.5, 0.52], [0.51, 0.5], [0.99, 0.5], [0.01, 0.99]])
    ax.set(xlim=(0, 1), ylim=(0, 1))
    labels = [f"a marker with a name {number}" for number in range(len(markers))]
    texts = place_labels(ax, labels, markers, np.empty((0, 2, 2)))
    canvas.draw_without_rendering()
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    middles = ax.transData.transform(markers)
    assert not any(box.contains(*middle) for box in boxes for middle in middles)
    panel = ax.get_window_extent()
    assert all(panel.x0 <= box.x0 and box.x1 <= panel.x1 for box in boxes)
