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


def study_table(study: Study, plan: Plan, store: RecordStore) -> pd.DataFrame:
    """The study's table, from the records of the store."""
    records = {record.key: record for record in store}
    return make_table(study_members(study, plan.setting, plan.budget.seeds, records))
