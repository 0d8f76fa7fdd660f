"""Whether the fields of a record hold what their annotations say."""

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def mistakes_of(record: Any) -> list[str]:
    """What is wrong with a record, a sentence each: its fields' types, or what its `mistakes` says,
    which may rely on these."""
    return list(type_mistakes(record)) or list(record.mistakes())


def type_mistakes(record: Any) -> Iterator[str]:
    """A sentence for each value that is not of its field's type; records in fields only need to be
    of the right class.

    Args:
        record: an instance of a dataclass whose annotations are plain classes, unions, literals,
            and tuples and mappings of these. A literal's values are not looked at, and a whole
            number serves as a float.
    """
    hints = get_type_hints(type(record))
    for item in fields(record):
        yield from _mistakes(item.name, getattr(record, item.name), hints[item.name])


def _mistakes(where: str, value: Any, hint: Any) -> Iterator[str]:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any or origin is Literal:
        return
    if origin is tuple and isinstance(value, tuple):
        for place, part in enumerate(value):
            yield from _mistakes(f"{where}[{place}]", part, parts[0])
    elif _is_mapping(origin) and isinstance(value, Mapping):
        for key, part in value.items():
            yield from _mistakes(f"a key of {where}", key, parts[0])
            yield from _mistakes(f"{where}[{key!r}]", part, parts[1])
    elif not _fits(value, hint):
        lone = origin is tuple and _fits(value, parts[0])
        comma = " A tuple of one needs a comma: (…,)." if lone else ""
        yield f"{where} must be {_describe(hint)}; got {reprlib.repr(value)}.{comma}"


def _fits(value: Any, hint: Any) -> bool:
    """Whether the value is of the type, whatever a tuple or mapping contains."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(not list(_mistakes("", value, part)) for part in get_args(hint))
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else origin or hint)


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _describe(hint: Any) -> str:
    """A type in words: "a tuple of Baseline", "Float, Int or Choice"."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        *others, last = map(_describe, parts)
        return f"{', '.join(others)} or {last}"
    if origin is tuple:
        return f"a tuple of {_describe(parts[0])}"
    if _is_mapping(origin):
        return f"a dictionary of {_describe(parts[1])}"
    if hint is NoneType:
        return "None"
    plain = {str: "a string", int: "a whole number", float: "a number", bool: "True or False"}
    return plain.get(hint) or getattr(hint, "__name__", "anything")
