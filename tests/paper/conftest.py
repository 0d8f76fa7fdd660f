"""The golden results of task B, as a paper is made from them."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from study.cli.predict import finished_trials
from study.paper.facts import Facts, find_facts
from study.search.choose import FinishedTrials
from study.store.folder import LocalFolder
from tests.golden import RESULTS, STUDIES


@pytest.fixture(scope="package")
def golden() -> FinishedTrials:
    """The trials, of a study without figures, which take most of the time."""
    trials = finished_trials(STUDIES["task_b"], LocalFolder(RESULTS))
    study = replace(trials.plan.study, figures=())
    return FinishedTrials(replace(trials.plan, study=study), trials.records)


@pytest.fixture(scope="package")
def facts(golden) -> Facts:
    """What a paper says of them."""
    return find_facts(golden)


def texts(folder: Path) -> dict[str, str]:
    """What was written, by name, but for pictures and archives."""
    paths = [path for path in folder.rglob("*") if path.suffix in (".tex", ".bib")]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def compile_latex(folder: Path, main: str = "main") -> str:
    """What pdfLaTeX says in its last run; the PDF is beside it.

    Raises:
        AssertionError: it does not compile.
    """
    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex: apt-get install texlive-latex-recommended lmodern")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", main]
    said = ""
    for command in (latex, ["bibtex", main], latex, latex):
        done = subprocess.run(command, cwd=folder, capture_output=True)
        said = done.stdout.decode(errors="replace")
        if command[0] == "bibtex" and not (folder / "references.bib").exists():
            continue
        assert not done.returncode, said[-3000:]
    return said


def text_of(pdf: Path) -> str:
    """The PDF's text, its lines joined."""
    if shutil.which("pdftotext") is None:
        pytest.skip("needs poppler's pdftotext")
    done = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())
