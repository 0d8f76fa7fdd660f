"""From records to everything that people read: table, searches, verdicts, figures, report."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from study.figures import SUFFIXES, DrawnFigure, draw_figure
from study.judge import Verdict, judge, verdict_values
from study.report.content import Facts
from study.report.render import FIGURE_FOLDER, make_markdown, make_report, report_content
from study.search.choose import explored_records, study_members
from study.search.optuna_trials import optuna_database
from study.search.plan import Plan
from study.spec.registration import claim_notes
from study.spec.study import Study
from study.store.folder import Folder
from study.store.records import Record, RecordStore
from study.table.columns import make_table
from study.table.seeds import confirmed_finals

REPORT = "report.html"
MARKDOWN = "report.md"  # the same, its figures linked
SEARCHES = "optuna.db"  # for optuna-dashboard


def write_outputs(study: Study, plan: Plan, store: RecordStore, folder: Folder) -> list[Verdict]:
    """Write the study's folder from the records: table, searches, verdicts, figures, report.

    Args:
        folder: of the study, inside the results folder; its lock must be held.

    Raises:
        OSError: a file could not be written. The records are whole: this can be done again.
    """
    records = {record.key: record for record in store}
    table = _table(study, plan, records)
    facts = _facts(study, plan)
    verdicts = [
        _with_note(verdict, facts.claim_notes.get(verdict.claim, ""))
        for verdict in judge(study.claims, table, judged=plan.budget.judged)
    ]
    figures = [draw_figure(figure, table) for figure in study.figures]
    content = report_content(study, table, verdicts, facts, figures)
    for swept in (folder, folder / FIGURE_FOLDER):
        swept.sweep()
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False)
    folder.write("table.parquet", parquet.getbuffer())
    folder.write("table.csv", table.to_csv(index=False).encode())
    folder.write(SEARCHES, _searches(study, plan, records))
    values = [verdict_values(verdict) for verdict in verdicts]
    folder.write("verdicts.json", json.dumps(values, indent=1).encode())
    for figure in figures:
        _write_figure(figure, folder / FIGURE_FOLDER)
    folder.write(MARKDOWN, make_markdown(content).encode())
    folder.write(REPORT, make_report(content).encode())
    return verdicts


def count_confirmed(study: Study, plan: Plan, store: RecordStore) -> int:
    """Confirmation trainings of the study in the store that reached their last epoch."""
    table = _table(study, plan, {record.key: record for record in store})
    return len(confirmed_finals(table))


def _table(study: Study, plan: Plan, records: Mapping[str, Record]) -> pd.DataFrame:
    return make_table(study_members(study, plan.setting, plan.budget, records))


def _searches(study: Study, plan: Plan, records: Mapping[str, Record]) -> bytes:
    """Each search's Optuna study, as a SQLite file."""
    return optuna_database(
        [
            (search, explored_records(search, plan.setting, plan.budget, records))
            for search in study.searches
        ]
    )


def _write_figure(figure: DrawnFigure, folder: Folder) -> None:
    """NAME.png, NAME.svg and NAME.csv; an earlier run's must not pass for this one's."""
    for suffix in SUFFIXES:
        name = f"{figure.name}.{suffix}"
        if suffix in figure.files:
            folder.write(name, figure.files[suffix])
        else:
            folder.delete(name)


def _with_note(verdict: Verdict, note: str) -> Verdict:
    return replace(verdict, reason="; ".join(filter(None, (note, verdict.reason))))


def _facts(study: Study, plan: Plan) -> Facts:
    return Facts(
        command=plan.command,
        data=plan.data,
        budget=plan.budget,
        notes=[
            f"{plan.setting.sampler} proposes; base seed {plan.setting.seed}; trained on "
            f"{plan.setting.numerics.device} in {plan.setting.numerics.precision}.",
        ],
        provenance=plan.provenance,
        wall_seconds=plan.seconds,
        claim_notes=claim_notes(study.claims, plan.claims),
    )
