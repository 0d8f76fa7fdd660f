import dataclasses

import pandas as pd
import pytest

from hw3.models import FAMILIES
from hw3.models.config import bounded, check_bounds, one_of
from study.store.records import Record
from study.table.columns import all_columns
from study.table.members import Member
from study.table.rows import make_table
from tests.made import SETTING, WIDTH_SEARCH, epoch_row, explored

TEST = [
    {"epoch": 2, "loss": 0.3, "accuracy": 0.9, "auroc": 0.95, "logits": [0.1]},
    {"epoch": 1, "loss": 0.2, "accuracy": 0.8, "auroc": 0.85, "logits": [0.1]},
]


def member(record, stage="explore"):
    return Member(stage, "gap", "GAP", record)


def table_of(*losses, **changes):
    record = explored(WIDTH_SEARCH, 0, {"channels": 32}, list(losses))
    return make_table([member(dataclasses.replace(record, **changes))])


def test_table_has_its_columns_and_dtypes_also_when_empty():
    expected = {name: column.dtype for name, column in all_columns().items()}
    for table in (table_of(0.5), make_table([])):
        assert {name: str(dtype) for name, dtype in table.dtypes.items()} == expected


def test_table_has_one_row_per_epoch():
    table = table_of(0.5, 0.3, 0.4)
    assert table["epoch"].tolist() == [1, 2, 3]
    assert table["is_final"].tolist() == [False, False, True]
    assert table["is_best"].tolist() == [False, True, False]
    assert table["elapsed"].tolist() == [2.0, 4.0, 6.0]
    assert table["config_channels"].tolist() == [32] * 3
    assert table["config_width_1"].isna().all()


def test_gaps_are_differences_of_the_stated_columns():
    row = table_of(0.7).iloc[0]
    assert row["gap_loss"] == pytest.approx(row["val_loss"] - row["train_eval_loss"])
    assert row["gap_accuracy"] == pytest.approx(row["train_eval_accuracy"] - row["val_accuracy"])
    assert row["gap_accuracy_logged"] == pytest.approx(row["train_accuracy"] - row["val_accuracy"])


def test_test_scores_stand_in_the_epochs_that_were_scored():
    table = table_of(0.3, 0.4, test=TEST)
    assert table["test_accuracy"].tolist() == [0.8, 0.9]
    assert table_of(0.3, 0.4, 0.5, test=TEST)["test_loss"].isna().tolist() == [False, False, True]


def test_table_keeps_which_test_images_were_right_where_the_record_says():
    new = [score | {"correct": "0110"} for score in TEST]
    assert table_of(0.3, 0.4, test=new)["test_correct"].tolist() == ["0110"] * 2
    assert table_of(0.3, 0.4, test=TEST)["test_correct"].isna().all()  # an earlier version's


def test_table_keeps_what_each_image_of_both_parts_was_given():
    val, test = (
        [score | {"correct": digits, "logits": [value, -2.5]} for score in TEST]
        for digits, value in (("01", 0.5), ("10", 1.5))
    )
    table = table_of(0.3, 0.4, 0.5, val=val, test=test)
    assert table["val_correct"].tolist() == ["01", "01", pd.NA]
    assert table["val_logits"].tolist() == ["0.5 -2.5", "0.5 -2.5", pd.NA]
    assert table["test_logits"].tolist() == ["1.5 -2.5", "1.5 -2.5", pd.NA]
    assert table["val_loss"].tolist() == [0.3, 0.4, 0.5]  # of the epoch's row
    old = table_of(0.3, 0.4, test=TEST)
    assert old[["val_correct", "val_logits"]].isna().all(axis=None)


def test_each_part_has_the_rates_of_its_classes_where_logits_are_recorded():
    val = [{"epoch": 2, "correct": "1101", "logits": [1.0, -1.0, 2.0, 3.0]}]
    test = [score | {"correct": "11", "logits": [1.0, -2.5]} for score in TEST]
    table = table_of(0.3, 0.4, 0.5, val=val, test=test)
    assert table["val_sensitivity"].tolist() == [pd.NA, 1.0, pd.NA]
    assert table["val_specificity"].tolist() == [pd.NA, 0.5, pd.NA]
    assert table["val_balanced_accuracy"].tolist() == [pd.NA, 0.75, pd.NA]
    assert table["test_balanced_accuracy"].tolist() == [1.0, 1.0, pd.NA]
    for old in (TEST, [score | {"correct": "1"} for score in TEST], []):
        rates = table_of(0.3, 0.4, val=[], test=[{**s, "logits": None} for s in old])
        assert rates.filter(regex="balanced|sensitivity|specificity").isna().all(axis=None)


def record_of(accuracies, channels=32, seconds=2.0, status="complete"):
    record = explored(WIDTH_SEARCH, 0, {"channels": channels}, [0.5] * len(accuracies), status)
    rows = [
        row | {"val_accuracy": accuracy, "seconds": seconds}
        for row, accuracy in zip(record.rows, accuracies, strict=True)
    ]
    return dataclasses.replace(record, rows=rows)


CONVERGENCE = ["epochs_to_converge", "converged_share"]


@pytest.mark.parametrize(
    ("accuracies", "epoch"),
    [
        ((0.5, 0.7, 0.89, 0.9), 3),  # within a percentage point, exactly
        ((0.5, 0.7, 0.889, 0.9), 4),
        ((0.95, 0.7, 0.8, 0.9), 4),
        ((0.9, 0.7, 0.895, 0.9), 3),  # from then on
        ((0.91, 0.905, 0.9, 0.9), 1),  # within as much above the final one
        ((0.5, 0.5, 0.5, 0.5), 1),
        ((0.1, 0.11, 0.12, 0.13), 3),  # though 0.13 - 0.01 is more than 0.12
    ],
)
def test_a_trial_converges_where_it_comes_near_its_end_and_stays(accuracies, epoch):
    table = make_table([member(record_of(accuracies))])
    assert table[CONVERGENCE].drop_duplicates().values.tolist() == [[epoch, epoch / 8]]
    assert len(table) == 4


@pytest.mark.parametrize("status", ["stopped", "diverged", "failed"])
def test_a_trial_without_an_end_does_not_converge(status):
    table = make_table([member(record_of((0.8, 0.9), status=status))])
    assert table[CONVERGENCE].isna().all(axis=None)


def test_each_trial_converges_by_itself():
    records = [record_of((0.5, 0.9), 8, 1.0), record_of((0.9, 0.9), 16, 3.0)]
    table = make_table([member(record) for record in records])
    assert table["epochs_to_converge"].tolist() == [2, 2, 1, 1]


def test_times_are_those_of_the_round_of_the_seed():
    made = [record_of((0.5, 0.9, 0.9), channels) for channels in (8, 16, 24)]
    where = {"host": "h", "device": "d"}
    records = [record_of((0.5, 0.5), seconds=seconds) for seconds in (3.0, 4.0)]
    rounds = [dataclasses.replace(one, provenance=where) for one in records]
    table = make_table(
        [Member("confirm", "a", "A", one, seed_number=n) for n, one in enumerate(made)]
        + [Member("timing", "a", "A", one, seed_number=n) for n, one in enumerate(rounds)]
        + [Member("timing", "b", "B", rounds[0], seed_number=2)]
    )
    confirm = table.loc[table["stage"] == "confirm"].groupby("seed_number")
    assert confirm["seconds_alone"].first().tolist() == [3.0, 4.0, pd.NA]
    assert confirm["elapsed_alone"].last().tolist() == [9.0, 12.0, pd.NA]
    assert confirm["seconds_to_converge"].first().tolist() == [6.0, 8.0, pd.NA]
    assert confirm["timed_on"].first().tolist() == ["h, d", "h, d", pd.NA]
    assert table["elapsed"].tolist()[:3] == [2.0, 4.0, 6.0]  # beside others
    assert table.loc[table["stage"] == "timing", "seconds_alone"].isna().all()


def test_a_trial_that_failed_at_once_is_not_lost():
    table = table_of(status="failed", error="out of memory")
    assert table[["status", "error", "epoch"]].values.tolist() == [["failed", "out of memory", 0]]


def test_a_loss_that_is_no_number_is_missing_and_never_best():
    table = table_of(0.5, None, status="diverged")
    assert table["val_loss"].isna().tolist() == [False, True]
    assert table["is_best"].tolist() == [True, False]
    assert not table_of(None, status="diverged")["is_best"].any()


def test_one_record_may_serve_two_candidates_apart():
    record = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5, 0.4])
    members = [Member("confirm", name, name, record) for name in ("chosen", "hand-picked")]
    table = make_table(members)
    assert table.groupby("candidate")["is_final"].sum().tolist() == [1, 1]
    assert table["elapsed"].tolist() == [2.0, 4.0, 2.0, 4.0]


def test_what_a_record_says_can_be_written_whatever_characters_it_has(tmp_path):
    """A path that is not UTF-8 in an error's text, for example."""
    table = table_of(0.5, status="failed", error="no file /\udcff")
    table.to_parquet(tmp_path / "table.parquet")
    assert table["error"].tolist() == [r"no file /\udcff"]


def test_table_survives_parquet(tmp_path):
    table = table_of(0.5, 0.4, test=TEST)
    table.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), table)
    assert SETTING.image_size == table["image_size"].iloc[0]


@dataclasses.dataclass(frozen=True)
class WordsConfig:
    """A family with hyper-parameters of all kinds; `channels` is text, which is a number in GAP."""

    activation: str = one_of("relu", "gelu")
    residual: bool = one_of(False, True)
    channels: str = one_of("few", "many")
    width: float = bounded(1.0, 0.0, 9.0)

    def __post_init__(self) -> None:
        check_bounds(self)


def test_a_family_may_have_text_and_yes_and_no_as_hyper_parameters(monkeypatch):
    family = dataclasses.replace(FAMILIES["gap"], config=WordsConfig)
    monkeypatch.setitem(FAMILIES, "words", family)
    setting = dataclasses.replace(SETTING, code={})
    words, numbers = (
        Record(setting.ingredients(family, values, 0), "complete", [epoch_row(1, 0.5)])
        for family, values in (("words", {"residual": True}), ("gap", {"channels": 16}))
    )
    table = make_table([member(words), member(numbers)])
    assert table["config_activation"].fillna("none").tolist() == ["relu", "none"]
    assert table["config_residual"].fillna(False).tolist() == [True, False]
    assert table["config_channels"].tolist() == ["few", "16"]
    dtypes = [str(table[f"config_{name}"].dtype) for name in ("activation", "residual", "width")]
    assert dtypes == ["string", "boolean", "Float64"]
    with pytest.raises(ValueError, match="activation must be one of relu, gelu"):
        setting.ingredients("words", {"activation": "tanh"}, 0)
