"""From records to everything that people read: table, verdicts, figures, report."""

import json
from pathlib import Path

import pandas as pd

from study.confirm import study_members
from study.figures import draw_figures
from study.plan import Plan
from study.records import RecordStore, write_atomically
from study.report import Facts, write_report
from study.spec import Study
from study.stats import Verdict, judge, verdict_values
from study.table import make_table


def write_outputs(
    study: Study, plan: Plan, store: RecordStore, folder: Path
) -> tuple[list[Verdict], Path]:
    """Write the study's folder from the records: table, verdicts, figures, report.

    Args:
        folder: of the study, inside the results folder.

    Returns:
        The verdicts, and the path of the report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = study_table(study, plan, store)
    table.to_parquet(folder / "table.parquet", index=False)
    table.to_csv(folder / "table.csv", index=False)
    verdicts = judge(study.claims, table, judged=plan.budget.judged)
    content = json.dumps([verdict_values(verdict) for verdict in verdicts], indent=1)
    write_atomically(folder / "verdicts.json", content.encode())
    figures = draw_figures(study, table, folder / "figures")
    return verdicts, write_report(folder, study, table, verdicts, _facts(plan), figures)


def study_table(study: Study, plan: Plan, store: RecordStore) -> pd.DataFrame:
    """The study's table, from the records of the store."""
    records = {record.key: record for record in store}
    return make_table(study_members(study, plan.setting, plan.budget, records))


def _facts(plan: Plan) -> Facts:
    return Facts(
        command=plan.command,
        data=plan.data,
        budget=plan.budget,
        notes=[
            f"{plan.setting.sampler} proposes; base seed {plan.setting.seed}; trained on "
            f"{plan.setting.numerics.device}.",
        ],
        provenance=plan.provenance,
        wall_seconds=plan.seconds,
    )
