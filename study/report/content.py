"""What a report says: its sections in the reader's order, and the warnings above them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from hw3.data import PHANTOM
from study.figures.draw import DrawnFigure
from study.judge import Verdict
from study.report.blocks import Block, Pictures, Report, Section, Sources, Text
from study.report.claims import claim_blocks
from study.report.found import Finding
from study.report.making import cost_blocks, data_blocks, failure_blocks, making_blocks
from study.report.pruned import describe_pruning
from study.report.results import candidate_blocks, search_blocks, selection_blocks
from study.report.sources import make_sources, search_source
from study.report.verdicts import SYMBOLS
from study.search.plan import Plan
from study.search.registered import describe_notes
from study.spec.study import Study

FOUND = "What we found"
SOURCES = "In brackets: the records behind a sentence and the command, listed in the last section."
OF_SEARCH = {"search", "slices", "importance", "rungs"}  # kinds of figures
BESIDE_ANSWER = {"comparison", "time_to_accuracy"}


def report_content(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
    cautions: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    weights: str = "",
    wrong: Sequence[Block] = (),
) -> Report:
    """What the report of a run says.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
        verdicts: on the study's claims.
        figures: of the study, the one that answers its question first.
        notes: on claims that came late, `study.search.registered.claim_notes`.
        findings: `study.report.findings.describe_findings`.
        cautions: what else a reader of the verdicts must know of the trainings, a sentence each.
        weights: what is kept of them, `study.search.weights.describe_weights`.
        wrong: what all trainings get wrong, `study.report.wrong.wrong_blocks`.
    """
    study = plan.study
    return Report(
        title=study.title,
        warnings=[*describe_warnings(plan, notes), *cautions],
        question=study.question,
        sections=[
            *[Section(FOUND, [*map(_finding, findings), Text(SOURCES, "faint")])] * bool(findings),
            *_sections(plan, table, verdicts, figures, notes, weights, wrong),
        ],
    )


def describe_scale(plan: Plan) -> str:
    """That the run is of another scale than claims were made at; empty where it is not."""
    scales = sorted({one.scale.describe() for one in plan.shown_claims if one.scale})
    if not scales or not plan.budget.judged:
        return ""
    budget = plan.budget
    size = f" on {budget.image_size}×{budget.image_size} pixels" * plan.shape.is_image
    return (
        f"Trained for {budget.epochs} epochs{size}. "
        f"What was said of {' or '.join(scales)} is shown, and not judged at this scale."
    )


def plan_warnings(plan: Plan) -> list[str]:
    """What a reader must know of a run before any number, known before it has begun."""
    warnings = []
    if plan.data.source == PHANTOM:
        warnings.append("Made on synthetic phantoms: it says nothing about patients.")
    if not plan.budget.judged:
        warnings.append(
            "A smoke run: it shows that everything works. It judges nothing and shows no effects."
        )
    return warnings


def describe_warnings(plan: Plan, notes: Mapping[str, str]) -> list[str]:
    """What a reader must know of a run before any number.

    Args:
        notes: on claims that came late, `study.search.registered.claim_notes`.
    """
    return [*plan_warnings(plan), *filter(None, (describe_scale(plan), describe_notes(notes)))]


def _sections(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
    weights: str,
    wrong: Sequence[Block],
) -> list[Section]:
    """All sections that have something to say."""
    answer, of_search, others = _sort_figures(plan.study, figures)
    sections = [
        Section("Verdicts", claim_blocks(plan, verdicts, notes)),
        Section("The answer", figure_blocks(answer)),
        Section("Curves and comparisons", figure_blocks(others)),
        Section("Candidates", candidate_blocks(plan, table)),
        Section("Selection bias", selection_blocks(plan, table)),
        Section(f"{plan.examples.capitalize()} that every training gets wrong", wrong),
        Section(
            "The search",
            [
                *figure_blocks(of_search),
                *search_blocks(plan, table),
                *(
                    Text(said, sources=(search_source(name),))
                    for name, said in describe_pruning(plan.study, table)
                ),
            ],
        ),
        Section("Failures", failure_blocks(table)),
        Section("Cost", cost_blocks(plan, table)),
        Section("Data", data_blocks(plan)),
        Section("How it was made", making_blocks(plan, weights)),
        Section("Where the numbers come from", _source_blocks(plan, table, verdicts)),
    ]
    return [section for section in sections if section.blocks]


def _sort_figures(
    study: Study, figures: Sequence[DrawnFigure]
) -> tuple[list[DrawnFigure], list[DrawnFigure], list[DrawnFigure]]:
    """Those that answer the question, the first and what compares all candidates beside it; those
    of the search; all others."""
    kinds = {figure.name: figure.kind for figure in study.figures}
    answer, of_search, others = list(figures[:1]), [], []
    for figure in figures[1:]:
        kind = kinds.get(figure.name, "")
        (answer if kind in BESIDE_ANSWER else of_search if kind in OF_SEARCH else others).append(
            figure
        )
    return answer, of_search, others


def _finding(finding: Finding) -> Text:
    """The sentence; of an answer, with the symbol of its verdict."""
    if finding.outcome is None:
        return Text(finding.text, sources=finding.sources)
    text = f"{SYMBOLS[finding.outcome]} {finding.text}"
    return Text(text, "lead", finding.sources)


def _source_blocks(plan: Plan, table: pd.DataFrame, verdicts: Sequence[Verdict]) -> list[Block]:
    sources = make_sources(plan, table, verdicts)
    reading = (
        "Every number above is computed from the records of trainings, files in the folder trials "
        "beside the study's; each is named here by the first characters of its file's name. A "
        "number in brackets names an entry. The figures' numbers are in the CSV files beside them."
    )
    return [Text(reading, "faint"), Sources(sources)]


def figure_blocks(figures: Sequence[DrawnFigure]) -> list[Block]:
    """The drawn ones, then why others were not drawn."""
    drawn = [figure for figure in figures if not figure.reason]
    return [
        *[Pictures(drawn)] * bool(drawn),
        *(
            Text(f"The figure “{figure.title}” is not shown: {figure.reason}.", style="faint")
            for figure in figures
            if figure.reason
        ),
    ]
