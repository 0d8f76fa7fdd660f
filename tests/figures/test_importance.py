import numpy as np
import pytest

from study.figures.importance import frame_of_importance
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
    assert frame_of_importance(explored_table(trials[:19])).empty
