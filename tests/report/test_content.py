"""What the report says: warnings, sections in order, numbers of data, cost and provenance."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from study.figures.draw import DrawnFigure, draw_figure
from study.report.making import format_seconds
from study.report.verdicts import SYMBOLS
from study.search.registration import study_digest
from study.spec.claim import Scale
from study.table.summary import summarise_candidates
from tests.made_table import EPOCHS, STUDY, made_table
from tests.report.made_report import DATA, PLAN, Page, page_of, plan_of


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


@pytest.fixture(scope="module")
def html(table) -> str:
    drawn = [draw_figure(figure, table) for figure in STUDY.figures[2:]]
    return page_of(table, [*drawn, DrawnFigure("none", "A missing <figure>", reason="it is gone")])


def section_of(html: str, title: str) -> str:
    return html.split(f"<h2>{title}</h2>")[1].split("</section>")[0]


def test_page_of_phantoms_says_so_first(html, table):
    page = Page(html)
    assert page.texts[0] == STUDY.title
    assert page.texts[1] == "Made on synthetic phantoms: it says nothing about patients."
    real = Page(page_of(table, plan=plan_of(data=replace(DATA, source="course"))))
    assert "phantoms" not in real.text


@pytest.mark.parametrize("epochs", [EPOCHS, 30])
def test_page_of_a_run_of_another_scale_than_a_claims_says_so(html, table, epochs):
    assert "not judged at this scale" not in Page(html).text  # nothing was said of a scale
    first, *others = STUDY.claims
    study = replace(STUDY, claims=(replace(first, scale=Scale(epochs, 32)), *others))
    text = Page(page_of(table, plan=plan_of(study))).text
    said = "Trained for 12 epochs on 32×32 pixels. What was said of 30 epochs at 32×32 pixels"
    assert (said in text) == (epochs != EPOCHS)


def test_page_of_a_smoke_run_says_that_it_judges_nothing(html, table):
    assert "smoke run" not in Page(html).text
    smoke = plan_of(budget=replace(PLAN.budget, judged=False))
    page = Page(page_of(table, plan=smoke))
    assert "smoke run" in page.text
    assert page.text.count("not judged (smoke)") == len(STUDY.claims)


def test_page_of_a_smoke_run_has_its_claims_and_no_effect(html, table):
    table = table.assign(config_dropout_hidden=0.6)  # the effect of dropout is one, too
    smoke = Page(page_of(table, plan=plan_of(budget=replace(PLAN.budget, judged=False))))
    assert all(claim.quote in smoke.texts for claim in STUDY.claims)
    for found in (
        "Held in",
        "Mean",
        "95 % interval",
        "p after Holm",
        "Effect of dropout",
        "Change of validation loss",
    ):
        assert found in Page(page_of(table)).texts
        assert found not in smoke.texts


def test_page_says_which_claims_came_late(html, table):
    said = f"(digest {study_digest(STUDY)}) were registered with the trainings"
    assert said in Page(html).text
    notes = {claim.name: "added after 3 trainings were recorded" for claim in STUDY.claims}
    late = Page(page_of(table, notes=notes)).text
    assert said not in late
    assert f"{', '.join(claim.name for claim in STUDY.claims)}: added after 3 trainings" in late


def test_sections_come_in_the_readers_order(html):
    assert re.findall(r"<h2>(.*?)</h2>", html) == [
        "Verdicts",
        "The answer",
        "Curves and comparisons",
        "Candidates",
        "Selection bias",
        "The search",
        "Failures",
        "Cost",
        "Data",
        "How it was made",
        "Where the numbers come from",
    ]
    search = section_of(html, "The search")
    assert search.count("<img") == search.count("<table>") == 1


def test_a_figure_that_was_not_drawn_is_named_in_its_place_with_the_reason(html):
    others = Page(section_of(html, "Curves and comparisons")).text
    assert "A missing <figure>" in others
    assert "it is gone" in others


def test_a_study_without_search_says_nothing_of_one(table):
    plan = plan_of(replace(STUDY, searches=(), claims=STUDY.claims[:2]))
    page = page_of(table.loc[table["candidate"] != "gap"], plan=plan)
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert not {"The search", "Selection bias"} & set(heads)


def test_page_states_data_command_budget_and_provenance(html):
    text = Page(html).text
    for stated in (
        "41 normal, 42 pneumonia; 63 patients",
        "11 normal, 12 pneumonia; patients not known",
        "0123abcd",
        "32×32 pixels",
        "python -m study.made --data phantom",
        "16 trials per search",
        "8 seeds per candidate",
        "c0ffee, with uncommitted changes",
        "torch 2.9",
        "5 min 1 s",
        "auto",
        "cpu in float32",
    ):
        assert stated in text


def test_page_of_an_empty_table_is_whole(table):
    page = Page(page_of(table.iloc[:0], plan=plan_of(provenance={}, seconds=None)))
    assert "nothing was chosen" in page.text
    assert "No trial has diverged or failed" in page.text


def test_page_of_a_run_without_a_finished_training_says_so(table):
    failed = table.assign(status="failed", error="ValueError: no", test_accuracy=pd.NA)
    for none in (failed, table.iloc[:0]):
        text = Page(page_of(none)).text
        assert "No training of a candidate reached its last epoch" in text
        assert "no test part" not in text


TRACEBACK = """Failure # 3 (occurred at 12:00)
Traceback (most recent call last):
  File "train.py", line 1, in train
    raise ValueError("bad")
ValueError: too wide <for 16 pixels>
Set the width anew."""


def test_an_error_is_one_line_and_the_rest_is_folded(table):
    html = page_of(table.assign(error=table["error"].where(table["error"].isna(), TRACEBACK)))
    failures = section_of(html, "Failures")
    assert "<small>ValueError: too wide &lt;for 16 pixels&gt;</small><details>" in failures
    assert "<pre>Failure # 3" in failures and "Set the width anew.</pre></details>" in failures
    assert "<details>" not in page_of(table)  # of one line there is no rest


def test_a_number_and_its_unit_stay_on_one_line(html):
    for section in ("Verdicts", "Candidates", "Cost"):
        assert not re.search(r"\d (%|nats|percentage|s\b)", section_of(html, section)), section
        assert re.search("\\d\u00a0(%|s)", section_of(html, section))


@pytest.mark.parametrize("column", ["torch", "device"])
def test_a_candidate_whose_trainings_differ_in_their_making_says_so(column, table, html):
    assert "differ in rounding" not in html
    mixed = table.copy()
    first = mixed["seed"] == mixed.loc[mixed["stage"] == "confirm", "seed"].min()
    mixed[column] = "one"
    mixed.loc[first & (mixed["candidate"] == "lab4"), column] = "another"
    text = Page(page_of(mixed)).text
    assert "ConvGAP, lab 4 differ in" in text and "one (7), another (1)" in text
    assert text.count("differ in rounding") == 1


def test_page_without_a_test_part_says_so():
    page = Page(page_of(made_table(with_test=False)))
    assert "The data has no test part" in page.text
    assert "nan" not in page.text


def test_intervals_over_new_patients_stand_beside_those_over_seeds(table, html):
    with_images = ("val_accuracy", "test_accuracy")
    of_images = [claim.metric in with_images for claim in STUDY.claims]
    assert Page(html).text.count("over new patients: ") == sum(of_images) > 0
    assert "every image counts as a patient" in Page(html).text
    old = table.assign(test_correct=None, val_correct=None)  # records of an earlier version
    assert "over new patients: " not in Page(page_of(old)).text


def test_accuracies_stand_beside_that_of_a_constant_answer(html):
    said = "Always answering “pneumonia”: validation accuracy 51.2 %, test accuracy 52.2 %."
    assert said in Page(section_of(html, "Verdicts")).text
    candidates = Page(section_of(html, "Candidates")).text
    assert "always “pneumonia” – 51.2 % 52.2 % +0.000 nats – – –" in candidates
    by_class = "51.2 % 50.0 % 100.0 % 0.0 % 52.2 % 50.0 % 100.0 % 0.0 %"
    assert f"always “pneumonia” {by_class}" in candidates
    chosen = Page(section_of(html, "Selection bias")).text
    of_constant = "always “pneumonia” – 0.693 nats {0} 0.693 nats {0} – 0.693 nats accuracy: 52.2 %"
    assert of_constant.format("accuracy: 51.2 %") in chosen


def test_candidates_have_the_rates_of_the_classes_where_they_are_known(table, html):
    row = summarise_candidates(STUDY, table).set_index("label").loc["ConvGAP, modified"]
    names = ("accuracy", "balanced_accuracy", "sensitivity", "specificity")
    shown = [f"{100 * row[f'{part}_{name}']:.1f} %" for part in ("val", "test") for name in names]
    assert f"ConvGAP, modified {' '.join(shown)}" in Page(section_of(html, "Candidates")).text
    rates = [column for column in table if re.search("balanced|sensitivity|specificity", column)]
    old = table.assign(**dict.fromkeys(rates, float("nan"))).astype(table.dtypes)
    text = Page(section_of(page_of(old), "Candidates")).text
    assert "specificity" not in text and "always “pneumonia” – 51.2 %" in text


def test_a_one_sided_claim_says_so(table, html):
    claim = replace(STUDY.claims[2], one_sided=True)
    page = Page(page_of(table, plan=plan_of(replace(STUDY, claims=(claim,)))))
    verdicts = [text for text in page.texts if text == "tested one-sided"]
    assert len(verdicts) == 1
    assert "tested one-sided" not in Page(html).texts


def test_each_verdict_has_a_word_and_its_own_symbol(html):
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    text = Page(html).text
    assert "✓ supported" in text
    assert "? undecided" in text


def test_every_claim_stands_beside_what_was_said(html):
    texts = Page(section_of(html, "Verdicts")).texts
    assert all(claim.quote in texts and claim.source in texts for claim in STUDY.claims)


def test_where_nobody_is_quoted_there_is_no_column_for_it(table, html):
    claims = tuple(replace(claim, quote="", source="") for claim in STUDY.claims)
    silent = Page(page_of(table, plan=plan_of(replace(STUDY, claims=claims))))
    assert "What was said" in Page(html).text and "What was said" not in silent.text


def test_effect_of_dropout_is_shown_where_a_candidate_has_dropout(table, html):
    assert "dropout itself" not in Page(html).text
    table = table.copy()
    mine = (table["stage"] == "confirm") & (table["candidate"] == "modified")
    table.loc[mine, "config_dropout_hidden"] = 0.6
    finals = mine & table["is_final"]
    table.loc[finals, "train_accuracy"] = 0.90
    table.loc[finals, "train_eval_accuracy"] = 0.90 + np.array([0.02, 0.03, 0.04, 0.03] * 2)
    table.loc[finals, "val_accuracy"] = 0.91
    table["gap_accuracy"] = table["train_eval_accuracy"] - table["val_accuracy"]
    table["gap_accuracy_logged"] = table["train_accuracy"] - table["val_accuracy"]
    row = "ConvGAP, modified {} −1 percentage point +2.0 percentage points +3.0"
    assert row.format(8) in Page(page_of(table)).text
    few = table.loc[table["seed"].isin([0, 1, 2, 3]) | (table["stage"] == "explore")]
    assert row.format(4) in Page(page_of(few)).text


def test_durations_read_as_people_say_them():
    said = [format_seconds(seconds) for seconds in (12.4, 59.6, 301, 3600, 8000)]
    assert said == ["12 s", "1 min 0 s", "5 min 1 s", "1 h 0 min", "2 h 13 min"]
