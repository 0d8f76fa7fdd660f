import matplotlib.pyplot as plt

from study.figures.theme import add_legend, new_figure


def test_long_legends_take_fewer_columns():
    def columns(label: str) -> int:
        canvas = new_figure()
        lines = {f"{label} {place}": canvas.add_artist(plt.Line2D([], [])) for place in range(8)}
        add_legend(canvas, lines)
        return canvas.legends[0]._ncols

    assert columns("a") > columns("a label of many words that goes on and on") == 1
