"""What a report says: its sections in the reader's order, and the warnings above them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from hw3.data import PHANTOM
from study.figures.draw import DrawnFigure
from study.judge import Verdict
from study.report.blocks import Block, Cell, Column, Picture, Report, Section, Table, Text
from study.report.making import cost_blocks, data_blocks, failure_blocks, making_blocks
from study.report.results import candidate_blocks, search_blocks, selection_blocks
from study.report.verdicts import (
    SYMBOLS,
    claim_text,
    count_verdicts,
    effect_text,
    format_p,
    images_text,
    interval_text,
    reason_text,
)
from study.search.plan import Plan
from study.search.registered import describe_notes
from study.spec.budget import PROFILES, Budget
from study.spec.registration import study_digest
from study.table.formatting import NOTHING

OF_SEARCH = {"search", "slices", "importance", "rungs"}  # kinds of figures
CLAIMS_STOOD = (
    "The claims (digest {}) stood in the task's file before the trainings that they read were "
    "recorded. "
)
HOW_TO_READ = (
    "Each claim names a region in which the mean over seeds lies. It is supported, or refuted, "
    "where p is at most 0.05 after Holm's correction over all claims. p is the greater of two: "
    "that of an exact sign-flip test over seeds, which takes values as symmetric, and that of a "
    "test which takes them as skewed as an exponential distribution; both are two-sided unless the "
    "claim is marked as tested one-sided. The 95 % intervals come from sign flips and are of each "
    "effect alone, so that an interval may exclude a bound while the claim stays undecided. They "
    "show the noise of seeds, not that of the images. An interval over test images, where there is "
    "one, shows the noise of the images and not that of seeds: a bootstrap of the images, paired "
    "and averaged over seeds, which takes images of one patient as independent. It decides nothing."
)


def report_content(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
) -> Report:
    """What the report of a run says.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
        verdicts: on the study's claims.
        figures: of the study, the one that answers its question first.
        notes: on claims that came late, `study.search.registered.claim_notes`.
    """
    study = plan.study
    return Report(
        title=study.title,
        warnings=_warnings(plan, notes),
        question=study.question,
        counts=count_verdicts(verdicts),
        sections=_sections(plan, table, verdicts, figures, notes),
    )


def describe_scale(budget: Budget) -> str:
    """What a reader must know of a run below the homework's scale; empty at that scale."""
    full = PROFILES["paper"]
    if budget.epochs >= full.epochs and budget.image_size >= full.image_size:
        return ""
    return (
        f"Trained for {budget.epochs} epochs on {budget.image_size}×{budget.image_size} pixels; "
        f"the homework trained for {full.epochs} on {full.image_size}×{full.image_size}. "
        "Verdicts on absolute levels hold for this scale only."
    )


def _warnings(plan: Plan, notes: Mapping[str, str]) -> list[str]:
    warnings = []
    if plan.data.source == PHANTOM:
        warnings.append("Made on synthetic phantoms: it says nothing about patients.")
    if not plan.budget.judged:
        warnings.append("A smoke run: it shows that everything works, and judges nothing.")
    return [*warnings, *filter(None, (describe_scale(plan.budget), describe_notes(notes)))]


def _sections(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
) -> list[Section]:
    """All sections that have something to say."""
    kinds = {figure.name: figure.kind for figure in plan.study.figures}
    pictures = [Picture(figure) for figure in figures]
    of_search = [each for each in pictures[1:] if kinds.get(each.figure.name) in OF_SEARCH]
    others = [each for each in pictures[1:] if each not in of_search]
    sections = [
        Section("Verdicts", _verdict_blocks(plan, verdicts, notes)),
        Section("The answer", pictures[:1]),
        Section("Selection bias", selection_blocks(plan.study, table)),
        Section("Curves and comparisons", others),
        Section("Candidates", candidate_blocks(plan, table)),
        Section("The search", [*of_search, *search_blocks(plan, table)]),
        Section("Failures", failure_blocks(table)),
        Section("Cost", cost_blocks(plan, table)),
        Section("Data", data_blocks(plan.data)),
        Section("How it was made", making_blocks(plan)),
    ]
    return [section for section in sections if section.blocks]


def _verdict_blocks(
    plan: Plan, verdicts: Sequence[Verdict], notes: Mapping[str, str]
) -> list[Block]:
    columns = (
        *(Column(name, number=False) for name in ("Verdict", "Claim", "The homework said")),
        *(Column("Effect", number=False), Column("95 % interval")),
        *(Column("Seeds"), Column("p after Holm")),
    )
    stood = CLAIMS_STOOD.format(study_digest(plan.study.claims)) if not notes else ""
    reading = stood + HOW_TO_READ
    rows = [_verdict_cells(verdict, plan.study.labels()) for verdict in verdicts]
    return [Table(columns, rows), Text(reading, faint=True)]


def _verdict_cells(verdict: Verdict, labels: Mapping[str, str]) -> list[Cell]:
    claim, outcome = verdict.claim, verdict.outcome
    notes = (*["tested one-sided"] * claim.one_sided, reason_text(verdict))
    images = images_text(verdict)
    rank = list(SYMBOLS).index(outcome)
    return [
        Cell(outcome, order=rank, sign=SYMBOLS[outcome], style=outcome.replace(" ", "-")),
        Cell(claim_text(claim, labels), list(filter(None, notes))),
        Cell(claim.quote, [claim.source] * bool(claim.source)),
        Cell(effect_text(verdict), [verdict.judged_on], verdict.effect, style="effect"),
        Cell(
            interval_text(verdict),
            [f"over test images: {images}"] * (images != NOTHING),
            order=verdict.interval[0],
        ),
        Cell(str(verdict.n_seeds), order=verdict.n_seeds),
        Cell(format_p(verdict.p_holm), order=verdict.p_holm),
    ]
