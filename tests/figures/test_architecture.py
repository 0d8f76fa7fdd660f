from dataclasses import dataclass, replace

import pytest

from hw3.models import FAMILIES
from hw3.models.config import bounded
from study.figures.architecture import describe_architecture, frame_of_architecture
from study.store.records import Record
from study.table.members import Member
from study.table.rows import make_table
from tests.made import SETTING, epoch_row


def test_architecture_marks_what_the_second_model_adds_and_changes(table):
    frame = frame_of_architecture(table, candidates=["lab4", "modified"])
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
        name: costs[name] for name in ("lab4", "modified")
    }
    last = frame.groupby("candidate")["row"].max()
    assert last["lab4"] == last["modified"]  # partners stand on one row
    assert "new ReLU at place 13" in describe_architecture(frame)


def test_architecture_compares_no_two_families(table):
    frame = frame_of_architecture(table, candidates=["convmodel", "lab4", "gap"])
    assert set(frame["changed"]) == {""}
    assert list(frame["row"]) == [
        place for count in frame.groupby("candidate", sort=False).size() for place in range(count)
    ]


def test_architecture_has_all_of_its_candidates_or_nothing(table):
    assert frame_of_architecture(table, candidates=["lab4", "absent"]).empty


WITHOUT_DROPOUT = {f"dropout_{layer}": 0.0 for layer in (1, 2, 3)}


@dataclass(frozen=True)
class CountConfig:
    """A family in which the ANN's name is one of a count."""

    batch_norm: int = bounded(1, 1, 9)


@pytest.mark.parametrize("shared", [False, True])
def test_architecture_without_batch_normalisation_has_no_such_layers(shared, monkeypatch):
    if shared:  # the column is text
        family = replace(FAMILIES["gap"], config=CountConfig)
        monkeypatch.setitem(FAMILIES, "count", family)
    members = [
        Member("confirm", name, name, Record(ingredients, "complete", [epoch_row(1, 0.5)]), None, 0)
        for name, values in (("homework", {}), ("plain", {"batch_norm": False}))
        if (ingredients := SETTING.ingredients("ann", values, 0))
    ]
    frame = frame_of_architecture(make_table(members), candidates=["homework", "plain"])
    layers = frame.groupby("candidate")["kind"].agg(list)
    assert layers["homework"].count("BatchNorm1d") == 3
    assert layers["plain"] == [kind for kind in layers["homework"] if kind != "BatchNorm1d"]
    assert set(frame["changed"]) == {""}


def test_architecture_leaves_out_a_dropout_that_does_nothing():
    rates = {"some": {"dropout_1": 0.4}, "none": {}}
    members = [
        Member("confirm", name, name, Record(ingredients, "complete", [epoch_row(1, 0.5)]), None, 0)
        for name, values in rates.items()
        if (ingredients := SETTING.ingredients("ann", WITHOUT_DROPOUT | values, 0))
    ]
    frame = frame_of_architecture(make_table(members), candidates=["some", "none"])
    drawn = frame.loc[frame["kind"] == "Dropout", ["candidate", "detail"]]
    assert drawn.to_numpy().tolist() == [["some", "0.4"]]
