"""Figures: the frames hold the right numbers, and every kind is drawn from a study's table."""

import io
from itertools import combinations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.figure import Figure as Canvas
from PIL import Image

from study.figures import FIGURES, SUFFIXES, draw_figure, render
from study.figures.architecture import describe_architecture, frame_of_architecture
from study.figures.comparison import frame_of_comparison
from study.figures.curves import frame_of_curves
from study.figures.importance import frame_of_importance
from study.figures.labels import place_labels
from study.figures.pareto import frame_of_front, front_points
from study.figures.response import frame_of_response
from study.figures.rungs import frame_of_rungs, rank_agreement
from study.figures.search import frame_of_search
from study.figures.slices import frame_of_slices
from study.figures.theme import add_legend, new_figure, theme
from study.figures.time_to_accuracy import frame_of_time_to_accuracy
from study.judge import seed_interval
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.store.records import Record
from study.table.columns import Member, make_table
from study.table.seeds import describe_seeds, summarise_seeds
from study.table.units import axis_label, display_factor, format_range, format_value
from tests.made_table import SETTING, made_rows, made_table

# Options under which the made study's table has something to draw: one entry for each kind.
OPTIONS = {
    "curves": {
        "candidate": "modified",
        "levels": {"said": {"val_accuracy": 0.93, "val_loss": 0.2}},
    },
    "comparison": {},
    "response": {
        "search": "gap",
        "x": "config_channels",
        "metrics": ["gap_loss", "val_accuracy"],
        "hue": "config_hidden",
        "log_x": True,
        "reference": "convmodel",
    },
    "front": {"y": "val_accuracy", "xs": ["parameters", "elapsed"]},
    "time_to_accuracy": {},
    "search": {},
    "slices": {},
    "importance": {"least": 5},
    "rungs": {},
    "architecture": {"points": ["lab4", "modified"]},
}
OF_SEEDS = ("curves", "comparison", "response", "front")  # kinds that show means over seeds


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


def scored(accuracies: list[float], status: str = "complete", point: str = "one") -> pd.DataFrame:
    """A table of one confirmed point: final validation accuracies by seed, three epochs each."""
    members = []
    for seed, accuracy in enumerate(accuracies):
        rows = made_rows(np.random.default_rng(seed), 0.9, 0.0, 2.0, epochs=3)
        rows[-1] |= {"val_accuracy": accuracy, "train_eval_loss": 0.1, "val_loss": 0.15}
        ingredients = SETTING.ingredients("gap", {}, seed)
        cost = {"parameters": 1000, "multiply_adds": 2000, "activation_bytes": 3000}
        record = Record(ingredients, status, rows, cost=cost)
        members.append(Member("confirm", point, point.upper(), record))
    return make_table(members)


def explored(trials: list[tuple[dict, str, list[float]]], family: str = "gap") -> pd.DataFrame:
    """A table of explored trials: configuration, status, validation loss by epoch."""
    members = []
    for number, (config, status, losses) in enumerate(trials):
        rows = made_rows(np.random.default_rng(number), 0.9, 0.0, 2.0, epochs=len(losses))
        for row, loss in zip(rows, losses, strict=True):
            row["val_loss"] = loss
        record = Record(
            SETTING.ingredients(family, config, 99), status, rows, provenance={"number": number}
        )
        members.append(Member("explore", "search", "Search", record))
    return make_table(members)


def test_every_kind_has_options_in_this_test():
    assert set(OPTIONS) == set(FIGURES)


@pytest.mark.parametrize("kind", FIGURES)
def test_kind_is_drawn_into_files(kind, table):
    drawn = draw_figure(Figure("name", kind, "A title", OPTIONS[kind]), table)
    assert not drawn.reason
    assert set(drawn.files) == set(SUFFIXES)
    with Image.open(io.BytesIO(drawn.files["png"])) as picture:
        assert picture.width >= 1000
    assert drawn.files["svg"].lstrip().startswith(b"<?xml")
    assert len(pd.read_csv(io.BytesIO(drawn.files["csv"])))
    assert drawn.note
    assert any(character.isdigit() for character in drawn.alt)


@pytest.mark.parametrize("kind", FIGURES)
def test_kind_names_its_axes_and_its_data(kind, table):
    frame = FIGURES[kind].frame(table, **OPTIONS[kind])
    canvas = Canvas(layout="constrained")
    FIGURES[kind].draw(frame, canvas)
    panels = [ax for ax in canvas.axes if ax.axison]
    assert all(ax.get_xlabel() for ax in panels)
    left = [ax for ax in panels if ax.get_subplotspec().is_first_col()]
    assert all(ax.get_ylabel() or ax.get_yticklabels() for ax in left)
    legends = [*canvas.legends, *(ax.get_legend() for ax in canvas.axes if ax.get_legend())]
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert texts
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("kind", FIGURES)
def test_legend_stays_inside_the_figure_and_off_the_panels(kind, table):
    frame = FIGURES[kind].frame(table, **OPTIONS[kind])
    with theme():
        canvas = new_figure()
        FIGURES[kind].draw(frame, canvas)
        canvas.draw_without_rendering()
        for legend in canvas.legends:
            box = legend.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= canvas.bbox.width
            panels = [ax.get_tightbbox() for ax in canvas.axes if ax.axison]
            assert not any(box.overlaps(panel) for panel in panels)


@pytest.mark.parametrize("kind", OF_SEEDS)
def test_kind_states_the_number_of_seeds_and_what_bars_mean(kind, table):
    note = FIGURES[kind].frame(table, **OPTIONS[kind]).attrs["note"]
    assert "n = 8 seeds" in note
    assert "exact 95 % interval" in note
    few = FIGURES[kind].frame(made_table(seeds=3), **OPTIONS[kind]).attrs["note"]
    assert "n = 3 seeds" in few
    assert "range" in few


@pytest.mark.parametrize("kind", FIGURES)
def test_nothing_to_draw_gives_a_reason(kind, table):
    drawn = draw_figure(Figure("name", kind, "A title", OPTIONS[kind]), table.iloc[:0])
    assert FIGURES[kind].needs in drawn.reason
    assert not drawn.files


@pytest.mark.parametrize("name", FIGURES)
def test_equal_frames_give_equal_pictures(name, table):
    kind = FIGURES[name]
    frame = kind.frame(table, **OPTIONS[name])
    assert render(kind, frame, "A title") == render(kind, frame, "A title")


def test_drawing_leaves_no_trace_in_matplotlib(table):
    before = dict(matplotlib.rcParams)
    draw_figure(Figure("name", "comparison", "A title"), table)
    assert dict(matplotlib.rcParams) == before
    assert not plt.get_fignums()


def test_unknown_kind_names_the_choices(table):
    with pytest.raises(StudyError, match=r"curves.*'pie'"):
        draw_figure(Figure("name", "pie", "A title"), table)


def test_summary_is_the_range_with_few_seeds_and_the_exact_interval_with_enough():
    few = scored([0.90, 0.92, 0.97])
    row = summarise_seeds(few[few["is_final"]], ["candidate"], "val_accuracy").iloc[0]
    assert row["mean"] == pytest.approx(0.93)
    assert (row["low"], row["high"], row["n"], row["exact"]) == (0.90, 0.97, 3, False)
    values = [0.90, 0.91, 0.92, 0.93, 0.95, 0.99]
    many = scored(values)
    row = summarise_seeds(many[many["is_final"]], ["candidate"], "val_accuracy").iloc[0]
    assert (row["low"], row["high"]) == seed_interval(np.array(values))
    assert row["exact"]


def test_note_tells_one_seed_and_mixed_numbers_of_seeds():
    one = pd.DataFrame({"n": [1], "exact": [False]})
    assert describe_seeds(one, "bar") == "n = 1 seed: no bar"
    mixed = describe_seeds(pd.DataFrame({"n": [3, 8], "exact": [False, True]}), "bar")
    assert "n = 3 to 8 seeds" in mixed
    assert "interval" in mixed
    assert "range" in mixed


def test_curves_average_the_seeds_of_each_epoch_and_keep_the_levels():
    table = scored([0.8, 0.9])
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
    FIGURES["curves"].draw(frame, canvas)
    labels = [text.get_text() for text in canvas.legends[0].get_texts()]
    assert [label for label in labels if "homework" in label] == ["homework: both"]
    margin = [text.get_text() for ax in canvas.axes for text in ax.texts]
    assert margin == ["93 %"]


def test_confirmed_trials_that_did_not_finish_are_left_out_and_counted():
    table = pd.concat([scored([0.8, 0.9]), scored([0.1], status="diverged")], ignore_index=True)
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


def test_response_takes_full_trials_at_their_end_and_stopped_ones_where_last_scored():
    trials = [
        ({"channels": 16}, "complete", [0.9] * 11 + [0.3]),
        ({"channels": 64}, "stopped", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        ({"channels": 128}, "diverged", [0.9]),
        ({"channels": 256}, "failed", []),
    ]
    table = explored(trials)
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


def test_response_draws_the_arms_choice_and_the_named_points_only():
    configs = {
        "plain": ("conv", {}),
        "wider": ("conv", {"channels": 64}),
        "other family": ("gap", {}),
        "search": ("conv", {"dropout_conv": 0.2, "dropout_hidden": 0.2}),
    }
    confirmed = [
        Member("confirm", name, name, Record(SETTING.ingredients(*config, 1), "complete", rows))
        for name, config in configs.items()
        for rows in [made_rows(np.random.default_rng(0), 0.9, 0.0, 1.0)]
    ]
    trials = [({"dropout_conv": 0.2, "dropout_hidden": 0.2}, "complete", [0.5] * 12)]
    table = pd.concat([explored(trials, "conv"), make_table(confirmed)], ignore_index=True)
    options = {"search": "search", "x": "config_dropout_conv", "metrics": ["val_loss"]}
    frame = frame_of_response(table, points=["plain"], reference="wider", **options)
    roles = frame.groupby("role")["candidate"].unique()
    assert list(roles["confirmed"]) == ["plain", "search"]
    assert list(roles["reference"]) == ["wider"]


def test_response_shows_confirmed_points_beyond_the_explored_ones(table):
    frame = frame_of_response(table, points=["lab4", "modified"], **OPTIONS["response"])
    sure = frame["role"] == "confirmed"
    frame.loc[sure, "x"] = np.linspace(1, 900, sure.sum()).astype(int)
    frame.loc[sure, "high"] += 3.0
    canvas = new_figure()
    FIGURES["response"].draw(frame, canvas)
    panels = frame.loc[sure].groupby("metric", sort=False)
    for ax, (_, rows) in zip(canvas.axes, panels, strict=True):
        least, most = ax.get_xlim()
        assert least < rows["x"].min() and rows["x"].max() < most
        assert (rows["high"] * display_factor(rows["metric"].iloc[0])).max() < ax.get_ylim()[1]


def test_response_groups_many_values_of_the_hue(table, tmp_path):
    options = OPTIONS["response"] | {"hue": "config_channels"}
    frame = frame_of_response(table, **options)
    canvas = Canvas(layout="constrained")
    FIGURES["response"].draw(frame, canvas)
    labels = [text.get_text() for text in canvas.legends[0].get_texts()]
    assert sum(label.startswith("explored") for label in labels) <= 6


def test_response_keeps_zero_on_a_log_scale():
    trials = [({"hidden": hidden}, "complete", [0.5] * 12) for hidden in (0, 32, 128)]
    options = {"search": "search", "x": "config_hidden", "metrics": ["val_loss"], "log_x": True}
    frame = frame_of_response(explored(trials), **options)
    canvas = Canvas(layout="constrained")
    FIGURES["response"].draw(frame, canvas)
    low, high = canvas.axes[0].get_xlim()
    assert low < 0 < 128 < high


def test_front_holds_what_nothing_beats_in_cost_and_score():
    cost = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    score = np.array([0.5, 0.9, 0.8, 0.9, 0.95])
    assert front_points(cost, score, True) == [True, True, False, False, True]
    assert front_points(cost, score, False) == [True, False, False, False, False]


def test_front_takes_the_better_side_of_its_score(table):
    cost = {"xs": ["parameters"]}
    accuracy = frame_of_front(table, y="val_accuracy", **cost)
    front = set(accuracy.loc[accuracy["on_front"], "candidate"])
    assert front == {"lab4", "convmodel"}  # the cheapest; cheaper and better than both others
    loss = frame_of_front(table, y="val_loss", **cost)
    best = loss.loc[loss["mean"].idxmin(), "candidate"]
    assert best in set(loss.loc[loss["on_front"], "candidate"])


def times_of(*seeds: list[float]) -> pd.DataFrame:
    """Time to accuracy of one point: validation accuracy by epoch of each seed, 2 s an epoch."""
    members = []
    for seed, accuracies in enumerate(seeds):
        rows = made_rows(np.random.default_rng(0), 0.9, 0.0, 2.0, epochs=len(accuracies))
        for row, accuracy in zip(rows, accuracies, strict=True):
            row |= {"val_accuracy": accuracy, "seconds": 2.0}
        record = Record(SETTING.ingredients("gap", {}, seed), "complete", rows)
        members.append(Member("confirm", "one", "One", record))
    return frame_of_time_to_accuracy(make_table(members)).set_index("accuracy")


def test_time_to_accuracy_is_the_end_of_the_first_epoch_that_is_there():
    frame = times_of([0.5, 0.8, 0.7, 0.9])
    assert frame.index.min() == 0.5
    assert frame.index.max() == 0.9
    expected = {0.5: 2, 0.505: 4, 0.8: 4, 0.805: 8, 0.9: 8}  # once reached is reached
    assert frame.loc[list(expected), "half"].tolist() == list(expected.values())


def test_time_to_accuracy_counts_seeds_that_never_get_there():
    frame = times_of([0.5, 0.9], [0.5, 0.9], [0.5, 0.7], [0.5, 0.6])
    assert frame.index.max() == 0.9  # half of the seeds reach it
    last = frame.loc[0.9]
    assert (last["quarter"], last["half"], last["reached"], last["n"]) == (4, 4, 2, 4)
    assert np.isinf(last["three_quarters"])
    assert frame.loc[0.7, ["three_quarters", "reached"]].tolist() == [4, 3]
    assert times_of([0.5, 0.9], [0.5, 0.7], [0.5, 0.6]).index.max() == 0.7  # one of three do not


def test_search_counts_all_epochs_and_only_full_trials_as_best():
    trials = [
        ({"channels": 16}, "stopped", [0.1, 0.1]),
        ({"channels": 32}, "complete", [0.9] * 11 + [0.5]),
        ({"channels": 64}, "failed", []),
        ({"channels": 128}, "complete", [0.9] * 11 + [0.6]),
        ({"channels": 256}, "complete", [0.9] * 11 + [0.4]),
    ]
    frame = frame_of_search(explored(trials))
    assert list(frame["spent"]) == [2, 14, 14, 26, 38]
    assert frame["best"].fillna(-1).tolist() == [-1, 0.5, 0.5, 0.5, 0.4]


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
    frame = frame_of_slices(explored(trials, "conv"))
    assert list(frame["column"]) == ["config_dropout_conv"] * 2
    assert "1 tied" in frame["name"].iloc[0]
    named = frame_of_slices(explored(trials, "conv"), names={"config_dropout_conv": "both"})
    assert set(named["name"]) == {"both"}


def test_importance_finds_the_hyper_parameter_that_decides():
    rng = np.random.default_rng(0)
    trials = []
    for channels in rng.integers(16, 512, 40):
        config = {"channels": int(channels), "hidden": int(rng.choice([0, 32, 128]))}
        trials.append((config, "complete", [0.9] * 11 + [1 / float(channels)]))
    frame = frame_of_importance(explored(trials))
    shares = dict(zip(frame["column"], frame["importance"], strict=True))
    assert shares["config_channels"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert set(frame["n"]) == {40}
    assert frame_of_importance(explored(trials[:19])).empty


def test_rank_agreement_is_kendalls_with_one_group_and_stays_within_groups():
    rng = np.random.default_rng(3)
    early, late = rng.normal(size=(2, 9))
    tau, p, pairs = rank_agreement(np.zeros(9), early, late)
    known = scipy.stats.kendalltau(early, late, method="exact")
    assert (tau, p) == (pytest.approx(known.statistic), pytest.approx(known.pvalue))
    assert pairs == 36
    # the groups' levels agree, the order within each is reversed: 2 x 3 pairs, 1 / 36 each side
    groups, early = np.repeat([0, 1], 3), np.array([1.0, 2, 3, 11, 12, 13])
    late = np.array([3.0, 2, 1, 13, 12, 11])
    assert rank_agreement(groups, early, late) == (-1.0, pytest.approx(2 / 36), 6)


def test_rungs_count_unpruned_trials_only(table):
    frame = frame_of_rungs(table)
    assert list(frame["rung"].unique()) == [3, 6]
    unpruned = frame[(frame["role"] == "unpruned") & (frame["rung"] == 3)]
    controls = table[(table["stage"] == "explore") & (table["pruned_by"] == "none")]
    whole = controls[controls["is_final"] & (controls["status"] == "complete")]
    assert set(whole["key"]) < set(unpruned["key"])
    assert len(unpruned) == len(whole) + 3  # one seed of each point that the study names
    assert set(frame["n"]) == {len(unpruned)}
    assert set(frame["pairs"]) == {len(whole) * (len(whole) - 1) // 2 + 3}
    assert (frame["role"] == "survivor").any()


def test_rungs_need_pairs():
    trials = [({"channels": 16}, "complete", [0.5] * 12), ({"channels": 32}, "stopped", [0.5] * 3)]
    assert frame_of_rungs(explored(trials)).empty


def test_architecture_marks_what_the_second_model_adds_and_changes(table):
    frame = frame_of_architecture(table, points=["lab4", "modified"])
    modified = frame[frame["candidate"] == "modified"]
    marked = modified[modified["changed"] != ""]
    assert list(zip(marked["changed"], marked["kind"], marked["parameters"], strict=True)) == [
        ("changed", "Conv2d", 36_992),
        ("new", "Linear", 16_512),
        ("new", "ReLU", 0),
        ("changed", "Linear", 129),
    ]
    assert set(frame.loc[frame["candidate"] == "lab4", "changed"]) == {""}
    costs = table.groupby("candidate")["parameters"].first()
    assert frame.groupby("candidate")["parameters"].sum().to_dict() == {
        point: costs[point] for point in ("lab4", "modified")
    }
    last = frame.groupby("candidate")["row"].max()
    assert last["lab4"] == last["modified"]  # partners stand on one row
    assert "new ReLU at place 13" in describe_architecture(frame)


def test_architecture_compares_no_two_families(table):
    frame = frame_of_architecture(table, points=["convmodel", "lab4", "gap"])
    assert set(frame["changed"]) == {""}
    assert list(frame["row"]) == [
        place for count in frame.groupby("candidate", sort=False).size() for place in range(count)
    ]


def test_architecture_has_all_of_its_points_or_nothing(table):
    assert frame_of_architecture(table, points=["lab4", "absent"]).empty


def test_labels_cover_neither_each_other_nor_the_points():
    canvas = Canvas(figsize=(7, 3))
    ax = canvas.subplots()
    points = np.array([[0.5, 0.5], [0.5, 0.52], [0.51, 0.5], [0.99, 0.5], [0.01, 0.99]])
    ax.set(xlim=(0, 1), ylim=(0, 1))
    labels = [f"a point with a name {number}" for number in range(len(points))]
    texts = place_labels(ax, labels, points, np.empty((0, 2, 2)))
    canvas.draw_without_rendering()
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    middles = ax.transData.transform(points)
    assert not any(box.contains(*middle) for box in boxes for middle in middles)
    panel = ax.get_window_extent()
    assert all(panel.x0 <= box.x0 and box.x1 <= panel.x1 for box in boxes)


def test_long_legends_take_fewer_columns():
    def columns(label: str) -> int:
        canvas = new_figure()
        lines = {f"{label} {place}": canvas.add_artist(plt.Line2D([], [])) for place in range(8)}
        add_legend(canvas, lines)
        return canvas.legends[0]._ncols

    assert columns("a") > columns("a label of many words that goes on and on") == 1


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("val_accuracy", "validation accuracy (%)"),
        ("gap_accuracy", "training minus validation accuracy (percentage points)"),
        ("val_loss", "validation loss (nats)"),
        ("elapsed", "training time (s)"),
        ("config_channels", "channels"),
    ],
)
def test_axis_label_has_name_and_unit(column, label):
    assert axis_label(column) == label


def test_numbers_carry_units_and_differences_carry_signs():
    assert format_value("val_accuracy", 0.9312) == "93.1 %"
    assert format_value("val_accuracy", -0.012, difference=True) == "−1.2 percentage points"
    assert format_value("val_accuracy", -0.0004, difference=True) == "+0.0 percentage points"
    assert format_value("gap_loss", 0.0123) == "+0.012 nats"
    assert format_value("parameters", 33_754_369) == "33.8 M"
    assert format_value("parameters", 18_849) == "18,849"
    assert format_value("elapsed", 12.34) == "12.3 s"
    assert format_value("test_accuracy", float("nan")) == "–"
    assert format_range("val_accuracy", 0.9, 0.95) == "90.0 to 95.0 %"
    assert format_range("val_accuracy", float("nan"), 0.95) == "–"
