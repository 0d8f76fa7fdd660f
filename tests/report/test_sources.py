"""The records that the report's numbers come from, and what computes them again."""

import re
from dataclasses import replace

import pytest

from study.judge import judge, terms_of
from study.report.blocks import Sources, Table
from study.report.sources import (
    candidate_source,
    claim_source,
    make_sources,
    report_command,
    search_source,
)
from study.spec.claim import Claim
from tests.made_table import STUDY, made_table
from tests.report.made_report import plan_of, report_of


@pytest.fixture(scope="module")
def table():
    return made_table()


def sources_of(table, claims=STUDY.claims):
    plan = plan_of(replace(STUDY, claims=claims))
    verdicts = judge(claims, table, terms_of(plan), STUDY.labels())
    return {one.key: one for one in make_sources(plan, table, verdicts)}, verdicts


def keys_in(source):
    return re.findall(r"\b[0-9a-f]{8,20}\b", source.records)


def test_a_verdict_names_the_trainings_that_count_and_no_other(table):
    compared = Claim("compared", "lab4", "val_accuracy", "convmodel", above=0.0)
    lost = (table["candidate"] == "lab4") & (table["seed"] == table["seed"].max())
    without = table.loc[~(lost & (table["stage"] == "confirm"))]
    sources, (verdict,) = sources_of(without, (compared,))
    confirmed = without.loc[without["stage"] == "confirm"]
    paired = set(confirmed.loc[confirmed["candidate"] == "lab4", "seed"])
    mine = confirmed.loc[
        confirmed["candidate"].isin(compared.candidates) & confirmed["seed"].isin(paired), "key"
    ].unique()
    named = keys_in(sources[claim_source(compared)])
    assert len(named) == 2 * verdict.n_seeds == len(mine)
    assert {key[: len(named[0])] for key in mine} == set(named)


def test_candidates_and_searches_name_their_own_records(table):
    sources, _ = sources_of(table)
    for key, name, stage in (
        (candidate_source("lab4"), "lab4", "confirm"),
        (search_source("gap"), "gap", "explore"),
    ):
        mine = table.loc[(table["candidate"] == name) & (table["stage"] == stage), "key"]
        named = keys_in(sources[key])
        assert {one[: len(named[0])] for one in mine.unique()} <= set(named)


def test_keys_are_shortened_only_as_far_as_they_differ(table):
    alike = table.assign(key="0" * 10 + table["key"])
    sources, _ = sources_of(alike)
    assert len(keys_in(sources[candidate_source("lab4")])[0]) > 10


def test_every_number_of_the_report_has_a_source(table):
    report = report_of(table)
    assert isinstance(report.sections[-1].blocks[-1], Sources)
    without = [
        (section.title, cell.text)
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell, column in zip(row, block.columns, strict=True)
        if column.number and cell.text != "–" and cell.source not in report.places
    ]
    assert without == []


@pytest.mark.parametrize(
    ("made", "again"),
    [
        ("python -m study.task_a --profile quick", "python -m study.task_a report"),
        ("python -m study.task_a run --results 'a b' --seed 3", "... report --results 'a b'"),
        ("python -m study run my.py --results=s3://b/f", "... report my.py --results=s3://b/f"),
        ("python -m study report my.py", "python -m study report my.py"),
        ("python analysis.py", "python analysis.py"),
    ],
)
def test_the_command_that_computes_again_reports_and_trains_nothing(made, again):
    module = " ".join(made.split()[:3])
    assert report_command(made) == again.replace("...", module)
