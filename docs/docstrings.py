"""Markdown of what the code says of itself: tables, docstrings, signatures."""

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns):$")
ENTRY = re.compile(r"^    (\S[^:]*): (.*)$")
LITERAL = re.compile(r"(?:typing\.)?Literal\[(.*?)\]")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[_cell(value) for value in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def code(text: object) -> str:
    """In code font; nothing of nothing."""
    return f"`{text}`" if str(text) else ""


def first_paragraph(documented: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(documented) or "").split("\n\n")[0].split())


def parse(documented: Any) -> tuple[str, dict[str, dict[str, str]]]:
    """A docstring's text without its sections, and these: the texts by name ("low, high" are two),
    by section. What Returns holds has the name ""."""
    text: list[str] = []
    sections: dict[str, dict[str, str]] = {}
    inside: dict[str, str] | None = None
    names: list[str] = []
    for line in (inspect.getdoc(documented) or "").splitlines():
        if found := SECTION.match(line):
            inside, names = sections.setdefault(found[1], {}), [""]
        elif inside is None:
            text.append(line)
        elif found := ENTRY.match(line):
            names = found[1].split(", ")
            inside.update(dict.fromkeys(names, found[2]))
        elif line.strip():
            inside.update(
                {name: f"{inside.get(name, '')} {line.strip()}".strip() for name in names}
            )
    return "\n".join(text).strip(), sections


def record(kind: type[Any], level: str = "##") -> str:
    """A dataclass: its text, then its fields with type, default and meaning."""
    text, sections = parse(kind)
    meanings = sections.get("Attributes", {})
    rows = [
        (code(item.name), code(_type_of(item.type)), default(item), meanings.get(item.name, ""))
        for item in fields(kind)
    ]
    head = ("field", "type", "default", "meaning")
    if not meanings:  # the text says what the fields are
        head, rows = head[:3], [row[:3] for row in rows]
    return f"{level} {kind.__name__}\n\n{text}\n\n{table(head, rows)}"


def default(item: Field[Any]) -> str:
    """What a field is unless it is given, in code font; empty where it must be."""
    if item.default_factory is not MISSING:
        made = item.default_factory()
        return code(repr(made)) if isinstance(made, (dict, list, tuple)) else ""
    return "" if item.default is MISSING else code(repr(item.default))


def function(documented: Any, name: str, level: str = "##") -> str:
    """A function or method, under its own name: its signature, text, arguments, what it raises."""
    text, sections = parse(documented)
    own = name if name[0].isupper() else name.rpartition(".")[2]
    parts = [f"{level} {own}", f"```text\n{signature(documented, name)}\n```", text]
    if given := sections.get("Args"):
        parts.append(table(("argument", "meaning"), ((code(k), v) for k, v in given.items())))
    if raised := sections.get("Raises"):
        parts.append("Raises:\n")
        parts[-1] += "\n" + "\n".join(f"- {code(kind)}: {when}" for kind, when in raised.items())
    return "\n\n".join(part.strip() for part in parts) + "\n"


def signature(documented: Any, name: str) -> str:
    """As somebody calls it: without self and types, a line for each argument where it is long."""
    given = inspect.signature(documented).parameters.values()
    words: list[str] = []
    keywords_only = False
    for one in given:
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not keywords_only:
            keywords_only = True
            words.append("*")
        stars = "**" if one.kind is one.VAR_KEYWORD else ""
        value = "" if one.default is one.empty else f"={one.default!r}"
        words.append(f"{stars}{one.name}{value}")
    return f"{name}({', '.join(words)})"


def _type_of(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = LITERAL.sub(lambda found: found[1].replace(", ", " | "), text)
    return re.sub(r"\b(?:typing|collections\.abc|numpy|study(?:\.\w+)+|hw3(?:\.\w+)+)\.", "", text)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
