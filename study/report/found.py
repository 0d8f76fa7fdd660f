"""What the report's first words are made from, and what one of its sentences is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from study.judge import Outcome, Terms, Verdict, useless_candidates
from study.search.plan import Plan


@dataclass(frozen=True)
class Finding:
    """A sentence or two on what was found.

    Attributes:
        outcome: of the claim that it answers; None where it is no answer to the study's question.
        sources: what its numbers come from, keys of `study.report.sources.make_sources`.
    """

    text: str
    sources: tuple[str, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Found:
    """What the sentences are made from."""

    plan: Plan
    table: pd.DataFrame
    verdicts: Sequence[Verdict]
    terms: Terms

    @property
    def confirm(self) -> pd.DataFrame:
        """Rows of the confirmed trials."""
        return self.table.loc[self.table["stage"] == "confirm"]

    @cached_property
    def useless(self) -> Mapping[str, float]:
        """See `study.judge.useless_candidates`."""
        return useless_candidates(self.confirm, self.terms.constant)

    @property
    def labels(self) -> Mapping[str, str]:
        """Of the candidates by name."""
        return self.plan.study.labels()
