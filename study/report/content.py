"""What a report says: its sections in the reader's order, and the warnings above them."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from hw3.data import PHANTOM
from study.figures.draw import DrawnFigure
from study.judge import Verdict
from study.report.blocks import Block, Cell, Column, Pictures, Report, Section, Table, Text
from study.report.making import cost_blocks, data_blocks, failure_blocks, making_blocks
from study.report.pruned import describe_pruning
from study.report.results import candidate_blocks, search_blocks, selection_blocks
from study.report.verdicts import (
    SYMBOLS,
    claim_text,
    constant_text,
    count_verdicts,
    effect_text,
    format_p,
    generalises_text,
    held_text,
    interval_text,
    outcome_words,
    patients_text,
    reason_text,
    share_text,
    untuned_text,
    what_is_tested,
)
from study.search.plan import Plan
from study.search.registered import describe_notes
from study.search.registration import study_digest
from study.spec.study import Study
from study.stats.looks import Looks
from study.table.constant import constant_predictor
from study.table.formatting import NOTHING

FOUND = "What we found"
OF_SEARCH = {"search", "slices", "importance", "rungs"}  # kinds of figures
BESIDE_ANSWER = {"comparison", "time_to_accuracy"}
CLAIMS_STOOD = (
    "The claims (digest {}) were registered with the trainings: none was changed since, and none "
    "was added when its effect could be computed already. "
)
HOW_TO_DECIDE = (
    "A claim names a range, and holds in a training whose value lies in it. It is supported if it "
    "holds in more than half of all trainings, refuted if it fails in more than half: by an exact "
    "binomial test over seeds, which assumes nothing of the values. Where one candidate is claimed "
    "to be better, a tie is neither. p is corrected for the looks and, after Holm, "
    "for the number of claims; a verdict needs one of at most 0.05. Tests are two-sided, unless "
    "the claim is marked as tested one-sided. A training that diverged counts against its side. "
)
HOW_MEANS = (
    "Claims about a mean are tested by an exact sign-flip test and by one that allows for skewed "
    "values, of which the greater p counts: the values must be symmetric, or at most as skewed as "
    "exponential ones. "
)
HOW_CERTAIN = (
    "The 95 % intervals show how much share and mean may differ with other seeds, each for its "
    "claim alone. "
)
ONE_SPLIT = "Verdicts are about trainings on these very {}, split as they are. "
MANY_SPLITS = (
    "Each seed has a split of its own, and splits overlap: the tests take any two trainings as "
    "correlated as their validation parts overlap (Nadeau and Bengio 2003). "
)
OVER_PATIENTS = (
    "A verdict generalises if the mean over new seeds and new patients lies where it says, by its "
    "own 95 % interval (seeds and patients crossed)"
)
HOW_TUNED = (
    "Where candidates are tuned, each in equally many trials, the verdict is about the tuned ones; "
    "the tuning was done once, and its chance is in no interval. What the same claim gets untuned, "
    "on the same seeds and by the same rule, is a sensitivity analysis: it has no part in the "
    "correction, and nothing is concluded from it. "
)
UNKNOWN_PATIENTS = "; whose {0} is whose is not known, so every {0} counts as a patient"


def report_content(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
    cautions: Sequence[str] = (),
    findings: Sequence[str] = (),
    weights: str = "",
    wrong: Sequence[Block] = (),
) -> Report:
    """What the report of a run says.

    Args:
        table: of the run's trials, `study.table.rows.make_table`.
        verdicts: on the study's claims.
        figures: of the study, the one that answers its question first.
        notes: on claims that came late, `study.search.registered.claim_notes`.
        findings: `study.report.findings.describe_findings`.
        cautions: what else a reader of the verdicts must know of the trainings, a sentence each.
        weights: what is kept of them, `study.search.weights.describe_weights`.
        wrong: what all trainings get wrong, `study.report.wrong.wrong_blocks`.
    """
    study = plan.study
    return Report(
        title=study.title,
        warnings=[*_warnings(plan, notes), *cautions],
        question=study.question,
        sections=[
            *[Section(FOUND, [Text(each) for each in findings])] * bool(findings),
            *_sections(plan, table, verdicts, figures, notes, weights, wrong),
        ],
    )


def describe_scale(plan: Plan) -> str:
    """That the run is of another scale than claims were made at; empty where it is not."""
    scales = sorted({one.scale.describe() for one in plan.shown_claims if one.scale})
    if not scales or not plan.budget.judged:
        return ""
    budget = plan.budget
    size = f" on {budget.image_size}×{budget.image_size} pixels" * plan.shape.is_image
    return (
        f"Trained for {budget.epochs} epochs{size}. "
        f"What was said of {' or '.join(scales)} is shown, and not judged at this scale."
    )


def describe_looks(looks: Looks) -> str:
    """When the claims were judged; empty where no look could decide anything."""
    if not looks.seeds:
        return ""
    *others, last = map(str, looks.seeds)
    if not others:
        return f"The claims are judged once, after {last} seeds."
    shares = ", ".join(f"{100 * share:.0f} %" for share in looks.shares)
    return (
        f"The looks, after {', '.join(others)} and {last} seeds, and their shares of 0.05, "
        f"{shares}, were fixed before the trainings; only open claims get more seeds."
    )


def plan_warnings(plan: Plan) -> list[str]:
    """What a reader must know of a run before any number, known before it has begun."""
    warnings = []
    if plan.data.source == PHANTOM:
        warnings.append("Made on synthetic phantoms: it says nothing about patients.")
    if not plan.budget.judged:
        warnings.append(
            "A smoke run: it shows that everything works. It judges nothing and shows no effects."
        )
    return warnings


def _warnings(plan: Plan, notes: Mapping[str, str]) -> list[str]:
    return [*plan_warnings(plan), *filter(None, (describe_scale(plan), describe_notes(notes)))]


def _sections(
    plan: Plan,
    table: pd.DataFrame,
    verdicts: Sequence[Verdict],
    figures: Sequence[DrawnFigure],
    notes: Mapping[str, str],
    weights: str,
    wrong: Sequence[Block],
) -> list[Section]:
    """All sections that have something to say."""
    answer, of_search, others = _sort_figures(plan.study, figures)
    sections = [
        Section("Verdicts", _verdict_blocks(plan, verdicts, notes)),
        Section("The answer", figure_blocks(answer)),
        Section("Curves and comparisons", figure_blocks(others)),
        Section("Candidates", candidate_blocks(plan, table)),
        Section("Selection bias", selection_blocks(plan, table)),
        Section(f"{plan.examples.capitalize()} that every training gets wrong", wrong),
        Section(
            "The search",
            [
                *figure_blocks(of_search),
                *search_blocks(plan, table),
                *(Text(said) for said in describe_pruning(plan.study, table)),
            ],
        ),
        Section("Failures", failure_blocks(table)),
        Section("Cost", cost_blocks(plan, table)),
        Section("Data", data_blocks(plan.data, plan.shape)),
        Section("How it was made", making_blocks(plan, weights)),
    ]
    return [section for section in sections if section.blocks]


def _sort_figures(
    study: Study, figures: Sequence[DrawnFigure]
) -> tuple[list[DrawnFigure], list[DrawnFigure], list[DrawnFigure]]:
    """Those that answer the question, the first and what compares all candidates beside it; those
    of the search; all others."""
    kinds = {figure.name: figure.kind for figure in study.figures}
    answer, of_search, others = list(figures[:1]), [], []
    for figure in figures[1:]:
        kind = kinds.get(figure.name, "")
        (answer if kind in BESIDE_ANSWER else of_search if kind in OF_SEARCH else others).append(
            figure
        )
    return answer, of_search, others


def figure_blocks(figures: Sequence[DrawnFigure]) -> list[Block]:
    """The drawn ones, then why others were not drawn."""
    drawn = [figure for figure in figures if not figure.reason]
    return [
        *[Pictures(drawn)] * bool(drawn),
        *(
            Text(f"The figure “{figure.title}” is not shown: {figure.reason}.", style="faint")
            for figure in figures
            if figure.reason
        ),
    ]


def _verdict_blocks(
    plan: Plan, verdicts: Sequence[Verdict], notes: Mapping[str, str]
) -> list[Block]:
    """The claims with what was found and how to read it; of a smoke run the claims alone."""
    quoted = any(verdict.claim.quote or verdict.claim.source for verdict in verdicts)
    names = ("Verdict", "Claim", *["What was said"] * quoted)
    columns = [Column(name, number=False) for name in names]
    rows = [_claim_cells(verdict, plan.study.labels())[: len(names)] for verdict in verdicts]
    if not plan.budget.judged:
        return [Text(count_verdicts(verdicts)), Table(columns, rows)]
    columns += [Column("Held in"), Column("Mean", number=False), Column("95 % interval")]
    columns += [Column("p after Holm")]
    rows = [[*row, *_found_cells(verdict)] for row, verdict in zip(rows, verdicts, strict=True)]
    stood = CLAIMS_STOOD.format(study_digest(plan.study)) if verdicts and not notes else ""
    tuned = HOW_TUNED * any(verdict.untuned for verdict in verdicts)
    means = HOW_MEANS * any(claim.about == "mean" for claim in plan.study.claims)
    certain = HOW_CERTAIN + (MANY_SPLITS if plan.ratio else ONE_SPLIT.format(plan.examples))
    if any(patients_text(verdict) != NOTHING for verdict in verdicts):
        codes = plan.data.image_patients
        known = all(codes.get(part) for part in plan.data.counts if part != "train")
        certain += f"{OVER_PATIENTS}{'' if known else UNKNOWN_PATIENTS.format(plan.examples[:-1])}."
    beside = constant_text(plan.study.claims, constant_predictor(plan.data.counts))
    return [
        Text(count_verdicts(verdicts)),
        Table(columns, rows),
        *[Text(beside)] * bool(beside),
        Text(stood + HOW_TO_DECIDE + means + tuned + describe_looks(plan.looks), style="faint"),
        Text(certain.strip(), style="faint"),
    ]


def _claim_cells(verdict: Verdict, labels: Mapping[str, str]) -> list[Cell]:
    claim, outcome = verdict.claim, verdict.outcome
    reason = reason_text(verdict) if verdict.rule else verdict.note
    notes = (
        generalises_text(verdict),
        what_is_tested(claim, labels),
        *["tested one-sided"] * claim.one_sided,
        *["about the mean"] * (claim.about == "mean"),
        untuned_text(verdict),
        reason,
    )
    return [
        Cell(
            outcome_words(verdict),
            order=list(SYMBOLS).index(outcome),
            sign=SYMBOLS[outcome],
            style=outcome.replace(" ", "-"),
        ),
        Cell(claim_text(claim, labels), list(filter(None, notes))),
        Cell(claim.quote, [claim.source] * bool(claim.source)),
    ]


def _found_cells(verdict: Verdict) -> list[Cell]:
    patients = patients_text(verdict)
    return [
        Cell(
            held_text(verdict),
            [share_text(verdict)] * bool(verdict.n_seeds),
            order=verdict.held / verdict.n_seeds if verdict.n_seeds else math.nan,
        ),
        Cell(effect_text(verdict), [verdict.judged_on], order=verdict.effect, style="effect"),
        Cell(
            interval_text(verdict),
            [f"over new patients: {patients}"] * (patients != NOTHING),
            order=verdict.interval[0],
        ),
        Cell(format_p(verdict.p_holm), order=verdict.p_holm),
    ]
