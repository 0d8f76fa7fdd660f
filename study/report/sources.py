"""Where the report's numbers come from: the records behind each claim, candidate and search."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from hw3.text import count_of
from study.judge import Verdict
from study.report.blocks import Source
from study.report.claim_words import tested_text
from study.search.plan import Plan
from study.spec.claim import Claim
from study.spec.times import TIMED_METRICS

SHORTEST = 8  # characters of a record's key
MOST = 40  # keys named
STAGES = {"explore": "explored", "confirm": "confirmed", "timing": "timed"}
OF_CANDIDATE = ("confirm", "timing")
ENDED = ("complete", "diverged")  # trainings that a verdict counts
CONSTANT = "constant"  # what a model scores that always gives one answer


def claim_source(claim: Claim) -> str:
    """The key of what a claim is judged on."""
    return f"claim {claim.name}"


def candidate_source(name: str) -> str:
    """The key of a candidate's confirmed trainings."""
    return f"candidate {name}"


def search_source(name: str) -> str:
    """The key of a search's trials."""
    return f"search {name}"


def stage_source(stage: str) -> str:
    """The key of all trainings of a stage."""
    return f"stage {stage}"


def make_sources(plan: Plan, table: pd.DataFrame, verdicts: Sequence[Verdict]) -> list[Source]:
    """What the report's numbers come from, in the order of its sections; what has no records is
    left out.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
        verdicts: on the study's claims.
    """
    labels, command = plan.study.labels(), report_command(plan.command)
    keys, data = _short_keys(table), plan.data.fingerprint
    candidates = {name: _rows_of(table, name, OF_CANDIDATE) for name in labels}
    searches = [(one, _rows_of(table, one.name, ["explore"])) for one in plan.study.searches]
    stages = {stage: table.loc[table["stage"] == stage] for stage in STAGES}
    found = [
        *(
            (claim_source(one.claim), tested_text(one.claim, labels), _records(rows, keys))
            for one in verdicts
            if len(rows := _rows_of_claim(one, table))
        ),
        *(
            (candidate_source(name), f"{labels[name]}.", _records(rows, keys))
            for name, rows in candidates.items()
            if len(rows)
        ),
        *(
            (search_source(search.name), f"The search of {search.label}.", _records(rows, keys))
            for search, rows in searches
            if len(rows)
        ),
        *(
            (stage_source(stage), f"All that was {STAGES[stage]}.", _count(rows))
            for stage, rows in stages.items()
            if len(rows)
        ),
        (CONSTANT, "A constant answer.", f"the classes as counted in the data {data}"),
    ]
    return [Source(key, title, records, command) for key, title, records in found]


def _rows_of(table: pd.DataFrame, candidate: str, stages: Sequence[str]) -> pd.DataFrame:
    """The rows of a candidate's trainings."""
    return table.loc[(table["candidate"] == candidate) & table["stage"].isin(stages)]


def _rows_of_claim(verdict: Verdict, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the trainings that count for the verdict: of the first seeds that all of its
    candidates have."""
    claim = verdict.claim
    ended = (table["stage"] == "confirm") & table["status"].isin(ENDED)
    seeds = [
        set(table.loc[ended & (table["candidate"] == name), "seed"]) for name in claim.candidates
    ]
    shared = sorted(set.intersection(*seeds))[: verdict.n_seeds]
    timed = (table["stage"] == "timing") & (claim.metric in TIMED_METRICS)
    counts = (ended & table["seed"].isin(shared)) | timed
    return table.loc[table["candidate"].isin(claim.candidates) & counts]


def _records(rows: pd.DataFrame, keys: Mapping[str, str]) -> str:
    """The records of each candidate and stage: "10 of GRU, confirmed: 0a1b2c3d, …"."""
    groups = rows.drop_duplicates(["candidate", "stage"])
    said = []
    for label, candidate, stage in groups[["label", "candidate", "stage"]].itertuples(index=False):
        mine = _rows_of(rows, candidate, [stage])["key"].unique()
        named = ", ".join(keys[key] for key in mine[:MOST])
        more = f" and {len(mine) - MOST} more" if len(mine) > MOST else ""
        said.append(f"{count_of(len(mine), 'record')} of {label}, {STAGES[stage]}: {named}{more}")
    return "; ".join(said)


def _count(rows: pd.DataFrame) -> str:
    return f"{count_of(len(set(rows['key'])), 'record')}, named above"


def _short_keys(table: pd.DataFrame) -> dict[str, str]:
    """The records' keys, each shortened as far as they stay different."""
    keys = table["key"].unique().tolist()
    length = SHORTEST
    while len({key[:length] for key in keys}) < len(keys):
        length += 1
    return {key: key[:length] for key in keys}


def report_command(command: str) -> str:
    """What computes a run's numbers again from its records; the command itself where it is none of
    a study.

    Args:
        command: that made the run.
    """
    words = command.split()
    if words[:2] != ["python", "-m"]:
        return command
    module, *rest = words[2:]
    if module == "study" and rest[:1] == ["run"] and len(rest) > 1:
        target = [rest[1]]
    elif module.startswith("study."):
        target = []
    else:
        return command
    results = re.findall(r"--results[ =](?:\$?'[^']*'|[^\s'])+", command)
    return " ".join(["python", "-m", module, "report", *target, *results[-1:]])
