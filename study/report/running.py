"""The report of a run that is under way: how far it is, its claims, and what its searches show."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from study.figures.draw import DrawnFigure, draw_figure, render
from study.report.blocks import Block, Cell, Column, Report, Running, Section, Table, Text
from study.report.claim_words import claim_text
from study.report.claims import describe_looks
from study.report.content import OF_SEARCH, describe_scale, figure_blocks, plan_warnings
from study.report.making import data_blocks, failure_blocks, making_blocks
from study.report.pruned import describe_pruning
from study.report.results import search_blocks
from study.search.blinded import shown_trials
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.spec.figures import Figure
from study.store.folder import Folder
from study.table.constant import constant_predictor
from study.table.members import study_members
from study.table.rows import make_table

SHOWN = {*OF_SEARCH, "response"}  # kinds of figures
LEFT_OUT = (
    "Until the claims are judged, scores of the candidates are left out, also those on the test "
    "set: whoever looks at them before their planned look, and decides by them how to go on, makes "
    "verdicts too sure. What the searches have found is shown, since no claim is judged on it."
)
REPORT = "report.html"
BESIDE = "report-running.html"  # where the folder has a report that is not of a running study
MARK = b'<p class="warning" id="running"'  # in every report of a running study
FORWARD = (
    '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=report.html">'
    '<title>The run has ended</title><p>The run has ended: <a href="report.html">its report</a>.'
)


def place_of(folder: Folder) -> str:
    """Name of the file for the report of a running study: never in the place of another's."""
    content = folder.read(REPORT)
    return REPORT if content is None or MARK in content else BESIDE


def forward(folder: Folder) -> None:
    """Send who looks at the report beside the finished one to that one, which was replaced now."""
    if folder.has(BESIDE):
        folder.write(BESIDE, FORWARD.encode())


def shown_table(trials: FinishedTrials) -> pd.DataFrame:
    """The table of what may be shown while the run is under way, `study.search.blinded`."""
    return make_table(study_members(shown_trials(trials)))


def running_figures(plan: Plan) -> list[Figure]:
    """The study's figures of what a search has found."""
    return [figure for figure in plan.study.figures if figure.kind in SHOWN]


def draw_running(plan: Plan, figure: Figure, table: pd.DataFrame) -> DrawnFigure:
    """The figure as the page holds it, which has no files beside it while the run is under way.

    Args:
        table: `shown_table`.
    """
    constant = constant_predictor(plan.data.counts)
    return draw_figure(figure, table, constant, plan.shape, partial(render, formats=("png",)))


def running_content(
    plan: Plan,
    table: pd.DataFrame,
    figures: Mapping[str, DrawnFigure],
    running: Running,
) -> Report:
    """What the report of a run says that is under way, or that was interrupted.

    Args:
        table: `shown_table`.
        figures: those of `running_figures` that are drawn, by name.
    """
    drawn = [figures[each.name] for each in running_figures(plan) if each.name in figures]
    sections = [
        Section("Claims", _claim_blocks(plan)),
        Section("The search", _search_blocks(plan, table, drawn)),
        Section("Failures of the search", failure_blocks(table)),
        Section("Data", data_blocks(plan)),
        Section("How it is made", making_blocks(plan)),
    ]
    return Report(
        title=plan.study.title,
        warnings=plan_warnings(plan),
        question=plan.study.question,
        sections=[section for section in sections if section.blocks],
        running=running,
    )


def _claim_blocks(plan: Plan) -> list[Block]:
    """The claims as they were registered."""
    if not plan.study.claims:
        return []
    labels = plan.study.labels()
    rows = [
        [Cell(claim_text(claim, labels)), Cell(claim.quote, [claim.source] * bool(claim.source))]
        for claim in plan.study.claims
    ]
    quoted = any(claim.quote or claim.source for claim in plan.study.claims)
    names = ("Claim", *["What was said"] * quoted)
    columns = [Column(name, number=False) for name in names]
    said = [describe_looks(plan.looks) * plan.budget.judged, describe_scale(plan), LEFT_OUT]
    return [
        Table(columns, [row[: len(names)] for row in rows]),
        Text(" ".join(filter(None, said)), style="faint"),
    ]


def _search_blocks(plan: Plan, table: pd.DataFrame, figures: Sequence[DrawnFigure]) -> list[Block]:
    if table.empty:
        return [Text("No trial of a search has ended yet.")] * bool(plan.study.searches)
    return [
        *figure_blocks(figures),
        *search_blocks(plan, table),
        *(Text(said) for _, said in describe_pruning(plan.study, table)),
    ]
