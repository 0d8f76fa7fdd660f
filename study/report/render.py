"""A report -> one self-contained HTML page, and the same as Markdown."""

import base64
import functools
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hw3.text import printable
from study.figures.draw import DrawnFigure
from study.report.blocks import Report

FIGURE_FOLDER = "figures"  # beside the page
# What stands behind a number and must not begin a line.
UNIT = re.compile(r"(?<=\d) (?:%|M|nats|s|min|h|times|percentage points?)(?!\w)")
TEMPLATES = Path(__file__).parent / "templates"


def make_report(report: Report) -> str:
    """The report as a page of HTML that needs no network: figures are inside, and its script only
    sorts tables and enlarges figures; that of a run under way also loads the page again."""
    names = ("report.js", *["running.js"] * (report.running is not None))
    script = "\n".join((TEMPLATES / name).read_text() for name in names)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = _environment(finalize=_printable_unless_markup).get_template("report.html")
    return template.render(report=report, script=Markup(script), digest=digest)


def make_markdown(report: Report) -> str:
    """The report as Markdown; its figures are the files beside it."""
    template = _environment(finalize=escape_markdown).get_template("report.md")
    text = template.render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def escape_markdown(value: Any) -> str:
    """Text that Markdown shows as it is, on one line: in a paragraph, a list or a table's cell.

    A list's `-`, `+` and `1.` and a rule of `---` or `===` are structure only at the start of a
    line, where of a value only its first character can stand.
    """
    if isinstance(value, Markup):
        return value
    line = printable(" ".join(str(value).split()))
    text = re.sub(r"([\\`*_\[\]<>|#~&$])", r"\\\1", line)
    return re.sub(r"^(\d*)([-+=.)])(?!\w)", r"\1\\\2", text)


def _unbroken(text: str) -> str:
    """The text with no-break spaces between numbers and their units."""
    return UNIT.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def _printable_unless_markup(value: Any) -> str:
    return value if isinstance(value, Markup) else printable(value)


def _raw(text: str) -> Markup:
    """Text that is not escaped, as in a block of code."""
    return Markup(printable(text))


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _utc(written: str) -> str:
    """A time in ISO 8601 for readers without scripts, in whose own time zone it cannot be."""
    return datetime.fromisoformat(written).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _path(figure: DrawnFigure, suffix: str) -> Markup:
    """Address of a file of the figure relative to the report, quoted for a link."""
    return Markup(quote(f"{FIGURE_FOLDER}/{figure.name}.{suffix}"))


@functools.cache
def _environment(finalize: Callable[[Any], str]) -> Environment:
    """Templates that escape every value, and fail on a name that has none.

    Args:
        finalize: makes text of a value, as Markdown shows it if `escape_markdown`; of the text
            that another one makes, HTML escapes the rest.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=finalize is not escape_markdown,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "data_uri": _data_uri,
        "path": _path,
        "raw": _raw,
        "unbroken": _unbroken,
        "utc": _utc,
    }
    return environment
