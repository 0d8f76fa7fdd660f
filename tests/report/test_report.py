"""The report: small tables hold the right numbers, and the page is whole, safe and honest."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from study.figures import DrawnFigure, draw_figure
from study.judge import judge
from study.report.content import (
    Cell,
    Column,
    Facts,
    Pairs,
    Picture,
    Section,
    Table,
    Text,
    format_seconds,
)
from study.report.render import (
    SYMBOLS,
    Content,
    count_verdicts,
    escape_markdown,
    format_p,
    make_markdown,
    make_report,
    report_content,
    verdict_rows,
)
from study.spec.budget import PROFILES, Budget, DataFacts
from study.spec.study import Claim, Measure
from study.stats.signflip import seed_interval
from study.table.summary import (
    list_failures,
    summarise_cost,
    summarise_dropout,
    summarise_points,
    summarise_search,
    summarise_selection,
)
from tests.made_table import CHOSEN, EPOCHS, STUDY, made_table

FACTS = Facts(
    command="python -m study.made --data phantom",
    data=DataFacts(
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
    ),
    budget=Budget(trials=16, epochs=EPOCHS, seeds=8, image_size=32),
    notes=("A note for the reader.",),
    provenance={"commit": "c0ffee", "dirty": True, "versions": {"torch": "2.9"}},
    wall_seconds=301.0,
)
VOID = {"meta", "img", "br", "link"}


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
        if data.strip() and self.open[-1] not in ("style", "title", "script"):
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


@pytest.fixture(scope="module")
def figures(table) -> list[DrawnFigure]:
    drawn = [draw_figure(figure, table) for figure in STUDY.figures[2:]]
    return [*drawn, DrawnFigure("none", "A missing <figure>", reason="it needs a trial")]


def content(table, figures=(), study=STUDY, facts=FACTS):
    verdicts = judge(study.claims, table, judged=facts.budget.judged)
    return report_content(study, table, verdicts, facts, figures)


def written(table, figures=(), study=STUDY, facts=FACTS) -> str:
    return make_report(content(table, figures, study, facts))


@pytest.fixture(scope="module")
def html(table, figures) -> str:
    return written(table, figures)


@pytest.fixture(scope="module")
def markdown(table, figures) -> str:
    return make_markdown(content(table, figures))


def markdown_rows(markdown: str, title: str) -> list[list[str]]:
    """The cells of a section's table, without head and rule."""
    section = markdown.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_page_of_phantoms_says_so_first(html, table):
    page = Page(html)
    assert page.texts[0] == STUDY.title
    assert page.texts[1] == "Made on synthetic phantoms: it says nothing about patients."
    real = Page(written(table, facts=replace(FACTS, data=replace(FACTS.data, source="course"))))
    assert "phantoms" not in real.text


def test_page_of_a_run_below_the_homeworks_scale_says_so(html, table):
    assert "12 epochs on 32×32 pixels" in Page(html).text
    facts = replace(FACTS, budget=PROFILES["paper"])
    assert "Trained for" not in Page(written(table, facts=facts)).text


def test_page_of_a_smoke_run_says_that_it_judges_nothing(html, table):
    assert "smoke run" not in Page(html).text
    budget = replace(FACTS.budget, judged=False)
    page = Page(written(table, facts=replace(FACTS, budget=budget)))
    assert "smoke run" in page.text
    assert page.text.count("not judged") >= len(STUDY.claims)


def test_page_needs_no_network(html):
    page = Page(html)
    assert "link" not in page.tags
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
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


def test_sections_come_in_the_readers_order(html):
    heads = re.findall(r"<h2>(.*?)</h2>", html)
    assert heads == [
        "Verdicts",
        "The answer",
        "What the selection cost",
        "Curves and comparisons",
        "Confirmed points",
        "The search",
        "Failures",
        "Cost",
        "Data",
        "How it was made",
    ]
    search = html.split("<h2>The search</h2>")[1].split("</section>")[0]
    assert search.count("<img") == search.count("<table>") == 1


def test_page_follows_the_readers_colours_and_printer(html):
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_every_picture_has_its_numbers_in_words(html, figures):
    images = Page(html).images
    drawn = [figure for figure in figures if not figure.reason]
    assert {image["alt"] for image in images} == {f"{f.title}. {f.alt}" for f in drawn}


def test_a_figure_that_is_not_drawn_gives_its_reason(html):
    assert "A missing <figure>” : it needs a trial".replace(" :", ":") in Page(html).text


def test_text_from_outside_is_escaped(table):
    bad = "<script>alert('x')</script>"
    claim = Claim("bad", bad, bad, bad, Measure("lab4", "val_accuracy"), below=0.9)
    study = replace(STUDY, title=bad, question=bad, claims=(claim,))
    data = replace(FACTS.data, location=bad)
    facts = replace(FACTS, command=bad, data=data, notes=(bad,), provenance={"commit": bad})
    page = Page(written(table, study=study, facts=facts))
    assert page.tags.count("script") == 1
    assert page.text.count(bad) >= 8
    assert "out of memory <at 512 channels>" in page.text  # the error of a failed trial


def test_page_states_data_command_and_provenance(html):
    text = Page(html).text
    for stated in (
        "41 normal, 42 pneumonia; 63 patients",
        "11 normal, 12 pneumonia; patients not known",
        "0123abcd",
        "32×32 pixels",
        "python -m study.made --data phantom",
        "c0ffee, with changes that are not committed",
        "torch 2.9",
        "5 min 1 s",
        "A note for the reader.",
    ):
        assert stated in text


def test_page_of_an_empty_table_is_whole(table):
    facts = replace(FACTS, provenance=None, wall_seconds=None)
    page = Page(written(table.iloc[:0], facts=facts))
    assert "nothing was chosen" in page.text
    assert "No trial diverged or failed" in page.text


def test_page_without_a_test_part_says_so():
    page = Page(written(made_table(with_test=False)))
    assert "The data has no test part" in page.text
    assert "nan" not in page.text


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
    claim = Claim("bad", bad, bad, bad, Measure("lab4", "val_accuracy"), below=0.9)
    markdown = make_markdown(content(table, study=replace(STUDY, claims=(claim,))))
    (row,) = markdown_rows(markdown, "Verdicts")
    assert len(row) == 7
    escaped = r"a \| b \| \<b\>c\</b\> \| \*d\* \`e\` \\\|"
    assert escape_markdown(bad) == escaped
    assert row[1].startswith(escaped + "<br>claimed:")


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
        Picture(DrawnFigure("drawn", text, alt=text, files={"png": b""})),
        Picture(DrawnFigure("none", text, reason=text)),
        Table([Column(text), Column(text, number=False)], [[cell, Cell(text)], [cell, cell]]),
    ]
    return make_markdown(Content(text, [text, text], text, text, [Section(text, blocks)] * 2))


@pytest.mark.parametrize("text", STRUCTURE)
def test_no_text_from_outside_makes_structure_in_markdown(text):
    shown = " ".join(text.split())
    structure, texts = rendered(marked(text))
    plain, plain_texts = rendered(marked("plain"))
    assert structure == plain
    assert texts == [said.replace("plain", shown) for said in plain_texts]


def test_markdown_command_can_be_pasted(table):
    facts = replace(FACTS, command="python -m study.made --data 'a_b' | tee *.txt\n``` <b>")
    lines = make_markdown(content(table, facts=facts)).splitlines()
    assert "    python -m study.made --data 'a_b' | tee *.txt" in lines
    assert "    ``` <b>" in lines


def test_markdown_has_one_row_a_claim(table, markdown):
    rows = markdown_rows(markdown, "Verdicts")
    for row, expected in zip(rows, verdict_rows(STUDY, judge(STUDY.claims, table)), strict=True):
        assert row[0] == f"{expected['symbol']} {expected['verdict']}"
        assert row[4].split("<br>")[0] == expected["interval"]
        assert row[5:] == [expected["n"], escape_markdown(expected["p"])]


def test_verdicts_show_levels_differences_and_ratios_in_their_units(table):
    verdicts = judge(STUDY.claims, table)
    rows = dict(zip(STUDY.claims, verdict_rows(STUDY, verdicts), strict=True))
    found = {claim.name: row["found"] for claim, row in rows.items()}
    assert found["lab4_level"].endswith(" %")
    assert re.fullmatch(r"[+−]0\.\d{3} nats", found["no_gap"])
    assert re.fullmatch(r"[+−]\d\.\d percentage points", found["not_restored"])
    assert found["slower"].endswith("×")
    claimed = {claim.name: row["claimed"] for claim, row in rows.items()}
    assert claimed["lab4_level"] == "below 90.0 %"
    assert claimed["not_restored"] == "above 0"
    assert claimed["restored_by_search"] == "above −1.0 percentage points"
    assert claimed["slower"] == "above 1×"


def test_intervals_over_test_images_stand_beside_those_over_seeds(table, html):
    verdicts = judge(STUDY.claims, table)
    shown = [row["images"] for row in verdict_rows(STUDY, verdicts)]
    known = [claim.left.metric == "test_accuracy" for claim in STUDY.claims]
    assert [text != "–" for text in shown] == known
    assert Page(html).text.count("over test images: ") == sum(known) == 1
    old = table.assign(test_correct=None)
    assert "over test images: " not in Page(written(old)).text


def test_a_one_sided_claim_says_so(table, html):
    claim = replace(STUDY.claims[2], one_sided=True)
    page = Page(written(table, study=replace(STUDY, claims=(claim,))))
    assert "claimed: above 0, tested one-sided" in page.text
    assert "tested one-sided" not in Page(html).text


def test_verdict_row_holds_the_numbers_of_its_verdict(table):
    for verdict, row in zip(
        judge(STUDY.claims, table), verdict_rows(STUDY, judge(STUDY.claims, table)), strict=True
    ):
        assert (row["verdict"], row["symbol"]) == (verdict.verdict, SYMBOLS[verdict.verdict])
        assert (row["n"], row["p"]) == ("8", format_p(verdict.p_holm))
        assert (row["reason"], row["homework"]) == (verdict.reason, verdict.homework)


def test_verdicts_without_numbers_show_none(table):
    verdicts = judge(STUDY.claims, table.iloc[:0])
    row = verdict_rows(STUDY, verdicts)[0]
    assert (row["found"], row["interval"], row["p"]) == ("–", "–", "–")
    assert row["reason"]


def test_each_verdict_has_a_word_and_its_own_symbol(html):
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    text = Page(html).text
    assert "✓ supported" in text
    assert "? undecided" in text


def test_verdicts_are_counted(table):
    assert count_verdicts([]) == "No claims."
    counted = count_verdicts(judge(STUDY.claims, table, judged=False))
    assert counted == "5 claims: 5 not judged."


def test_points_hold_mean_range_and_the_epoch_of_least_loss(table):
    points = summarise_points(STUDY, table).set_index("label")
    assert list(points.index) == list(STUDY.labels().values())
    mine = table[(table["stage"] == "confirm") & (table["candidate"] == "modified")]
    finals = mine.loc[mine["epoch"] == EPOCHS, "val_accuracy"].to_numpy(float)
    row = points.loc["ConvGAP, modified"]
    assert row["n"] == 8
    assert row["val_accuracy"] == pytest.approx(finals.mean())
    assert (row["val_accuracy_low"], row["val_accuracy_high"]) == (finals.min(), finals.max())
    best = [seed.loc[seed["val_loss"].idxmin()] for _, seed in mine.groupby("seed")]
    assert row["best_val_accuracy"] == pytest.approx(np.mean([b["val_accuracy"] for b in best]))
    assert row["best_test_accuracy"] == pytest.approx(np.mean([b["test_accuracy"] for b in best]))
    assert row["parameters"] == 63_201
    assert row["configuration"] == "channels = 128, hidden units = 128"


def test_dropouts_own_effect_on_the_logged_accuracy(table):
    """The modified point is given dropout, and accuracies that are counted by hand."""
    table = table.copy()
    mine = (table["stage"] == "confirm") & (table["candidate"] == "modified")
    table.loc[table["stage"] == "confirm", "config_dropout_hidden"] = 0.0
    table.loc[mine, "config_dropout_hidden"] = 0.6
    finals = mine & table["is_final"]
    table.loc[finals, "train_accuracy"] = 0.90
    effects = np.array([0.02, 0.03, 0.04, 0.02, 0.03, 0.04, 0.02, 0.04])
    table.loc[finals, "train_eval_accuracy"] = 0.90 + effects
    table.loc[finals, "val_accuracy"] = 0.91
    table["gap_accuracy"] = table["train_eval_accuracy"] - table["val_accuracy"]
    table["gap_accuracy_logged"] = table["train_accuracy"] - table["val_accuracy"]
    rows = summarise_dropout(STUDY, table)
    assert rows["label"].tolist() == ["ConvGAP, modified"]
    row = rows.iloc[0]
    assert (row["n"], row["effect"]) == (8, pytest.approx(0.03))
    assert row["gap_logged"] == pytest.approx(-0.01)
    assert row["gap_evaluated"] == pytest.approx(0.02)
    interval = pytest.approx(seed_interval(effects))
    assert (row["effect_low"], row["effect_high"]) == interval
    text = Page(written(table)).text
    assert "ConvGAP, modified 8 −1.0 percentage points +2.0 percentage points +3.0" in text
    few = table.loc[table["seed"].isin([0, 1, 2]) | (table["stage"] == "explore")]
    assert np.isnan(summarise_dropout(STUDY, few).iloc[0]["effect_low"])
    assert "ConvGAP, modified 3 −1.0 percentage points" in Page(written(few)).text


def test_points_without_dropout_say_nothing_of_it(table, html):
    assert summarise_dropout(STUDY, table).empty
    assert "own effect" not in Page(html).text


def test_selection_compares_the_choice_with_fresh_seeds_and_the_test_set(table):
    row = summarise_selection(STUDY, table).iloc[0]
    ends = table[
        table["is_final"] & (table["status"] == "complete") & (table["candidate"] == "gap")
    ]
    tried = ends[ends["stage"] == "explore"]
    fresh = ends[ends["stage"] == "confirm"]
    assert row["trials"] == len(tried)
    assert row["chosen_loss"] == tried["val_loss"].min()
    assert row["fresh_loss"] == pytest.approx(fresh["val_loss"].mean())
    assert row["test_accuracy"] == pytest.approx(fresh["test_accuracy"].mean())
    configuration = f"channels = {CHOSEN['channels']}, hidden units = {CHOSEN['hidden']}"
    assert row["configuration"] == configuration


def test_search_counts_trials_by_status_and_the_epochs_saved(table):
    row = summarise_search(STUDY, table).iloc[0]
    statuses = [row[name] for name in ("complete", "stopped", "diverged", "failed")]
    assert row["trials"] == sum(statuses) == 16
    assert statuses[2:] == [1, 1]
    explored = table[table["stage"] == "explore"]
    assert row["epochs"] == (explored["epoch"] > 0).sum()
    assert row["unstopped"] == 16 * EPOCHS


def test_cost_counts_each_training_once(table):
    twice = table.assign(candidate=table["candidate"].where(table["candidate"] != "lab4", "again"))
    again = pd.concat([table, twice[twice["candidate"] == "again"]])
    for rows in (table, again):
        costs = summarise_cost(rows)
        assert list(costs["stage"]) == ["explore", "confirm"]
        assert list(costs["device"]) == ["x86_64 CPU"] * 2
        assert list(costs["trainings"]) == [16, 4 * 8]
        assert costs["epochs"].sum() == (table["epoch"] > 0).sum()
        assert costs["seconds"].sum() == pytest.approx(table["seconds"].sum())


def test_failures_are_listed_with_their_errors(table):
    failures = list_failures(table).set_index("status")
    assert set(failures.index) == {"diverged", "failed"}
    assert "out of memory" in failures.loc["failed", "error"]
    assert failures.loc["failed", "epoch"] == 0
    assert failures.loc["diverged", "error"]
    assert failures["configuration"].str.startswith("channels = ").all()


def test_small_p_never_passes_for_zero():
    assert format_p(0.0004) == "< 0.001"
    assert format_p(0.0391) == "0.039"
    assert format_p(float("nan")) == "–"


def test_durations_read_as_people_say_them():
    said = [format_seconds(seconds) for seconds in (12.4, 59.6, 301, 3600, 8000)]
    assert said == ["12 s", "1 min 0 s", "5 min 1 s", "1 h 0 min", "2 h 13 min"]
