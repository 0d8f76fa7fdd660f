"""Single numbers, for sentences of one's own: `\\studyvalue{name}` in LaTeX."""

import re

from study.paper.facts import Facts
from study.report.cells import frame_rows
from study.report.verdicts import (
    effect_text,
    format_p,
    held_text,
    interval_text,
    outcome_words,
)
from study.table.formatting import format_value
from study.table.summary import summarise_candidates

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
SCORES = ("val_accuracy", "test_accuracy", "val_loss", "gap_loss", "parameters", "multiply_adds")


def number_values(facts: Facts) -> dict[str, str]:
    """Name -> number with its unit, as the tables have it: "claim.NAME.effect" and so on of each
    claim, "candidate.NAME.val_accuracy" and so on of each candidate."""
    values = {}
    if facts.plan.budget.judged:
        for verdict in facts.verdicts:
            of = {
                "verdict": outcome_words(verdict),
                "n": str(verdict.n_seeds),
                "held": held_text(verdict),
                "effect": effect_text(verdict),
                "interval": interval_text(verdict),
                "p": format_p(verdict.p_holm),
            }
            values |= {f"claim.{verdict.claim.name}.{name}": value for name, value in of.items()}
    rows = frame_rows(summarise_candidates(facts.plan.study, facts.table))
    for name, row in zip(facts.plan.study.labels(), rows, strict=True):
        values[f"candidate.{name}.n"] = str(row["n"])
        values |= {f"candidate.{name}.{one}": format_value(one, row[one]) for one in SCORES}
    return {NOT_IN_NAMES.sub("-", name): value for name, value in values.items()}
