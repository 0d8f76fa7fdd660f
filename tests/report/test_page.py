"""The report's page in a real browser: on a phone, a laptop and paper, by mouse and by keyboard."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from study.figures.draw import draw_figure
from tests.browser import PROGRAM, Browser, open_browser
from tests.made_table import STUDY, made_table
from tests.report.made_report import page_of

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium here to open the page in")

PHONE, LAPTOP = (390, 844), (1366, 768)
# A4 within the margins that the page asks for, upright and across, in CSS pixels.
UPRIGHT, ACROSS = (688, 1016), (1016, 688)
CANDIDATES = "document.querySelector('#candidates table')"
HEADS = f"{CANDIDATES}.tHead.rows[0].cells"
TEST_ACCURACY = 3  # the column of theirs
AT_FOCUS = """(() => {
  const focused = document.activeElement;
  if (focused.tagName !== "BUTTON") return "";
  const { left, top, width, height } = focused.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  return there === focused ? "the focused button" : String(there && there.outerHTML);
})()"""  # what can be seen where the focus is
ENLARGE = "[...document.querySelectorAll('figcaption button')]"


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """The made study with all of its figures; one candidate lacks its test scores."""
    table = made_table()
    table.loc[table["candidate"] == "lab4", "test_accuracy"] = pd.NA
    figures = [draw_figure(figure, table) for figure in STUDY.figures]
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_of(table, figures))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def lines(browser: Browser) -> list[str]:
    """What a reader sees, without the contents and the words of buttons."""
    parts = "[...document.querySelectorAll('header, main')]"
    text = browser.evaluate(f"{parts}.map((each) => each.innerText).join('\\n')")
    shown = (line.strip().removeprefix("Enlarge") for line in text.splitlines())
    return [line for line in shown if line]


def boxes(browser: Browser, selector: str) -> list[dict]:
    """Where elements lie, seen from the page's upper left corner."""
    return browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => {{"
        "  const {left, right, height} = each.getBoundingClientRect();"
        "  return {left, right, height};"
        "})"
    )


def column(browser: Browser, place: int) -> list[str]:
    rows = f"[...{CANDIDATES}.tBodies[0].rows]"
    return browser.evaluate(f"{rows}.map((row) => row.cells[{place}].innerText.split('\\n')[0])")


def sorts(browser: Browser) -> list[str | None]:
    return browser.evaluate(f"[...{HEADS}].map((head) => head.ariaSort)")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_page_fits_shows_every_figure_and_asks_the_network_for_nothing(
    browser, page, size, scripts
):
    browser.open(page, size, scripts=scripts)
    assert browser.complaints() == []
    assert browser.evaluate("innerWidth") == size[0]
    for wide in ("document.documentElement", "...document.querySelectorAll('.box, pre')"):
        spare = browser.evaluate(f"[{wide}].map((each) => each.clientWidth - each.scrollWidth)")
        assert set(spare) == {0}
    seen = browser.evaluate("[...document.images].map((i) => i.complete && i.naturalWidth > 0)")
    assert seen.count(True) == len(STUDY.figures)
    requested = {
        request["request"]["url"].split(",")[0]
        for request in browser.told("Network.requestWillBeSent")
    }
    assert requested == {page.as_uri(), "data:image/png;base64"}


def test_page_is_whole_without_scripts(browser, page):
    browser.open(page, LAPTOP)
    with_scripts = lines(browser)
    browser.open(page, LAPTOP, scripts=False)
    assert browser.evaluate("document.querySelectorAll('main button, dialog').length") == 0
    assert lines(browser) == with_scripts


@pytest.mark.parametrize("by", ["click", "keyboard"])
def test_tables_sort_up_down_and_back(browser, page, by):
    browser.open(page, LAPTOP)
    as_written = column(browser, 0)
    browser.evaluate(f"{HEADS}[{TEST_ACCURACY}].querySelector('button').focus()")

    def sort() -> list[str]:
        if by == "keyboard":
            browser.press("Enter")
        else:
            browser.evaluate("document.activeElement.click()")
        return column(browser, TEST_ACCURACY)

    *known, missing = sort()
    assert missing == "–"  # last whichever way
    assert known == sorted(known, key=lambda text: float(text.split()[0]))
    assert sorts(browser) == [None] * 3 + ["ascending"] + [None] * 4
    assert sort() == [*reversed(known), missing]
    assert sorts(browser)[TEST_ACCURACY] == "descending"
    sort()
    assert column(browser, 0) == as_written != sorted(as_written)
    assert sorts(browser) == [None] * 8


def test_columns_of_words_sort_by_their_words(browser, page):
    browser.open(page, LAPTOP)
    browser.evaluate(f"{HEADS}[0].querySelector('button').click()")
    rows = [*STUDY.labels().values(), "always “pneumonia”"]
    assert column(browser, 0) == sorted(rows, key=str.lower)


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_keyboard_alone_reaches_everything_and_sees_where_it_is(browser, page, size):
    browser.open(page, size)
    stops = "[...document.querySelectorAll('nav a, .box, button, .from[tabindex=\"0\"]')]"
    reachable = f"{stops}.filter((each) => each.checkVisibility())"
    count = browser.evaluate(f"{reachable}.length")
    assert count > len(STUDY.figures)
    places = []
    for _ in range(count):
        browser.press("Tab")
        places.append(browser.evaluate(f"{reachable}.indexOf(document.activeElement)"))
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert browser.evaluate(AT_FOCUS) in ("", "the focused button")
    assert places == list(range(count))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_contents_stay_in_view_beside_a_wide_page(browser, page, scripts):
    browser.open(page, LAPTOP, scripts=scripts)
    titles = browser.evaluate("[...document.querySelectorAll('h2')].map((each) => each.innerText)")
    links = "[...document.querySelectorAll('nav a')]"
    assert browser.evaluate(f"{links}.map((each) => each.innerText)") == titles
    browser.evaluate(f"{links}.at(-2).click()")
    browser.evaluate("window.scrollBy(0, 1)")
    tops = browser.evaluate(f"{links}.map((each) => each.getBoundingClientRect().top)")
    assert all(0 <= top < LAPTOP[1] for top in tops)
    (contents,), (main,) = boxes(browser, "nav"), boxes(browser, "main")
    assert contents["right"] < main["left"]


def test_contents_of_a_narrow_page_open_from_a_bar_that_stays_and_lead_to_their_section(
    browser, page
):
    browser.open(page, PHONE)
    list_shown = "document.getElementById('contents').checkVisibility()"
    assert not browser.evaluate(list_shown)
    browser.evaluate("window.scrollTo(0, 3000)")
    assert browser.evaluate("document.querySelector('nav button').getBoundingClientRect().top") < 50
    browser.evaluate("document.querySelector('nav button').click()")
    assert browser.evaluate(list_shown)
    browser.evaluate("document.querySelector('nav a[href=\"#candidates\"]').click()")
    assert not browser.evaluate(list_shown)
    top = browser.evaluate("document.querySelector('#candidates h2').getBoundingClientRect().top")
    bar = browser.evaluate("document.querySelector('nav').getBoundingClientRect().bottom")
    assert bar <= top < PHONE[1] / 2


def test_contents_are_not_printed(browser, page):
    browser.open(page, UPRIGHT, media="print")
    assert not browser.evaluate("document.querySelector('nav').checkVisibility()")


def test_figures_stand_side_by_side_where_the_page_is_wide(browser, page):
    browser.open(page, LAPTOP)
    gallery = "document.querySelectorAll('.gallery')"
    wide = browser.evaluate(f"Math.max(...[...{gallery}].map((each) => each.children.length))")
    assert wide > 1
    columns = f"[...{gallery}].map((each) => getComputedStyle(each).gridTemplateColumns)"
    assert 2 in [len(each.split()) for each in browser.evaluate(columns)]
    browser.open(page, PHONE)
    assert {len(each.split()) for each in browser.evaluate(columns)} == {1}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_number_that_is_pointed_at_shows_its_records_and_command(browser, page, by, scripts):
    browser.open(page, LAPTOP, scripts=scripts)
    number = "document.querySelector('#candidates td .from')"
    entry = f"document.getElementById({number}.getAttribute('aria-describedby'))"
    shown = f"getComputedStyle({entry}).position"
    browser.evaluate(f"{number}.scrollIntoView({{block: 'center'}})")
    assert browser.evaluate(shown) == "static"
    if by == "mouse":
        box = browser.evaluate(f"{number}.getBoundingClientRect().toJSON()")
        middle = {"x": box["x"] + 2, "y": box["y"] + 8}
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", **middle)
    else:
        browser.evaluate(f"{number}.focus()")
    assert browser.evaluate(shown) == "fixed"
    box = browser.evaluate(f"{entry}.getBoundingClientRect().toJSON()")
    assert 0 < box["top"] < box["bottom"] <= LAPTOP[1]
    text = browser.evaluate(f"{entry}.innerText")
    assert "8 records of ConvModel, confirmed: " in text and "python -m study.made" in text
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_figures_enlarge_and_escape_closes(browser, page, size):
    browser.open(page, size)
    for place in range(len(STUDY.figures)):
        browser.evaluate(f"{ENLARGE}[{place}].focus()")
        small = browser.evaluate(f"document.querySelectorAll('figure img')[{place}].width")
        browser.press("Enter")
        assert browser.evaluate("document.querySelector('dialog').open")
        shown = f"document.querySelectorAll('figure img')[{place}].src"
        assert browser.evaluate(f"document.querySelector('dialog img').src === {shown}")
        assert browser.evaluate("document.querySelector('dialog img').width") > small
        assert browser.evaluate("document.querySelector('dialog').ariaLabel")
        browser.press("Escape")
        assert not browser.evaluate("document.querySelector('dialog').open")
        assert browser.evaluate(f"document.activeElement === {ENLARGE}[{place}]")
    assert browser.complaints() == []


def test_figures_enlarge_by_click_and_close_by_button(browser, page):
    browser.open(page, LAPTOP)
    browser.evaluate("document.querySelector('figure img').click()")
    assert browser.evaluate("document.querySelector('dialog').open")
    browser.evaluate("document.querySelector('dialog button').click()")
    assert not browser.evaluate("document.querySelector('dialog').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_and_figures_stay_on_white(browser, page, scheme):
    browser.open(page, LAPTOP, scheme=scheme)
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    pairs = browser.evaluate("""
        [...document.querySelectorAll('body *:not(script)')]
          .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3
            && n.data.trim()))
          .map((e) => {
            let behind = e;
            while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
              behind = behind.parentElement;
            return getComputedStyle(e).color + '/' + getComputedStyle(behind).backgroundColor;
          })""")
    assert len(set(pairs)) > 5
    faint = {pair for pair in pairs if contrast(*pair.split("/")) < 4.5}
    assert faint == set()
    images = "[...document.querySelectorAll('figure img')]"
    cards = browser.evaluate(f"{images}.map((i) => getComputedStyle(i).backgroundColor)")
    assert set(cards) == {"rgb(255, 255, 255)"}


@pytest.mark.parametrize("paper", [UPRIGHT, ACROSS], ids=["upright", "across"])
def test_paper_holds_everything_uncut(browser, page, paper):
    browser.open(page, LAPTOP)
    on_screen = lines(browser)
    browser.open(page, paper, media="print", scheme="dark")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert lines(browser) == on_screen
    assert browser.evaluate(f"{ENLARGE}.every((button) => !button.checkVisibility())")
    parts = boxes(browser, "figure, tr, dl, pre")
    assert all(part["left"] >= 0 and part["right"] <= paper[0] for part in parts)
    assert all(part["height"] < paper[1] for part in parts)
    breaks = browser.evaluate(
        "[...document.querySelectorAll('figure, tr, dl, pre')]"
        ".map((each) => getComputedStyle(each).breakInside)"
    )
    assert set(breaks) == {"avoid"}


def test_page_prints(browser, page):
    browser.open(page, LAPTOP)
    pdf = browser.print()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 1
    assert pdf.count(b"/Subtype /Image") >= len(STUDY.figures)


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(…)`, as the accessibility guidelines define it."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Ratio of two colours' luminance, 1 to 21; 4.5 is what text needs."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)
