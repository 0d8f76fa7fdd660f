"""Configurations: frozen records whose valid values are data beside their fields."""

from dataclasses import field, fields
from typing import Any

from hw3.names import did_you_mean

ADDED = "added"  # in a field's metadata, see `bounded`


def bounded(default: int | float, low: int | float, high: int | float, added: bool = False) -> Any:
    """A dataclass field that `check_bounds` holds within [low, high].

    Args:
        added: whether models were trained and recorded before the field was there; their
            configurations say nothing of it, and have the default.
    """
    return field(default=default, metadata={"low": low, "high": high, ADDED: added})


def one_of(default: str | bool, *others: str | bool, added: bool = False) -> Any:
    """A dataclass field that `check_bounds` holds to these texts, or to True and False.

    Args:
        added: as for `bounded`.
    """
    return field(default=default, metadata={"choices": (default, *others), ADDED: added})


def check_bounds(config: Any) -> None:
    """Raise ValueError for a field of the wrong type or outside its range or choices.

    A whole number in the place of a float becomes one, so that equal configurations are equal
    as text as well. Every field must be made by `bounded` or `one_of`.
    """
    for item in fields(config):
        value, name = getattr(config, item.name), f"{type(config).__name__}.{item.name}"
        if "choices" in item.metadata:
            _check_choice(name, value, item.metadata["choices"])
            continue
        low, high = item.metadata["low"], item.metadata["high"]
        kind = type(item.default)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind is float and isinstance(value, float))):
            raise ValueError(f"{name} must be {kind.__name__}, got {value!r}")
        if not low <= value <= high:
            raise ValueError(f"{name} must be from {low} to {high}, got {value}")
        if whole and kind is float:
            object.__setattr__(config, item.name, float(value))


def _check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    if type(value) is not type(choices[0]) or value not in choices:
        known = ", ".join(map(str, choices))
        hint = did_you_mean(value, choices)
        raise ValueError(f"{name} must be one of {known}, got {value!r}{hint}")
