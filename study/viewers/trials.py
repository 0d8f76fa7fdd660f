"""Trials as viewers show them: one name, hyper-parameters, and numbers by epoch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from study.search.blinded import may_show
from study.search.choose import FinishedTrials
from study.search.hyperparameters import used_values
from study.search.objective import SCORES
from study.search.plan import Plan
from study.search.trial import Stage
from study.spec.status import Status
from study.spec.study import VALIDATION
from study.table.members import study_members
from study.viewers.feed import Told

OF_TEST = ("loss", "accuracy", "auroc")


@dataclass(frozen=True)
class Shown:
    """A trial as viewers show it.

    Attributes:
        key: of its record.
        candidate, label: name and label of the search or candidate that it serves.
        number: place in the search's proposals, or of its seed or round, from 0.
        rows: of its epochs.
        test: its scores on the test set, of the epochs that have any.
        status: how it ended, "running" where it has not.
    """

    key: str
    stage: Stage
    candidate: str
    label: str
    number: int
    ingredients: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    status: Literal[Status, "running"]
    test: Sequence[Mapping[str, Any]] = ()

    @property
    def name(self) -> str:
        """What viewers list it under, which is the same in every run of the study."""
        return f"{self.stage}/{self.candidate}/{self.number:03}-{self.key[:8]}"

    def hyperparameters(self) -> dict[str, Any]:
        """What was trained: values that are numbers, text, or yes and no."""
        parts = self.ingredients
        given = {"family": parts["family"], "seed": parts["seed"], **used_values(parts)}
        plain = (bool, int, float, str)
        return {name: v if isinstance(v, plain) else str(v) for name, v in given.items()}

    def numbers(self, after: int = 0) -> Iterator[tuple[int, dict[str, float]]]:
        """What each epoch has given, by the names of the table's columns; what is no number is left
        out.

        Args:
            after: only of later epochs.
        """
        test = {score["epoch"]: score for score in self.test}
        for row in self.rows[after:]:
            values = {name: row[name] for name in row if name not in ("epoch", SCORES)}
            values |= {f"{VALIDATION}{name}": v for name, v in row.get(SCORES, {}).items()}
            scored = test.get(row["epoch"], {})
            values |= {f"test_{name}": scored.get(name) for name in OF_TEST}
            yield row["epoch"], {name: float(v) for name, v in values.items() if v is not None}


def shown_now(plan: Plan, told: Sequence[Told]) -> Iterator[Shown]:
    """Those of the trials that may be shown while the run is under way, `study.search.blinded`."""
    labels = {search.name: search.label for search in plan.study.searches}
    for one in told:
        job, rows = one.job, one.report.rows if one.report else []
        if may_show(job.stage) and rows:
            yield Shown(
                *(job.key, job.stage, job.candidate, labels[job.candidate], job.number or 0),
                *(job.ingredients, rows, one.status),
            )


def shown_at_end(trials: FinishedTrials) -> Iterator[Shown]:
    """All trials that have trained an epoch; to be shown when the run has ended."""
    seen: set[str] = set()  # a record may serve several candidates
    for member in study_members(trials):
        record = member.record
        if record.key in seen or not record.rows:
            continue
        seen.add(record.key)
        number = member.seed_number
        if number is None:
            number = record.provenance["number"]
        yield Shown(
            *(record.key, member.stage, member.candidate, member.label, number),
            *(record.ingredients, record.rows, record.status, record.test),
        )
