import numpy as np
import pytest

from study.figures.draw import draw_figure
from study.figures.importance import frame_of_importance
from study.spec.figures import Figure
from tests.figures.tables import explored_table


def test_importance_finds_the_hyper_parameter_that_decides():
    rng = np.random.default_rng(0)
    trials = []
    for channels in rng.integers(16, 512, 40):
        config = {"channels": int(channels), "hidden": int(rng.choice([0, 32, 128]))}
        trials.append((config, "complete", [0.9] * 11 + [1 / float(channels)]))
    frame = frame_of_importance(explored_table(trials))
    shares = dict(zip(frame["column"], frame["importance"], strict=True))
    assert shares["config_channels"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert set(frame["n"]) == {40}
    assert "rough" not in frame.attrs["note"]
    rough = frame_of_importance(explored_table(trials[:19]))
    assert set(rough["n"]) == {19} and "the order is rough" in rough.attrs["note"]
    few = draw_figure(Figure("name", "importance", "A title"), explored_table(trials[:7]))
    assert few.reason.endswith("; the most that a search of this run has is 7")
    none = draw_figure(
        Figure("name", "importance", "A title"), explored_table(trials[:19]).iloc[:0]
    )
    assert none.reason.endswith("; this run has none")
