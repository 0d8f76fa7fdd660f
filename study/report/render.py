"""Verdicts, tables and figures -> one self-contained HTML page, and the same as Markdown."""

import base64
import functools
import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hw3.data import PHANTOM
from study.figures import DrawnFigure
from study.judge import Verdict
from study.report.content import Facts, Section, report_sections
from study.spec.budget import PROFILES, Budget
from study.spec.registration import describe_notes
from study.spec.study import Claim, Study
from study.table.units import NOTHING, format_range, format_value

FIGURE_FOLDER = "figures"  # beside the page
TEMPLATES = Path(__file__).parent / "templates"
# verdict: its sign; told apart by shape and word, not by colour alone
SYMBOLS = {"supported": "✓", "refuted": "✗", "undecided": "?", "not judged": "–"}


@dataclass(frozen=True)
class Content:
    """All that the report says, to be drawn as HTML and as Markdown.

    Attributes:
        warnings: what a reader must know before any number.
        counts: how many claims got which verdict.
    """

    title: str
    warnings: Sequence[str]
    question: str
    counts: str
    sections: Sequence[Section]


def report_content(
    study: Study,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    facts: Facts,
    figures: Sequence[DrawnFigure],
) -> Content:
    """What the report says.

    Args:
        verdicts: of the study's claims.
        figures: of the study, the answer first.
    """
    rows = verdict_rows(study, verdicts)
    return Content(
        title=study.title,
        warnings=_warnings(facts),
        question=study.question,
        counts=count_verdicts(verdicts),
        sections=report_sections(study, table, rows, facts, figures),
    )


def make_report(content: Content) -> str:
    """The page as HTML, figures inside it: no network; scripts only sort and enlarge."""
    script = (TEMPLATES / "report.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = _environment(finalize=None).get_template("report.html")
    return template.render(content=content, script=Markup(script), digest=digest)


def make_markdown(content: Content) -> str:
    """The same as Markdown; its figures are the files beside it."""
    text = _environment(finalize=escape_markdown).get_template("report.md").render(content=content)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def escape_markdown(value: Any) -> str:
    """Text that Markdown shows as it is, on one line: in a paragraph, a list and a table's cell.

    A list's `-`, `+` and `1.`, a rule of `---` or `===` are structure only where a line begins, and
    a line of the value's can begin with its first character alone.
    """
    if isinstance(value, Markup):
        return value
    text = re.sub(r"([\\`*_\[\]<>|#~&$])", r"\\\1", " ".join(str(value).split()))
    return re.sub(r"^(\d*)([-+=.)])(?!\w)", r"\1\\\2", text)


def verdict_rows(study: Study, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """One row a claim: texts as they are shown, and the numbers that order them."""
    claims = {claim.name: claim for claim in study.claims}
    return [_verdict_row(claims[verdict.claim], verdict) for verdict in verdicts]


def describe_scale(budget: Budget) -> str:
    """What a reader must know of a run below the homework's scale; empty at that scale."""
    full = PROFILES["paper"]
    if budget.epochs >= full.epochs and budget.image_size >= full.image_size:
        return ""
    return (
        f"Trained for {budget.epochs} epochs on {budget.image_size}×{budget.image_size} pixels; "
        f"the homework trained for {full.epochs} on {full.image_size}×{full.image_size}. "
        "Verdicts on its levels hold for this scale."
    )


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    named = [f"{counts[name]} {name}" for name in SYMBOLS if counts[name]]
    return f"{len(verdicts)} claims: {', '.join(named)}." if named else "No claims."


def _verdict_row(claim: Claim, verdict: Verdict) -> dict[str, Any]:
    return {
        "text": verdict.text,
        "homework": verdict.homework,
        "figure": verdict.figure,
        "verdict": verdict.verdict,
        "symbol": SYMBOLS[verdict.verdict],
        "style": verdict.verdict.replace(" ", "-"),
        "claimed": _region(claim),
        "found": _effect(claim, verdict.effect),
        "interval": _range(claim, verdict.ci_low, verdict.ci_high, with_unit=False),
        "images": _range(claim, verdict.images_low, verdict.images_high, with_unit=False),
        "n": str(verdict.n_seeds),
        "p": format_p(verdict.p_holm),
        "judged_on": verdict.judged_on,
        "reason": verdict.reason,
        "rank": list(SYMBOLS).index(verdict.verdict),
        "effect": verdict.effect,
        "ci_low": verdict.ci_low,
        "p_value": verdict.p_holm,
    }


def _effect(claim: Claim, value: float) -> str:
    """A level with its unit, a difference with its sign, a ratio with a multiplication sign."""
    if claim.ratio:
        return NOTHING if math.isnan(value) else f"{value:.3g}×"
    return format_value(claim.left.metric, value, difference=claim.right is not None)


def _range(claim: Claim, low: float, high: float, with_unit: bool = True) -> str:
    if claim.ratio:
        return NOTHING if math.isnan(low) else f"{low:.3g} to {high:.3g}{'×' if with_unit else ''}"
    return format_range(claim.left.metric, low, high, claim.right is not None, with_unit)


def _region(claim: Claim) -> str:
    """Where the claim says that the effect lies, and whether the test looks there alone."""
    sided = ", tested one-sided" if claim.one_sided else ""
    if math.isinf(claim.below):
        return f"above {_bound(claim, claim.above)}{sided}"
    if math.isinf(claim.above):
        return f"below {_bound(claim, claim.below)}{sided}"
    return _range(claim, claim.above, claim.below)


def _bound(claim: Claim, bound: float) -> str:
    return "0" if bound == 0 else _effect(claim, bound)


def format_p(p: float) -> str:
    """Three decimals, which never pass for zero."""
    if math.isnan(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _warnings(facts: Facts) -> list[str]:
    warnings = []
    if facts.data.source == PHANTOM:
        warnings.append("Made on synthetic phantoms: it says nothing about patients.")
    if not facts.budget.judged:
        warnings.append("A smoke run: it shows that everything works, and judges nothing.")
    others = (describe_scale(facts.budget), describe_notes(facts.claim_notes))
    return [*warnings, *filter(None, others)]


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _path(figure: DrawnFigure, suffix: str) -> Markup:
    """Where a file of the figure is, seen from the report; safe as it is in a link."""
    return Markup(quote(f"{FIGURE_FOLDER}/{figure.name}.{suffix}"))


@functools.cache
def _environment(finalize: Callable[[Any], str] | None) -> Environment:
    """Templates that escape whatever they are given, and fail on what they are not.

    Args:
        finalize: escapes what a template shows; None for HTML's own escaping.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=finalize is None,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "path": _path, "raw": Markup}
    return environment
