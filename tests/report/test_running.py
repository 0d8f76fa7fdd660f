"""The report of a run that is under way: how far it is, and nothing that is to be judged."""

from dataclasses import replace

import pytest

from study.report.blocks import Running
from study.report.outputs import write_outputs
from study.report.render import make_report
from study.report.running import (
    BESIDE,
    REPORT,
    draw_running,
    place_of,
    running_content,
    running_figures,
    shown_table,
)
from study.store.folder import LocalFolder
from tests.report.made_report import Page
from tests.viewers.made_run import running_plan, running_trials

PLAN = running_plan()
RUNNING = Running(
    "running", "4 of 5 trials have ended", "2026-03-01T12:30:00+00:00", 20.0, PLAN.command
)


def made(trials, running=RUNNING):
    """The page, with the files of its figures."""
    table = shown_table(trials)
    figures = {figure.name: draw_running(PLAN, figure, table) for figure in running_figures(PLAN)}
    files = {name: dict(figure.files) for name, figure in figures.items()}
    return make_report(running_content(PLAN, table, figures, running)), files


@pytest.fixture(scope="module")
def page():
    return made(running_trials(PLAN))[0]


def test_nothing_that_is_to_be_judged_leaves_a_trace_in_the_page_or_in_its_figures():
    """Whatever those numbers are, and whether there are any, every byte is the same."""
    versions = [made(running_trials(PLAN, scores)) for scores in ((), (0.123,), (0.789, 0.456))]
    assert versions[0] == versions[1] == versions[2]
    assert all("csv" in files for files in versions[0][1].values() if files)


def test_the_page_says_how_far_the_run_is_what_it_asks_and_what_the_search_found(page):
    text = Page(page).text
    assert "Running, as of 2026-03-01 12:30 UTC : 4 of 5 trials have ended." in text
    assert PLAN.study.question in text
    assert "small ConvModel: test accuracy is above 70.0" in text
    assert text.count("<img") == 0 and len(Page(page).images) == 2  # no rungs of so few trials
    assert "Beside this page" not in text
    assert "supported" not in text and "Verdicts," in text
    assert "no claim is judged on it" in text


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_a_run_that_ended_early_says_why_and_how_to_go_on(state):
    page, _ = made(running_trials(PLAN), replace(RUNNING, state=state, words="the disk is full"))
    text = Page(page).text
    assert f"{state.capitalize()} at 2026-03-01 12:30 UTC : the disk is full." in text
    assert "resumes the run: " + PLAN.command in text
    assert 'http-equiv="refresh"' not in page


def test_a_page_without_any_trial_is_whole():
    trials = running_trials(PLAN)
    trials.records.clear()
    assert "No trial of a search has ended yet." in Page(made(trials)[0]).text


def test_a_finished_report_is_never_replaced_by_that_of_a_running_study(tmp_path, page):
    folder = LocalFolder(tmp_path)
    assert place_of(folder) == REPORT
    folder.write(REPORT, page.encode())
    assert place_of(folder) == REPORT  # a run that died
    write_outputs(running_trials(PLAN), folder)
    assert not folder.has(BESIDE)
    assert place_of(folder) == BESIDE
    folder.write(BESIDE, page.encode())
    write_outputs(running_trials(PLAN), folder)
    assert b"url=report.html" in folder.read(BESIDE)
