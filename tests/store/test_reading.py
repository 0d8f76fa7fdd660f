"""JSON that others may have written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from study.store.reading import Damaged, parse_json, read_record


@dataclass(frozen=True)
class Inner:
    size: int


@dataclass(frozen=True)
class Outer:
    name: str
    kind: Literal["a", "b"]
    share: float | None
    inner: Inner
    three: tuple[int, int, int] = (1, 2, 3)
    many: tuple[Inner, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    is_new: bool = False


VALUES = {
    "name": "n",
    "kind": "a",
    "share": 1,
    "inner": {"size": 4},
    "three": [4, 5, 6],
    "many": [{"size": 7}],
    "counts": {"x": 8},
    "rows": [{"loss": None}],
}


def test_a_record_is_read_as_its_annotations_say():
    expected = Outer(
        "n", "a", 1, Inner(4), (4, 5, 6), (Inner(7),), {"x": 8}, [{"loss": None}], is_new=True
    )
    assert read_record(Outer, VALUES, is_new=True) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"kind": "c"},
        {"share": "1"},
        {"share": True},
        {"inner": {}},
        {"inner": {"size": 1, "more": 2}},
        {"inner": {"size": True}},
        {"inner": {"size": 1.5}},
        {"three": [1, 2]},
        {"three": 3},
        {"many": [1]},
        {"counts": {"x": "y"}},
        {"counts": []},
        {"rows": [1]},
        {"is_new": 1},
        {"unknown": 1},
    ],
    ids=str,
)
def test_another_shape_is_damaged(change):
    with pytest.raises(Damaged, match=f"{next(iter(change))}|size|more|an object"):
        read_record(Outer, VALUES | change)


@pytest.mark.parametrize("values", [None, [], 3, "name", {"name": "n"}])
def test_what_is_no_such_object_is_damaged(values):
    with pytest.raises(Damaged):
        read_record(Outer, values)


def test_unknown_names_are_passed_over_where_they_may_be_there():
    assert read_record(Inner, {"size": 1, "more": 2}, partly=True) == Inner(1)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff\xfe\xfd", b"NaN", b"-Infinity", b"1e999", b"1" * 30, b"1" * 9999),
        *(b"[" * 40 + b"]" * 40, b"[" * 100_000, b'{"a":' * 100_000),
    ],
    ids=lambda content: content[:12].decode(errors="replace"),
)
def test_what_is_not_json_as_it_is_written_here_is_damaged(content):
    with pytest.raises(Damaged):
        parse_json(content)
