"""The report's section on the claims: each with its verdict, and how to read them."""

import math
from collections.abc import Mapping, Sequence

from study.judge import NO_TEST_PART, Verdict
from study.report.blocks import Block, Cell, Column, Table, Text
from study.report.cells import sourced
from study.report.claim_words import claim_text, what_is_tested
from study.report.sources import CONSTANT, claim_source
from study.report.verdicts import (
    SYMBOLS,
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
)
from study.search.plan import Plan
from study.search.registration import study_digest
from study.stats.looks import Looks
from study.table.constant import constant_predictor
from study.table.formatting import NOTHING, column_name

TIMED = "rounds of the timing"  # what times are judged on
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


def claim_blocks(plan: Plan, verdicts: Sequence[Verdict], notes: Mapping[str, str]) -> list[Block]:
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
        *[Text(beside, sources=(CONSTANT,))] * bool(beside),
        Text(stood + HOW_TO_DECIDE + means + tuned + describe_looks(plan.looks), style="faint"),
        Text(certain.strip(), style="faint"),
    ]


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
    cells = [
        Cell(
            held_text(verdict),
            [share_text(verdict)] * bool(verdict.n_seeds),
            order=verdict.held / verdict.n_seeds if verdict.n_seeds else math.nan,
        ),
        Cell(effect_text(verdict), [_of_what(verdict)], order=verdict.effect, style="effect"),
        Cell(
            interval_text(verdict),
            [f"over new patients: {patients}"] * (patients != NOTHING),
            order=verdict.interval[0],
        ),
        Cell(format_p(verdict.p_holm), order=verdict.p_holm),
    ]
    return sourced(cells, claim_source(verdict.claim))


def _of_what(verdict: Verdict) -> str:
    """What the mean is of, and where it was measured where the name does not say it."""
    name = column_name(verdict.claim.metric)
    elsewhere = verdict.judged_on in (NO_TEST_PART, TIMED)
    return f"{name}; {verdict.judged_on}" if elsewhere else name
