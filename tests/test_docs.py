"""The pages in docs/ and README: links, files, commands, what is made from the code, the site."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import click
import pytest

from study.__main__ import ACTIONS, main
from study.cli.command import command
from study.spec.study import Study
from tests.doc_pages import DOCS, PAGES, ROOT, anchors, prose

WITH_LINKS = (*PAGES, "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:hw3|study|notebooks|benchmarks|docs|tests|examples|deploy)/[\w./]*)`")
MADE_UP = ("study/task_d.py",)  # files that a reader would write
COMMAND = re.compile(r"\bpython -m (study(?:\.task_\w+)? ?[^#\n`]*)")


@pytest.mark.parametrize("page", WITH_LINKS)
def test_every_link_leads_somewhere(page):
    file = ROOT / page
    broken = []
    for link in LINK.findall(prose(file.read_text())):
        place, _, anchor = link.partition("#")
        if re.match(r"\w+:", place):
            continue
        target = (file.parent / place).resolve() if place else file
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_the_site_link_to_each_other_alone(page):
    """What lies outside docs/ is not on the site; it is named, not linked."""
    links = [link.partition("#")[0] for link in LINK.findall(prose((ROOT / page).read_text()))]
    places = [(ROOT / page).parent / link for link in links if link and ":" not in link]
    assert [place for place in places if DOCS not in place.resolve().parents] == []


@pytest.mark.parametrize("page", (*PAGES, "README.md"))
def test_every_named_file_exists(page):
    named = NAMED.findall((ROOT / page).read_text())
    assert [one for one in named if not (ROOT / one).exists() and one not in MADE_UP] == []


@pytest.mark.parametrize("page", (*PAGES, "README.md"))
def test_every_command_line_is_one_that_is_taken(page):
    wrong = [line for line in _command_lines(page) if _unknown(line)]
    assert wrong == []


def _command_lines(page: str) -> list[str]:
    """Those of the study's, up to a pipe or the end of the sentence."""
    lines = COMMAND.findall((ROOT / page).read_text().replace("\\\n", " "))
    return [re.split(r" *[|>;&]", line)[0].strip().rstrip(".,:)") for line in lines]


def _unknown(line: str) -> set[str]:
    """Commands and options that there are not; words in capitals stand for any."""
    name, *words = shlex.split(line.replace("[", "").replace("]", ""))
    one: click.Command = main
    if name != "study":
        one = command(Study("any", "", "", ()))
    while isinstance(one, click.Group) and words and not words[0].isupper():
        if words[0] not in one.commands:
            return {words[0]}
        one, *words = one.commands[words[0]], *words[1:]
    known = [*one.params]
    if one.name in (*ACTIONS, "submit"):
        known += command(Study("any", "", "", ())).params
    options = {"-h", "--help", "--version"} | {flag for item in known for flag in item.opts}
    return {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} - options


def test_what_is_made_from_the_code_is_current():
    """python docs/generate.py writes it."""
    made = [sys.executable, DOCS / "generate.py", "--check"]
    answer = subprocess.run(made, cwd=ROOT, capture_output=True, text=True, env=_environment())
    assert (answer.stderr, answer.returncode) == ("", 0)


def test_every_page_is_in_the_list_of_its_folder():
    for folder in ("how-to", "reference", "explanation"):
        listed = set(LINK.findall((DOCS / folder / "index.md").read_text()))
        there = {page.name for page in (DOCS / folder).glob("*.md")} - {"index.md"}
        assert there <= listed


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in listed} - {project["name"]}
    page = (DOCS / "explanation" / "how-it-is-built.md").read_text()
    reasons = page.split("## Dependencies")[1]
    assert {name for name in names if not re.search(rf"\b{name}\b", reasons)} == set()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site: any warning fails."""
    pytest.importorskip("sphinx", reason="the docs extra is not installed")
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", folder / "trees"]
    answer = subprocess.run(
        [*build, DOCS, folder / "html"], capture_output=True, text=True, env=_environment()
    )
    assert answer.returncode == 0, answer.stderr
    return folder / "html"


class _Loaded(HTMLParser):
    """What a page loads when it is opened, and where its links lead."""

    def __init__(self, page: Path):
        super().__init__()
        self.loaded, self.links, self.ids = list[str](), list[str](), set[str]()
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        elif "src" in given:
            self.loaded.append(given["src"])


def test_the_site_has_every_page(site):
    expected = {page.removeprefix("docs/").removesuffix(".md") for page in PAGES}
    assert {page for page in expected if not (site / f"{page}.html").is_file()} == set()


def test_the_site_loads_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    loaded = {url for page in pages for url in _Loaded(page).loaded}
    assert {url for url in loaded if re.match(r"(\w+:)?//", url)} == set()
    styles = [style.read_text() for style in site.rglob("*.css")]
    assert [url for text in styles for url in re.findall(r"url\(['\"]?(?:https?:)?//", text)] == []


def test_every_link_of_the_site_leads_somewhere(site):
    read = {page.resolve(): _Loaded(page) for page in site.rglob("*.html")}
    broken = []
    for page, content in read.items():
        for link in content.links:
            place, _, anchor = link.partition("#")
            if re.match(r"\w+:", place):
                continue
            target = (page.parent / place).resolve() if place else page
            ids = read[target].ids if target in read else set()
            if not target.exists() or (anchor and anchor not in ids):
                broken.append((page.name, link))
    assert broken == []


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))}
