"""Everything that a paper takes from a study, written into a folder."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from study.figures.columns import ONE, TWO, render_columns
from study.figures.draw import DrawnFigure, draw_figure
from study.paper.checklists import checklists
from study.paper.facts import Facts, find_facts
from study.paper.latex import render
from study.paper.methods import methods_values
from study.paper.numbers import number_values
from study.paper.references import bibliography
from study.paper.tables import paper_tables, render_table
from study.report.verdicts import count_verdicts
from study.search.choose import FinishedTrials
from study.store.folder import Folder
from study.table.constant import constant_predictor

MAIN = "main.tex"
CRATE = "crate.zip"
WHAT = {  # of a table, for the sentence that names them all
    "claims": "the claims",
    "candidates": "the candidates",
    "selection": "what selection cost",
    "searches": "the searches",
    "cost": "the cost of training",
}
FIGURE_FOLDER, TABLE_FOLDER = "figures", "tables"


def write_paper(
    trials: FinishedTrials,
    folder: Folder,
    crate: Callable[[Facts], bytes] | None = None,
) -> Facts:
    """Write a paper's parts from the run's trials: main.tex, which includes the others, compiles as
    it is.

    Args:
        folder: of the paper; what an earlier one left there is written over.
        crate: makes the RO-Crate, `study.paper.crate.make_crate`; None to leave it out.

    Returns:
        What the paper says.

    Raises:
        OSError: a file could not be written.
        StudyError: a candidate has records of different models.
    """
    facts = find_facts(trials)
    tables = paper_tables(facts)
    figures = [drawn for drawn in map(_drawer(facts), facts.plan.study.figures) if drawn.files]
    for figure in figures:
        for suffix, content in figure.files.items():
            if suffix.endswith(".pdf"):
                (folder / FIGURE_FOLDER).write(f"{figure.name}-{suffix}", content)
    for table in tables:
        (folder / TABLE_FOLDER).write(f"{table.name}.tex", render_table(table).encode())
    names = [table.name for table in tables]
    for name, text in _texts(facts, names, figures).items():
        folder.write(name, text.encode())
    if crate is not None:
        folder.write(CRATE, crate(facts))
    return facts


def _texts(facts: Facts, tables: list[str], figures: list[DrawnFigure]) -> dict[str, str]:
    study = facts.plan.study
    main: dict[str, Any] = {
        "title": study.title,
        "question": study.question,
        "counts": count_verdicts(facts.verdicts) if facts.plan.budget.judged else "",
        "cautions": facts.cautions,
        "tables": list(map(Markup, tables)),
        "what": WHAT,
        "findings": facts.findings,
    }
    return {
        MAIN: render("main.tex", **main),
        "methods.tex": render("methods.tex", **methods_values(facts)),
        "figures.tex": render("figures.tex", figures=list(map(_included, figures))),
        "numbers.tex": render("numbers.tex", numbers=number_values(facts)),
        "checklists.tex": render("checklists.tex", lists=checklists(facts)),
        "references.bib": bibliography(facts),
    }


def _drawer(facts: Facts) -> Callable[[Any], DrawnFigure]:
    plan = facts.plan
    constant = constant_predictor(plan.data.counts)
    return lambda figure: draw_figure(figure, facts.table, constant, plan.shape, render_columns)


def _included(figure: DrawnFigure) -> dict[str, Any]:
    """What the template says of a figure: as wide as a column where it is drawn so."""
    width = ONE if f"{ONE}mm.pdf" in figure.files else TWO
    return {
        "name": Markup(figure.name),
        "title": figure.title,
        "note": figure.note,
        "width": width,
        "star": "*" if width == TWO else "",
    }
