"""JSON that others may have written: either a record of the right shape, or damaged."""

import json
import logging
import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hw3.files import UnusableFile
from hw3.text import printable
from study.store.folder import Folder, Label

T = TypeVar("T")

MAX_BYTES = 32_000_000  # of a file; a trial's record with 10,000 scored test images takes 0.2 MB
MAX_DEPTH = 32  # of objects and lists in each other; records have five
MAX_INTEGER = 2**63 - 1  # what the table can hold
PLAIN = (Any, str, int, float, bool, NoneType)


class Damaged(ValueError):
    """Content is not what its reader expects; the message says what it is instead."""


class OtherVersion(ValueError):
    """Content is whole, but of a version of this project that this one cannot use."""


def parse_json(content: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        Damaged: it is no JSON, or holds what JSON has not (NaN, infinity), or numbers or a depth
            that nobody writes.
    """
    try:
        value = json.loads(content, parse_constant=_finite, parse_float=_finite, parse_int=_bounded)
    except RecursionError:
        raise Damaged("is nested too deeply") from None
    except ValueError as error:
        raise Damaged(f"is not JSON: {error}") from error
    if not _is_flat(value, MAX_DEPTH):
        raise Damaged("is nested too deeply")
    return value


def read_record(kind: type[T], values: Any, *, partly: bool = False, **given: Any) -> T:
    """The record that a JSON object describes: a field for each name, lists as tuples and objects
    as records where the annotations say so.

    Args:
        kind: a dataclass whose annotations are plain classes, unions, literals, other such
            dataclasses, and lists, tuples and mappings of these.
        values: what was parsed.
        partly: whether names that the dataclass does not have are passed over.
        given: fields that are not read.

    Raises:
        Damaged: a field is missing or unknown, or of another type.
    """
    hints, needed = _shape(kind)
    if not isinstance(values, Mapping):
        raise Damaged(f"must be an object; got {reprlib.repr(values)}")
    named = {name: value for name, value in values.items() if name in hints and name not in given}
    unknown = [] if partly else sorted(values.keys() - hints.keys())
    missing = sorted(needed - named.keys() - given.keys())
    for fault, names in (("unknown field", unknown), ("missing field", missing)):
        if names:
            raise Damaged(f"has the {fault} {', '.join(names)}")
    read = {name: _read(name, value, hints[name]) for name, value in named.items()}
    return kind(**read, **given)


def read_or_set_aside(
    folder: Folder, name: str, read: Callable[[Any], T], consequence: str
) -> T | None:
    """What `read` makes of a JSON file, None where there is none. One that is damaged or of another
    version is set aside with a warning, and counts as none.

    Args:
        read: raises Damaged or OtherVersion.
        consequence: what follows, for the warning.
    """
    label: Label = "damaged"
    try:
        content = folder.read(name, MAX_BYTES)
        return None if content is None else read(parse_json(content))
    except OtherVersion as error:
        label, reason = "other-version", f"is of another version: {error}"
    except Damaged as error:
        reason = f"is damaged: {error}"
    except UnusableFile as error:
        reason = f"is damaged: {error.strerror}"
    try:
        aside = folder.set_aside(name, label)
    except FileNotFoundError:  # another driver did it, and said so
        return None
    warn(f"{folder}/{name} {reason}; renamed to {aside}; {consequence}")
    return None


def warn(message: str) -> None:
    """Tell the user; with what came from outside shown as text."""
    logging.getLogger("study").warning("%s", printable(message))


@cache
def _shape(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """The annotations of a dataclass's fields, and the names of those without a default."""
    hints, items = get_type_hints(kind), fields(kind)
    needed = (i.name for i in items if i.default is MISSING and i.default_factory is MISSING)
    return {item.name: hints[item.name] for item in items}, frozenset(needed)


def _read(where: str, value: Any, hint: Any) -> Any:
    if hint in PLAIN and _is_plain(value, hint):
        return value
    origin, parts = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return read_record(hint, value)  # pyright: ignore[reportArgumentType]
    if origin in (Union, UnionType):
        return _read_either(where, value, parts)
    if origin is tuple and isinstance(value, list):
        kinds = parts[:1] * len(value) if parts[-1:] == (Ellipsis,) else parts
        if len(kinds) == len(value):
            pairs = zip(value, kinds, strict=True)
            return tuple(_read(where, item, kind) for item, kind in pairs)
    if origin is list and isinstance(value, list):
        return [_read(where, item, parts[0]) for item in value]
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        if parts[1] is Any:
            return value
        return {key: _read(f"{where}.{key}", item, parts[1]) for key, item in value.items()}
    if origin is Literal and value in parts:
        return value
    raise Damaged(f"has {reprlib.repr(value)} as {where}")


def _read_either(where: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    for kind in kinds:
        try:
            return _read(where, value, kind)
        except Damaged:
            continue
    raise Damaged(f"has {reprlib.repr(value)} as {where}")


def _is_plain(value: Any, hint: Any) -> bool:
    """Whether the value is of one of the plain types; a whole number serves as a float, and neither
    is True or False."""
    if hint is Any or type(value) is hint:
        return True
    return hint is float and type(value) is int


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number that JSON has")
    return number


def _bounded(text: str) -> int:
    if abs(number := int(text)) > MAX_INTEGER:
        raise ValueError(f"{reprlib.repr(text)} is no number of ours")
    return number


def _is_flat(value: Any, depth: int) -> bool:
    """Whether objects and lists are at most `depth` levels deep."""
    items = value.values() if type(value) is dict else value if type(value) is list else ()
    nested = [item for item in items if type(item) in (dict, list)]
    return not nested or (depth > 1 and all(_is_flat(item, depth - 1) for item in nested))
