import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from study.figures.response import draw_response, frame_of_response
from study.figures.theme import new_figure
from study.store.records import Record
from study.table.example import make_epoch_rows
from study.table.formatting import display_factor
from study.table.members import Member
from study.table.rows import make_table
from tests.figures.tables import OPTIONS, explored_table
from tests.made_table import SETTING


def test_response_takes_full_trials_at_their_end_and_stopped_ones_where_last_scored():
    trials = [
        ({"channels": 16}, "complete", [0.9] * 11 + [0.3]),
        ({"channels": 64}, "stopped", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        ({"channels": 128}, "diverged", [0.9]),
        ({"channels": 256}, "failed", []),
    ]
    table = explored_table(trials)
    frame = frame_of_response(table, search="search", x="config_channels", metrics=["val_loss"])
    assert dict(zip(frame["role"], frame["value"], strict=True)) == {
        "explored": 0.3,
        "stopped": 0.4,
    }
    assert list(frame["x"]) == [16, 64]
    assert "1 diverged, 1 failed" in frame.attrs["note"]
    gap = frame_of_response(table, search="search", x="config_channels", metrics=["gap_loss"])
    ends = table[table["gap_loss"].notna()].drop_duplicates("key", keep="last")
    assert list(gap["value"]) == list(ends["gap_loss"])
    assert list(ends["epoch"]) == [12, 5]  # the training set is scored every fifth epoch


def test_response_draws_the_chosen_and_the_named_candidates_only():
    configs = {
        "plain": ("conv", {}),
        "wider": ("conv", {"channels": 64}),
        "other family": ("gap", {}),
        "search": ("conv", {"dropout_conv": 0.2, "dropout_hidden": 0.2}),
    }
    confirmed = [
        Member("confirm", name, name, Record(SETTING.ingredients(*config, 1), "complete", rows))
        for name, config in configs.items()
        for rows in [make_epoch_rows(np.random.default_rng(0), 0.9, 0.0, 1.0)]
    ]
    trials = [({"dropout_conv": 0.2, "dropout_hidden": 0.2}, "complete", [0.5] * 12)]
    table = pd.concat([explored_table(trials, "conv"), make_table(confirmed)], ignore_index=True)
    options = {"search": "search", "x": "config_dropout_conv", "metrics": ["val_loss"]}
    frame = frame_of_response(table, candidates=["plain"], reference="wider", **options)
    roles = frame.groupby("role")["candidate"].unique()
    assert list(roles["confirmed"]) == ["plain", "search"]
    assert list(roles["reference"]) == ["wider"]


def test_response_shows_candidates_beyond_the_explored_trials(table):
    frame = frame_of_response(table, candidates=["lab4", "modified"], **OPTIONS["response"])
    sure = frame["role"] == "confirmed"
    frame.loc[sure, "x"] = np.linspace(1, 900, sure.sum()).astype(int)
    frame.loc[sure, "high"] += 3.0
    canvas = new_figure()
    draw_response(frame, canvas)
    panels = frame.loc[sure].groupby("metric", sort=False)
    for ax, (_, rows) in zip(canvas.axes, panels, strict=True):
        least, most = ax.get_xlim()
        assert least < rows["x"].min() and rows["x"].max() < most
        assert (rows["high"] * display_factor(rows["metric"].iloc[0])).max() < ax.get_ylim()[1]


def test_response_groups_many_values_of_the_hue(table):
    options = OPTIONS["response"] | {"hue": "config_channels"}
    frame = frame_of_response(table, **options)
    canvas = Canvas(layout="constrained")
    draw_response(frame, canvas)
    labels = [text.get_text() for text in canvas.legends[0].get_texts()]
    assert sum(label.startswith("explored") for label in labels) <= 6


def test_response_keeps_zero_on_a_log_scale():
    trials = [({"hidden": hidden}, "complete", [0.5] * 12) for hidden in (0, 32, 128)]
    options = {"search": "search", "x": "config_hidden", "metrics": ["val_loss"], "log_x": True}
    frame = frame_of_response(explored_table(trials), **options)
    canvas = Canvas(layout="constrained")
    draw_response(frame, canvas)
    low, high = canvas.axes[0].get_xlim()
    assert low < 0 < 128 < high
