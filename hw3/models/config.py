"""Model configurations: frozen records whose valid ranges are data beside their fields."""

from dataclasses import field, fields
from typing import Any


def bounded(default: int | float, low: int | float, high: int | float) -> Any:
    """A dataclass field that `check_bounds` holds within [low, high]."""
    return field(default=default, metadata={"low": low, "high": high})


def check_bounds(config: Any) -> None:
    """Raise ValueError for a field of the wrong type or outside its range.

    Every field must be made by `bounded`.
    """
    for item in fields(config):
        value, low, high = getattr(config, item.name), item.metadata["low"], item.metadata["high"]
        kind = type(item.default)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind is float and isinstance(value, float))):
            raise ValueError(
                f"{type(config).__name__}.{item.name} must be {kind.__name__}, got {value!r}"
            )
        if not low <= value <= high:
            raise ValueError(
                f"{type(config).__name__}.{item.name} must be from {low} to {high}, got {value}"
            )
