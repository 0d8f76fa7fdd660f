import numpy as np
import pandas as pd

from study.figures.comparison import DOT, draw_comparison, frame_of_comparison
from study.figures.theme import new_figure, theme
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


def test_no_seed_hides_another_however_many_score_the_same():
    frame = frame_of_comparison(scored_table([0.5] * 9 + [0.501, 0.9]), metrics=("val_accuracy",))
    with theme():
        figure = new_figure()
        draw_comparison(frame, figure)
        figure.draw_without_rendering()
        (dots,) = (line for line in figure.axes[0].lines if len(line.get_xdata()) == 11)
        places = figure.axes[0].transData.transform(dots.get_xydata()) * 72 / figure.dpi
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert distances[~np.eye(len(places), dtype=bool)].min() >= 0.9 * DOT


def test_candidates_of_one_configuration_are_drawn_once_under_both_names():
    table = scored_table([0.8, 0.9])
    other = scored_table([0.6, 0.7]).assign(candidate="other", label="Other")
    other["key"] = "other " + other["key"]
    same = table.assign(candidate="two", label="Two")
    frame = frame_of_comparison(pd.concat([table, same, other], ignore_index=True))
    assert frame["label"].unique().tolist() == ["One = Two", "Other"]
    assert "one configuration" in frame.attrs["note"]
    assert len(frame.loc[frame["metric"] == "val_accuracy"]) == 4
