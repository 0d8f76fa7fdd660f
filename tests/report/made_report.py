"""The report of the made study, and what a page of HTML holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

import pandas as pd

from study.figures.draw import DrawnFigure
from study.judge import judge, terms_of
from study.report.blocks import Report
from study.report.content import report_content
from study.report.render import make_report
from study.search.plan import Plan
from study.spec.budget import Budget, DataFacts
from study.spec.study import Study
from study.stats.looks import plan_looks
from tests.made_table import EPOCHS, SETTING, STUDY

DATA = DataFacts(
    source="phantom",
    location="phantom",
    fingerprint="0123abcd",
    image_size=32,
    counts={
        "train": {"normal": 41, "pneumonia": 42},
        "val": {"normal": 21, "pneumonia": 22},
        "test": {"normal": 11, "pneumonia": 12},
    },
    patients={"train": 63, "val": 31, "test": None},
)
PLAN = Plan(
    STUDY,
    budget=Budget(trials=16, epochs=EPOCHS, seeds=8, image_size=32),
    setting=SETTING,
    data=DATA,
    looks=plan_looks(8, 8, len(STUDY.claims)),
    command="python -m study.made --data phantom",
    provenance={"commit": "c0ffee", "dirty": True, "versions": {"torch": "2.9"}},
    seconds=301.0,
)
VOID = {"meta", "img", "br", "link"}


def plan_of(study: Study = STUDY, **changes: Any) -> Plan:
    """The plan of a run of the study."""
    return replace(PLAN, study=study, **changes)


def report_of(
    table: pd.DataFrame,
    figures: Sequence[DrawnFigure] = (),
    plan: Plan | None = None,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    plan = plan or plan_of()
    verdicts = judge(plan.study.claims, table, terms_of(plan), plan.study.labels())
    return report_content(plan, table, verdicts, figures, notes)


def page_of(
    table: pd.DataFrame,
    figures: Sequence[DrawnFigure] = (),
    plan: Plan | None = None,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The page's HTML.

    Args:
        notes: on claims that came late, by their names.
    """
    return make_report(report_of(table, figures, plan, notes))


class Page(HTMLParser):
    """What a page holds: its text in order, images, outer addresses; fails on unbalanced tags."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.images: list[dict] = []
        self.addresses: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        silent = {"style", "title", "script", "nav"}  # which repeats the headings
        if data.strip() and silent.isdisjoint(self.open):
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)
