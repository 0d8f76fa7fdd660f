"""From a run's finished trials to everything that people read of it, written into its folder."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count

import pandas as pd

from hw3.metrics import METRICS
from study.figures.draw import SUFFIXES, DrawnFigure, draw_figure
from study.judge import Verdict, judge, judge_untuned, terms_of, wanted_seeds
from study.report.content import report_content
from study.report.findings import describe_findings
from study.report.found import Found
from study.report.render import FIGURE_FOLDER, make_markdown, make_report
from study.report.running import REPORT, forward
from study.report.verdicts import verdict_values
from study.report.wrong import wrong_blocks
from study.search.agreement import check_agreement
from study.search.choose import FinishedTrials
from study.search.missing import describe_missing
from study.search.objective import metric_of
from study.search.optuna_trials import optuna_database
from study.search.plan import Plan
from study.search.registered import claim_notes
from study.search.tried import describe_tried
from study.store.database import write_database
from study.store.folder import Folder
from study.table.described import table_files
from study.table.members import study_members
from study.table.rows import make_table

MARKDOWN = "report.md"  # the same, its figures linked
SEARCHES = "optuna.db"  # for optuna-dashboard

CHOSEN_ON = "the configuration was chosen by its {} on these validation {}"

OnStep = Callable[[str, int, int], None]  # what is made next, its number from 1, how many there are


@dataclass(frozen=True)
class Conclusion:
    """What a study has found.

    Attributes:
        findings: `study.report.findings.describe_findings`.
        verdicts: on its claims, in their order.
        missing: what was asked for and is not there, `study.search.missing.describe_missing`.
    """

    findings: list[str]
    verdicts: list[Verdict]
    missing: list[str]


def write_outputs(
    trials: FinishedTrials,
    folder: Folder,
    on_step: OnStep = lambda *_: None,
    weights: str = "",
) -> Conclusion:
    """Write the study's folder from its trials: table, searches, verdicts, figures, report.

    Args:
        folder: of the study, inside the results folder; its lock must be held.
        on_step: called before each step; every figure is one.
        weights: what is kept of them, `study.search.weights.describe_weights`.

    Raises:
        OSError: a file could not be written. The records are whole: this can be done again.
        StudyError: a candidate has records of different models.
    """
    study = trials.plan.study
    check_agreement(trials)
    numbers, last = count(1), len(study.figures) + 3

    def begin(what: str) -> None:
        on_step(what, next(numbers), last)

    begin("table")
    table = make_table(study_members(trials))
    begin("verdicts")
    notes = claim_notes(trials)
    verdicts, terms = judge_claims(trials.plan, table, notes), terms_of(trials.plan)
    figures = []
    for figure in study.figures:
        begin(f"figure {figure.name}")
        figures.append(draw_figure(figure, table, terms.constant, trials.plan.shape))
    begin("files")
    missing = list(describe_missing(trials, wanted_seeds(trials.plan, table)))
    incomplete = [f"Not complete: {'; '.join(missing)}."] if missing else []
    cautions = [*incomplete, *describe_tried(trials)]
    findings = describe_findings(Found(trials.plan, table, verdicts, terms))
    wrong = wrong_blocks(trials, folder / FIGURE_FOLDER)
    report = report_content(
        trials.plan, table, verdicts, figures, notes, cautions, findings, weights, wrong
    )
    for swept in (folder, folder / FIGURE_FOLDER):
        swept.sweep()
    for name, content in table_files(table).items():
        folder.write(name, content)
    searches = [(search, trials.explored(search)) for search in study.searches]
    write_database(folder, SEARCHES, optuna_database(searches, trials.plan.setting.objective))
    values = [verdict_values(verdict, study.labels()) for verdict in verdicts]
    folder.write("verdicts.json", json.dumps(values, indent=1).encode())
    for figure in figures:
        _write_figure(figure, folder / FIGURE_FOLDER)
    folder.write(MARKDOWN, make_markdown(report).encode())
    folder.write(REPORT, make_report(report).encode())
    forward(folder)
    return Conclusion([finding.text for finding in findings], verdicts, missing)


def judge_claims(plan: Plan, table: pd.DataFrame, notes: Mapping[str, str]) -> list[Verdict]:
    """The verdicts on a run's claims, with those without the tuning; with a note on claims that
    came late, and on those about a chosen configuration that are judged on the images by which it
    was chosen.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
        notes: `study.search.registered.claim_notes`.

    Raises:
        StudyError: a claim's metric is not a numeric column.
    """
    terms, labels = terms_of(plan), plan.study.labels()
    untuned = judge_untuned(plan.study, table, terms, labels)
    verdicts = [
        replace(verdict, untuned=untuned.get(verdict.claim.name))
        for verdict in judge(plan.study.claims, table, terms, labels)
    ]
    choices = plan.study.choices().keys()
    label = METRICS[metric_of(plan.setting.objective)].label
    chosen_on = CHOSEN_ON.format(label, plan.examples)
    return [
        _with_notes(
            verdict,
            notes.get(verdict.claim.name, ""),
            chosen_on
            * (_reads_validation(verdict) and not choices.isdisjoint(verdict.claim.candidates)),
        )
        for verdict in verdicts
    ]


def _reads_validation(verdict: Verdict) -> bool:
    return verdict.n_seeds > 0 and "validation" in verdict.judged_on


def _with_notes(verdict: Verdict, *notes: str) -> Verdict:
    return replace(verdict, note="; ".join(filter(None, (*notes, verdict.note))))


def _write_figure(figure: DrawnFigure, folder: Folder) -> None:
    """NAME.png, NAME.svg and NAME.csv; an earlier run's must not pass for this one's."""
    for suffix in SUFFIXES:
        name = f"{figure.name}.{suffix}"
        if suffix in figure.files:
            folder.write(name, figure.files[suffix])
        else:
            folder.delete(name)
