"""Verdicts, tables and figures -> one self-contained HTML page."""

import base64
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hw3.data import PHANTOM
from study.claims import describe_notes
from study.figures import DrawnFigure
from study.figures.units import NOTHING, format_range, format_value
from study.spec import PROFILES, Budget, Claim, DataFacts, Study
from study.stats import Verdict
from study.summary import (
    list_failures,
    summarise_dropout,
    summarise_points,
    summarise_search,
    summarise_selection,
)

FIGURE_FOLDER = "figures"  # beside the page
# verdict: its sign; told apart by shape and word, not by colour alone
SYMBOLS = {"supported": "✓", "refuted": "✗", "undecided": "?", "not judged": "–"}


@dataclass(frozen=True)
class Facts:
    """What the report says of the run that made it.

    Attributes:
        command: the exact command line.
        data: what it was made on.
        budget: what the run might spend.
        notes: further sentences for the reader, on sampler or device for example.
        provenance: what `study.provenance.provenance` says: commit, dirty, driver, versions.
        wall_seconds: of the run; None where the report alone was made again.
        claim_notes: of claims that did not stand before the run, `study.claims.claim_notes`.
    """

    command: str
    data: DataFacts
    budget: Budget
    notes: Sequence[str] = ()
    provenance: Mapping[str, Any] | None = None
    wall_seconds: float | None = None
    claim_notes: Mapping[str, str] = field(default_factory=dict)


def make_report(
    study: Study,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    facts: Facts,
    figures: Sequence[DrawnFigure],
) -> str:
    """The page as HTML: figures inside it, no network, no scripts.

    Args:
        verdicts: of the study's claims.
        figures: of the study, the answer first.
    """
    page = _environment().get_template("report.html")
    return page.render(
        study=study,
        facts=facts,
        verdicts=verdict_rows(study, verdicts),
        counts=count_verdicts(verdicts),
        figures=[_embedded(figure) for figure in figures],
        points=_records(summarise_points(study, table)),
        dropout=_records(summarise_dropout(study, table)),
        selection=_records(summarise_selection(study, table)),
        search=_records(summarise_search(study, table)),
        failures=_records(list_failures(table)),
        phantom=facts.data.source == PHANTOM,
        scale=describe_scale(facts.budget),
        claims_changed=describe_notes(facts.claim_notes),
        has_test=bool(table["test_accuracy"].notna().any()),
    )


def verdict_rows(study: Study, verdicts: Sequence[Verdict]) -> list[dict[str, str]]:
    """One row of text a claim, as the page shows it."""
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


def _verdict_row(claim: Claim, verdict: Verdict) -> dict[str, str]:
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


def format_seconds(seconds: float) -> str:
    """Hours and minutes, minutes and seconds, or seconds."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.0f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _embedded(figure: DrawnFigure) -> dict[str, Any]:
    """The figure for the page: its picture as a data URI, and where its other files are beside."""
    shown: dict[str, Any] = {"title": figure.title, "alt": figure.alt, "reason": figure.reason}
    if figure.reason:
        return shown
    picture = base64.b64encode(figure.files["png"]).decode()
    beside = [f"{FIGURE_FOLDER}/{figure.name}.{suffix}" for suffix in figure.files]
    beside.remove(f"{FIGURE_FOLDER}/{figure.name}.png")
    return shown | {"uri": f"data:image/png;base64,{picture}", "files": beside}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _environment() -> Environment:
    """Templates that escape whatever they are given, and fail on what they are not."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": lambda value, column: format_value(column, value),
        "difference": lambda value, column: format_value(column, value, difference=True),
        "range": lambda low, high, column: format_range(column, low, high),
        "difference_range": lambda low, high, column: format_range(column, low, high, True, False),
        "seconds": format_seconds,
    }
    return environment
