import numpy as np
import pandas as pd

from study.figures.comparison import frame_of_comparison
from tests.figures.tables import scored_table
from tests.made_table import made_table


def test_confirmed_trials_that_did_not_finish_are_left_out_and_counted():
    table = pd.concat(
        [scored_table([0.8, 0.9]), scored_table([0.1], status="diverged")], ignore_index=True
    )
    frame = frame_of_comparison(table)
    assert list(frame["value"]) == [0.8, 0.9]
    assert "1 diverged" in frame.attrs["note"]


def test_comparison_has_every_seed_and_leaves_out_an_absent_test_part(table):
    frame = frame_of_comparison(table)
    assert set(frame["metric"]) == {"val_accuracy", "test_accuracy"}
    assert len(frame) == 2 * 4 * 8
    means = frame.groupby(["metric", "candidate"])["value"].mean()
    stated = frame.groupby(["metric", "candidate"])["mean"].first()
    np.testing.assert_allclose(means.to_numpy(float), stated.to_numpy(float))
    without = frame_of_comparison(made_table(seeds=3, with_test=False))
    assert set(without["metric"]) == {"val_accuracy"}
