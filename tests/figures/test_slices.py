from study.figures.slices import draw_slices, frame_of_slices
from study.figures.theme import new_figure, theme
from study.table.trials import LOGARITHMIC
from tests.figures.tables import explored_table


def drawn(table):
    """The panels, by what they show."""
    with theme():
        figure = new_figure()
        draw_slices(frame_of_slices(table), figure)
        figure.draw_without_rendering()
    return {ax.get_xlabel(): ax for ax in figure.axes if ax.get_xlabel()}


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


def test_slices_have_the_scale_of_the_space():
    trials = [
        (
            {"channels": 16 * n, "hidden": 8 * n, "label_smoothing": 0.09 * n},
            "complete",
            [1 / n] * 12,
        )
        for n in range(1, 11)
    ]
    table = explored_table(trials)
    scales = {"channels": False, "label_smoothing": True}
    table.attrs[LOGARITHMIC] = {"search": {f"config_{name}": log for name, log in scales.items()}}
    panels = {name: ax.get_xscale() for name, ax in drawn(table).items()}
    assert panels == {"channels": "linear", "hidden units": "log", "label smoothing": "log"}


def test_a_search_is_named_over_its_first_panel_alone(table):
    titles = [ax.get_title() for ax in drawn(table).values()]
    assert len(titles) > 1
    assert [bool(title) for title in titles] == [True] + [False] * (len(titles) - 1)
