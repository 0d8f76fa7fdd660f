import pytest
from matplotlib.figure import Figure as Canvas

from study.figures.curves import draw_curves, frame_of_curves
from tests.figures.tables import scored_table


def test_curves_average_the_seeds_of_each_epoch_and_keep_the_levels():
    table = scored_table([0.8, 0.9])
    frame = frame_of_curves(table, candidate="one", levels={"report": {"val_accuracy": 0.95}})
    seeds = frame[frame["level"].isna()]
    last = seeds[(seeds["series"] == "val") & (seeds["panel"] == "accuracy")].iloc[-1]
    assert (last["epoch"], last["n"]) == (3, 2)
    assert last["mean"] == pytest.approx(0.85)
    level = frame[frame["level"] == "report"].iloc[0]
    assert (level["series"], level["panel"], level["mean"]) == ("val", "accuracy", 0.95)
    evaluated = seeds[seeds["series"] == "train_eval"]
    assert set(evaluated["epoch"]) == {3}  # only where the training set was scored


def test_curves_name_series_that_share_a_level_once(table):
    said = {"both": {"train_accuracy": 0.93, "val_accuracy": 0.93}}
    frame = frame_of_curves(table, candidate="modified", levels=said)
    canvas = Canvas(layout="constrained")
    draw_curves(frame, canvas)
    labels = [text.get_text() for text in canvas.legends[0].get_texts()]
    assert [label for label in labels if "said" in label] == ["said: both"]
    margin = [text.get_text() for ax in canvas.axes for text in ax.texts]
    assert margin == ["93 %"]
