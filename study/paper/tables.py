"""The paper's tables: the claims, and those of the report, in the width of a page."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from study.judge import Verdict
from study.paper.facts import Facts
from study.paper.latex import escape_latex, render
from study.report.blocks import Block, Cell, Column, Table, Text
from study.report.claim_words import claim_text, what_is_tested
from study.report.making import cost_blocks
from study.report.results import candidate_blocks, search_blocks, selection_blocks
from study.report.verdicts import (
    effect_text,
    format_p,
    generalises_text,
    interval_text,
    outcome_words,
    patients_text,
    reason_text,
    untuned_text,
)
from study.table.formatting import NOTHING

LINES, CHARACTERS, WHOLE = (
    60,
    46,
    150,
)  # of a page's table; of its first column's lines, and of whole ones
HEAD, OTHERS, SMALL = 14, 20, 30  # characters of a line in the head, in the other columns, and in
# small print
CLAIMS_CAPTION = (
    "The claims. n is the number of seeds, held in how many trainings the claim held; effects are "
    "means over the seeds with 95 % intervals over seeds. p is two-sided unless marked, corrected "
    "for looks and, after Holm, for the number of claims."
)
CLAIMS_OF_SMOKE = "The claims. This was a smoke run, which judges nothing and shows no effects."


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper.

    Attributes:
        name: of its file and label, letters and - only.
        caption: what it shows.
        columns: its heads; the first one takes what width the others leave.
        rows: one cell for each column.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def paper_tables(facts: Facts) -> list[PaperTable]:
    """All tables that have something to show, the claims first."""
    plan, table = facts.plan, facts.table
    reported = {
        "candidates": candidate_blocks(plan, table),
        "selection": selection_blocks(plan, table),
        "searches": search_blocks(plan, table),
        "cost": cost_blocks(plan, table),
    }
    found = [_from_blocks(name, blocks) for name, blocks in reported.items()]
    return [*[_claims(facts)] * bool(facts.verdicts), *(one for one in found if one is not None)]


CAPTIONS = {
    "candidates": "The candidates. ",
    "selection": "What selection cost. ",
    "searches": "The searches: their spaces, and how their trials ended.",
    "cost": "What was trained. Times are summed over all workers.",
}


def _from_blocks(name: str, blocks: Sequence[Block]) -> PaperTable | None:
    """The first table of a section of the report, its caption the text in front of it."""
    for place, block in enumerate(blocks):
        if isinstance(block, Table):
            before = [text.text for text in blocks[:place] if isinstance(text, Text)]
            behind = [text.text for text in blocks[place + 1 : place + 2] if isinstance(text, Text)]
            said = before + behind if name == "candidates" else before
            said = [] if name == "cost" else said
            caption = CAPTIONS[name] + " ".join(said)
            return PaperTable(name, caption.strip(), block.columns, block.rows)
    return None


def _claims(facts: Facts) -> PaperTable:
    labels, judged = facts.plan.study.labels(), facts.plan.budget.judged
    columns = [Column("Claim", number=False)]
    if judged:
        columns += [Column("n"), Column("Held"), Column("Effect", number=False)]
        columns += [Column("95 % interval", number=False), Column("p"), Column("Test", False)]
    columns += [Column("Verdict", number=False)]
    rows = [
        [
            _claim(verdict, labels),
            *(_found(verdict) if judged else ()),
            Cell(outcome_words(verdict)),
        ]
        for verdict in facts.verdicts
    ]
    return PaperTable("claims", CLAIMS_CAPTION if judged else CLAIMS_OF_SMOKE, columns, rows)


def _claim(verdict: Verdict, labels: dict[str, str]) -> Cell:
    reason = reason_text(verdict) if verdict.rule else verdict.note
    said = (
        what_is_tested(verdict.claim, labels),
        generalises_text(verdict),
        untuned_text(verdict),
        reason,
    )
    return Cell(claim_text(verdict.claim, labels), list(filter(None, said)))


def _found(verdict: Verdict) -> list[Cell]:
    patients = patients_text(verdict)
    n = verdict.n_seeds
    return [
        Cell(str(n) if n else NOTHING),
        Cell(str(verdict.held) if n else NOTHING),
        Cell(effect_text(verdict), [verdict.judged_on] * bool(n)),
        Cell(interval_text(verdict), [f"new patients: {patients}"] * (patients != NOTHING)),
        Cell(format_p(verdict.p_holm)),
        Cell(test_name(verdict) if format_p(verdict.p) != NOTHING else NOTHING),
    ]


def test_name(verdict: Verdict) -> str:
    """The test that decides a claim, in short."""
    name = "sign flip" if verdict.claim.about == "mean" else "binomial"
    return f"{name}, one-sided" if verdict.claim.one_sided else name


def render_table(table: PaperTable) -> str:
    """The table as LaTeX, in several parts where it is longer than a page."""
    numbers = [column.number for column in table.columns]
    pages = [[_row(row, numbers) for row in page] for page in _pages(table.rows)]
    heads = [_stacked(textwrap.wrap(column.name, HEAD), column.number) for column in table.columns]
    others = "".join("r" if number else "l" for number in numbers[1:])
    return render(
        "table.tex",
        table=table,
        pages=pages,
        spec=Markup(rf">{{\raggedright\arraybackslash}}X{others}"),
        head=Markup(" & ").join(heads),
    )


def _row(row: Sequence[Cell], numbers: Sequence[bool]) -> Markup:
    """The cells; below them, over the whole width, what the first one has in small print."""
    first, *others = row
    cells = [Markup(escape_latex(first.text)), *map(_cell, others, numbers[1:])]
    said = Markup("\n& ").join(cells)
    if not first.small:
        return said
    small = escape_latex("; ".join(first.small))
    width = (
        rf"\multicolumn{{{len(row)}}}{{@{{}}>{{\raggedright\arraybackslash}}p{{\linewidth}}@{{}}}}"
    )
    return said + Markup(f" \\\\\n{width}{{\\scriptsize {small}}}")


def _cell(cell: Cell, number: bool) -> Markup:
    """Its lines, broken where they are text."""
    large, small = (1000, 1000) if number else (OTHERS, SMALL)
    said = [textwrap.wrap(cell.text, large) or [""]]
    said += [textwrap.wrap(text, small) for text in cell.small]
    return _stacked([line for several in said for line in several], number, len(said[0]))


def _stacked(said: Sequence[str], number: bool, large: int = 100) -> Markup:
    """Lines above each other, all but the first few in small print."""
    escaped = [
        escape_latex(line) if place < large else rf"{{\scriptsize {escape_latex(line)}}}"
        for place, line in enumerate(said)
    ]
    if len(escaped) < 2:
        return Markup("".join(escaped))
    side = "r" if number else "l"
    within = r"\\".join(escaped)
    return Markup(rf"\begin{{tabular}}[t]{{@{{}}{side}@{{}}}}{within}\end{{tabular}}")


def _pages(rows: Sequence[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    page: list[Sequence[Cell]] = []
    for row in rows:
        if page and sum(map(_height, [*page, row])) > LINES:
            yield page
            page = []
        page.append(row)
    yield page


def _height(row: Sequence[Cell]) -> int:
    """How many lines a row takes, about."""
    first, *others = row
    text = max([1 + len(first.text) // CHARACTERS, *(1 + len(cell.small) for cell in others)])
    return text + -(-len("; ".join(first.small)) // WHOLE)
