"""The page of a run that is under way, in a real browser: it comes again, or says it does not."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from study.report.running import FORWARD
from study.store.folder import LocalFolder
from tests.browser import PROGRAM, open_browser
from tests.report.test_running import PLAN, RUNNING, made
from tests.viewers.made_run import running_trials

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium here to open the page in")

LAPTOP = (1366, 768)
WAIT = 60  # seconds


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.call("Page.setBypassCSP", enabled=True)  # for the seconds that `page_of` changes
        yield browser


def page_of(state="running", words="4 of 5 trials have ended", age=0.0, again=3600.0):
    """The page as it was written some seconds ago, and comes again after others."""
    written = (datetime.now(UTC) - timedelta(seconds=age)).isoformat(timespec="seconds")
    running = replace(RUNNING, state=state, words=words, written=written, next_in=again)
    page, _ = made(running_trials(PLAN), running)
    assert "const AGAIN = 10;" in page
    return page.replace("const AGAIN = 10;", f"const AGAIN = {min(again, 0.2)};")


def seen(browser, selector):
    return browser.evaluate(f"document.querySelector('{selector}').checkVisibility()")


def write_page(path, page):
    """At once, as a run does it: a browser that came again in between would see an empty page,
    which does not come again."""
    LocalFolder(path.parent).write(path.name, page.encode())


def wait_for(browser, expression):
    deadline = time.monotonic() + WAIT
    while not browser.evaluate(expression):
        assert time.monotonic() < deadline, browser.evaluate("document.body.innerText")
        time.sleep(0.05)


def test_the_page_comes_again_where_the_reader_was_and_ends_as_the_report(browser, tmp_path):
    path = tmp_path / "report.html"
    write_page(path, page_of(again=0.2))
    browser.open(path, LAPTOP)
    assert browser.complaints() == []
    browser.evaluate("scrollTo(0, 321)")
    write_page(path, page_of(words="5 of 5 trials have ended", again=0.2))
    wait_for(browser, "document.body?.innerText.includes('5 of 5')")
    wait_for(browser, "scrollY === 321")
    write_page(path, "<!DOCTYPE html><title>The report</title><h1>Verdicts</h1>")
    wait_for(browser, "document.title === 'The report'")


def test_a_reader_who_enlarges_a_figure_is_not_disturbed(browser, tmp_path):
    path = tmp_path / "report.html"
    write_page(path, page_of(again=0.2))
    browser.open(path, LAPTOP)
    browser.evaluate("document.querySelector('figure img').click()")
    write_page(path, page_of(words="5 of 5 trials have ended", again=0.2))
    time.sleep(0.6)
    assert browser.evaluate("document.querySelector('dialog').open")
    browser.evaluate("document.querySelector('dialog').close()")
    wait_for(browser, "document.body?.innerText.includes('5 of 5')")


@pytest.mark.parametrize(
    ("state", "age", "stopped"),
    [("running", 60, False), ("running", 7200 + 600, True), ("finished", 7200 + 600, True)],
)
def test_a_page_that_is_not_written_any_more_says_that_the_run_seems_to_have_stopped(
    browser, tmp_path, state, age, stopped
):
    path = tmp_path / "report.html"
    write_page(path, page_of(state, age=age))
    browser.open(path, LAPTOP)
    assert seen(browser, "#stopped") == seen(browser, "#resume") == stopped
    if stopped:
        said = browser.evaluate("document.getElementById('stopped').innerText")
        assert said.startswith("Not written for 2 h: the run seems to have stopped.")


def test_the_page_of_an_interrupted_run_stays_as_it_is(browser, tmp_path):
    path = tmp_path / "report.html"
    write_page(path, page_of("interrupted", age=7200, again=0.2))
    browser.open(path, LAPTOP)
    browser.evaluate("window.kept = true")
    time.sleep(0.6)
    assert browser.evaluate("window.kept") and seen(browser, "#resume")
    assert browser.complaints() == []


def test_the_page_beside_a_finished_report_leads_to_the_next(browser, tmp_path):
    (tmp_path / "report.html").write_text("<!DOCTYPE html><title>The report</title>")
    path = tmp_path / "report-running.html"
    write_page(path, FORWARD)
    browser.open(path, LAPTOP)
    wait_for(browser, "document.title === 'The report'")
