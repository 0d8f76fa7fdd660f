"""The rendered report: a page that is safe and needs no network, and the same as Markdown."""

import base64
import hashlib
import re
from dataclasses import replace

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from study.figures.draw import DrawnFigure, draw_figure
from study.judge import judge, terms_of
from study.report.blocks import Cell, Column, Pairs, Pictures, Report, Section, Table, Text
from study.report.claim_words import claim_text
from study.report.render import escape_markdown, make_markdown, make_report
from study.report.verdicts import (
    format_p,
    held_text,
    interval_text,
    outcome_text,
    share_text,
)
from study.spec.claim import Claim
from tests.made_table import STUDY, made_table
from tests.report.made_report import DATA, Page, page_of, plan_of, report_of


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


@pytest.fixture(scope="module")
def figures(table) -> list[DrawnFigure]:
    drawn = [draw_figure(figure, table) for figure in STUDY.figures[2:]]
    return [*drawn, DrawnFigure("none", "A missing <figure>", reason="it needs a trial")]


@pytest.fixture(scope="module")
def html(table, figures) -> str:
    return page_of(table, figures)


@pytest.fixture(scope="module")
def markdown(table, figures) -> str:
    return make_markdown(report_of(table, figures))


def claim_saying(text: str) -> Claim:
    return Claim("bad", "lab4", "val_accuracy", below=0.9, text=text, quote=text, source=text)


def markdown_rows(markdown: str, title: str) -> list[list[str]]:
    """The cells of a section's table, without head and rule."""
    section = markdown.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_page_needs_no_network(html):
    page = Page(html)
    assert "link" not in page.tags
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert not re.search(r"https?://|@import|url\(", html)
    assert len(html) < 5e6


def test_page_lets_its_own_script_run_and_no_other(html):
    page = Page(html)
    assert page.tags.count("script") == 1
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert dict(rule.split(" ", 1) for rule in policy.split("; ")) == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "script-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_page_follows_the_readers_colours_and_printer(html):
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_every_picture_has_its_numbers_in_words(html, figures):
    images = Page(html).images
    drawn = [figure for figure in figures if not figure.reason]
    assert {image["alt"] for image in images} == {f"{f.title}. {f.alt}" for f in drawn}


def test_text_from_outside_is_escaped(table):
    bad = "<script>alert('x')</script>"
    study = replace(STUDY, title=bad, question=bad, claims=(claim_saying(bad),))
    data = replace(DATA, location=bad)
    page = Page(page_of(table, plan=plan_of(study, command=bad, data=data, provenance={"a": bad})))
    assert page.tags.count("script") == 1
    assert page.text.count(bad) >= 8
    assert "out of memory <at 512 channels>" in page.text  # the error of a failed trial


def test_markdown_says_what_the_page_says(html, markdown):
    shown = re.sub(r"\\(.)", r"\1", markdown)
    missing = [text for text in Page(html).texts if text not in shown]
    beside = "Beside this page:"
    assert [text for text in missing if not text.startswith(beside)] == []


def test_markdown_links_the_figures_beside_it(markdown, figures):
    drawn = [f"figures/{figure.name}.png" for figure in figures if not figure.reason]
    linked = re.findall(r"\]\(([^)]*)\)", markdown)
    assert sorted(linked) == sorted(drawn)


def test_markdown_tables_keep_their_columns_whatever_the_text(table):
    bad = "a | b\n| <b>c</b> | *d* `e` \\|"
    plan = plan_of(replace(STUDY, claims=(claim_saying(bad),)))
    (row,) = markdown_rows(make_markdown(report_of(table, plan=plan)), "Verdicts")
    assert len(row) == 7
    escaped = r"a \| b \| \<b\>c\</b\> \| \*d\* \`e\` \\\|"
    assert escape_markdown(bad) == escaped
    assert row[1].startswith(escaped + " (below 90.0 %).")


STRUCTURE = (
    *("# head", "###### head #", "- item", "* item", "+ item", "1. item", "12) item", "> quote"),
    *("---", "- - -", "***", "___", "===", "--", "-", "+", "1.", "```", "~~~ sh", "    indented"),
    *("| cell | cell |", "|---|", ":--", "*a*", "__a__", "`a`", "<b>a</b>", "<!-- a", "</div>"),
    *("[a](b)", "![a](b)", "[a]: b", "<http://a.b>", "&amp;", "a  ", "a\\", "[ ] a", "a\n\n# head"),
    *("a\n- item", "a\n===", "a\u2028# head", "-1", "+1.5 %", "3.14", "\\# a", "$a$", "~~a~~"),
)


def rendered(markdown: str) -> tuple[list[str], list[str]]:
    """What a CommonMark reader with tables makes of it: its structure, and its texts in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for kind in ("inline", "image"):  # what holds others, the outer first
        tokens = [
            each
            for token in tokens
            for each in (token, *(token.children or ()) * (token.type == kind))
        ]
    texts = [token.content for token in tokens if token.type in ("text", "code_block")]
    return [token.type for token in tokens], texts


def marked(text: str) -> str:
    """A report in Markdown that has the text wherever one can stand."""
    cell = Cell(text, [text, text], sign="✓")
    blocks = [
        *(Text(text), Pairs([(text, text), (text, text)]), Text(text)),
        Pictures([DrawnFigure("drawn", text, alt=text, files={"png": b""})] * 2),
        Table([Column(text), Column(text, number=False)], [[cell, Cell(text)], [cell, cell]]),
    ]
    return make_markdown(Report(text, [text, text], text, [Section(text, blocks)] * 2))


@pytest.mark.parametrize("text", STRUCTURE)
def test_no_text_from_outside_makes_structure_in_markdown(text):
    shown = " ".join(text.split())
    structure, texts = rendered(marked(text))
    plain, plain_texts = rendered(marked("plain"))
    assert structure == plain
    assert texts == [said.replace("plain", shown) for said in plain_texts]


def test_markdown_command_can_be_pasted(table):
    plan = plan_of(command="python -m study.made --data 'a_b' | tee *.txt\n``` <b>")
    lines = make_markdown(report_of(table, plan=plan)).splitlines()
    assert "    python -m study.made --data 'a_b' | tee *.txt" in lines
    assert "    ``` <b>" in lines


def test_markdown_has_one_row_per_claim(table, markdown):
    rows = markdown_rows(markdown, "Verdicts")
    verdicts = judge(STUDY.claims, table, terms_of(plan_of()))
    for row, verdict in zip(rows, verdicts, strict=True):
        assert row[0] == outcome_text(verdict)
        assert row[1].startswith(escape_markdown(claim_text(verdict.claim, STUDY.labels())))
        assert row[3].split("<br>") == [held_text(verdict), share_text(verdict)]
        assert row[5].split("<br>")[0] == interval_text(verdict)
        assert row[6:] == [escape_markdown(format_p(verdict.p_holm))]


def test_control_characters_from_outside_are_text_on_the_page_and_in_markdown(table):
    """Half of a surrogate pair, from a file name that is not UTF-8, could not even be written."""
    outside = "a\x1b[2Jb\udcff\u202e"
    plan = plan_of(data=replace(DATA, location=outside), command=f"run {outside}")
    report = report_of(table, plan=plan)
    for text in (make_report(report), make_markdown(report)):
        assert not set(text) & set("\x1b\udcff\u202e")
        assert "x1b" in text and "udcff" in text and "u202e" in text
