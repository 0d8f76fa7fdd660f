import matplotlib.pyplot as plt
import pytest

from study.figures.theme import MAX_TICKS, LogTicks, add_legend, new_figure


def test_long_legends_take_fewer_columns():
    def columns(label: str) -> int:
        canvas = new_figure()
        lines = {f"{label} {place}": canvas.add_artist(plt.Line2D([], [])) for place in range(8)}
        add_legend(canvas, lines)
        return canvas.legends[0]._ncols

    assert columns("a") > columns("a label of many words that goes on and on") == 1


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (33, 60),
        (17, 30),
        (64, 1024),
        (1, 100_000),
        (12, 14),
        (0.011, 0.09),
        (0.66, 0.69),
        (1e-5, 1),
    ],
)
def test_a_log_axis_has_several_ticks_and_not_too_many(low, high, whole):
    if whole and low < 1:
        pytest.skip("no whole numbers there")
    ticks = LogTicks(whole).tick_values(low, high)
    assert 3 <= len(ticks) <= MAX_TICKS + 1
    assert ticks == sorted(set(ticks))
    assert all(low <= tick <= high and (tick == round(tick) or not whole) for tick in ticks)


def test_sizes_have_ticks_at_powers_of_two_where_there_are_several():
    assert LogTicks(whole=True).tick_values(30, 1000) == [32, 64, 128, 256, 512]
