"""Dimensions that are searched only where another one has certain values."""

import re
from dataclasses import replace

import pytest

from study.spec.search import Search
from study.spec.space import Choice, Float, If, Int

SPACE = {
    "optimiser": Choice(("adam", "adamw", "sgd")),
    "momentum": If("optimiser", equals="sgd", then=Float(0.5, 0.99)),
    "hidden": Int(0, 64),
    "dropout": If("hidden", above=0, then=Float(0.0, 0.8)),
    "decay": If("optimiser", equals=("adamw", "sgd"), then=Choice((0.01, 0.1))),
}
SEARCH = Search("s", "S", "gap", SPACE)
VALUES = {"momentum": 0.9, "dropout": 0.3, "decay": 0.01}


@pytest.mark.parametrize(
    ("optimiser", "hidden", "names"),
    [
        ("adam", 0, set()),
        ("adam", 8, {"dropout"}),
        ("adamw", 0, {"decay"}),
        ("sgd", 8, {"momentum", "dropout", "decay"}),
    ],
)
def test_a_point_has_what_is_searched_there(optimiser, hidden, names):
    point = SEARCH.point({"optimiser": optimiser, "hidden": hidden} | VALUES)
    assert set(point) == {"optimiser", "hidden"} | names
    assert list(replace(SEARCH, hand_picked=(point,)).mistakes()) == []


def test_a_condition_on_what_is_not_searched_does_not_hold():
    nested = SPACE | {"nesterov": If("momentum", above=0.7, then=Choice((False, True)))}
    search = Search("s", "S", "gap", nested)
    assert "nesterov" not in search.point(
        {"optimiser": "adam", "hidden": 0, "nesterov": True} | VALUES
    )
    assert any("nesterov" in corner for corner in search.corners())


def test_corners_have_the_ends_of_all_dimensions_where_they_are_searched():
    corners = list(SEARCH.corners())
    for name, dimension in SPACE.items():
        found = {corner[name] for corner in corners if name in corner}
        assert {dimension.grid(2)[0], dimension.grid(2)[-1]} <= found
    for corner in (*corners, SEARCH.middle()):
        assert list(replace(SEARCH, hand_picked=(corner,)).mistakes()) == []


def test_spaces_without_conditions_have_the_corners_that_they_had():
    space = {"a": Float(0.0, 1.0), "b": Choice((1, 2, 3))}
    assert list(Search("s", "S", "gap", space).corners()) == [
        {"a": 0.0, "b": 1},
        {"a": 1.0, "b": 2},
        {"a": 1.0, "b": 3},
    ]


def test_true_is_no_number():
    condition = If("augment", equals=True, then=Float(0.0, 1.0))
    assert condition.allows(True) and not condition.allows(1)
    assert not If("hidden", above=0, then=Float(0.0, 1.0)).allows(True)
    assert not Choice((0, 1)).contains(True) and Choice((False, True)).contains(True)


def test_identity_says_the_condition():
    ones = [
        If("optimiser", equals="sgd", then=Float(0.5, 0.99)),
        If("optimiser", equals="adam", then=Float(0.5, 0.99)),
        If("other", equals="sgd", then=Float(0.5, 0.99)),
        If("optimiser", above=1, then=Float(0.5, 0.99)),
        If("optimiser", equals="sgd", then=Float(0.5, 0.9)),
        Float(0.5, 0.99),
    ]
    assert len({one.identity() for one in ones}) == len(ones)
    assert ones[0].describe() == "0.5 to 0.99, where optimiser is sgd"


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"x": If("depth", above=0, then=Float(0.0, 1.0))}, "optimiser, momentum, .*'depth'"),
        ({"x": If("x", above=0, then=Float(0.0, 1.0))}, "got 'x'"),
        ({"x": If("hidden", above=64, then=Float(0.0, 1.0))}, "never searched"),
        ({"x": If("optimiser", equals="lion", then=Float(0.0, 1.0))}, "never searched"),
        ({"x": If("hidden", then=Float(0.0, 1.0))}, "equals or above"),
        ({"x": If("hidden", equals=1, above=0, then=Float(0.0, 1.0))}, "equals or above"),
        ({"x": If("hidden", above=0, then=Float(1.0, 0.0))}, "less than high"),
        ({"x": If("hidden", above=0, then=3)}, "then must be"),  # type: ignore[arg-type]
        ({"x": Choice(((1, 2), (3, 4)))}, "between numbers, text"),
    ],
)
def test_a_mistake_in_a_condition_is_a_sentence(changes, fact):
    (mistake,) = Search("s", "S", "gap", SPACE | changes).mistakes()
    assert re.search(fact, mistake)


@pytest.mark.parametrize(
    ("point", "fact"),
    [
        ({"optimiser": "adam", "hidden": 0, "momentum": 0.9}, "must set"),
        ({"optimiser": "sgd", "hidden": 0, "decay": 0.01}, "momentum"),
        ({"optimiser": "lion", "hidden": 0}, "one of adam, adamw, sgd; got 'lion'"),
        ({"optimiser": "adam", "hidden": 65, "dropout": 0.3}, "0 to 64; got 65"),
        ({"optimiser": "adam", "hidden": 8, "dropout": 0.9}, "0 to 0.8"),
    ],
)
def test_a_hand_picked_point_that_is_none_is_a_mistake(point, fact):
    (mistake,) = replace(SEARCH, hand_picked=(point,)).mistakes()
    assert fact in mistake
