from study.figures.slices import frame_of_slices
from tests.figures.tables import explored_table


def test_slices_tell_the_choice_the_hand_picked_and_the_stopped(table):
    frame = frame_of_slices(table)
    assert set(frame["column"]) == {"config_channels", "config_hidden"}
    channels = frame[frame["column"] == "config_channels"]
    full = channels[channels["status"] == "complete"]
    chosen = channels[channels["chosen"]]
    assert chosen["val_loss"].tolist() == [full["val_loss"].min()]
    assert channels.loc[channels["hand_picked"], "x"].tolist() == [128]
    assert set(channels["status"]) == {"complete", "stopped"}  # no loss of a diverged one


def test_slices_count_tied_hyper_parameters_once():
    trials = [
        ({"dropout_conv": rate, "dropout_hidden": rate}, "complete", [0.5] * 12)
        for rate in (0.1, 0.6)
    ]
    frame = frame_of_slices(explored_table(trials, "conv"))
    assert list(frame["column"]) == ["config_dropout_conv"] * 2
    assert "1 tied" in frame["name"].iloc[0]
    named = frame_of_slices(explored_table(trials, "conv"), names={"config_dropout_conv": "both"})
    assert set(named["name"]) == {"both"}
