"""Which failures show that more trials of the same would not end better."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from study.search.trial import Job, Stage
from study.spec.errors import error_line

# So many trials of a candidate in a row that fail with the same error are enough. Trainings of one
# candidate differ in their seed alone. Trials of a search differ in their configuration: where half
# of a space cannot be built, the first three all fail in one search of 8, the first five in one
# of 32.
ENOUGH: dict[Stage, int] = {"explore": 5, "confirm": 3, "timing": 3}
ENOUGH_OF_ALL = 3  # of a study in which every trial fails with the same error
VARYING = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass
class _Series:
    """Trials of one candidate in a row that failed with the same error.

    Attributes:
        kind: what their errors have in common.
        awaited: keys of the candidate's trials that were under way when the first of them failed.
            A host that does not work fails one trial after another while those on the other hosts
            are in their first epoch.
        enough: number of them after which the candidate is given up.
    """

    kind: str
    awaited: set[str]
    count: int = 0
    enough: int = 1


class Failures:
    """Decides when a candidate is given up for this run: when ENOUGH of its trials in a row have
    failed with the same error and none has ever got through an epoch.

    Those of its trials that were under way when the first of them failed are waited for; nothing
    more of the candidate is begun meanwhile.

    Each candidate is looked at by itself, since the claims about the others can still be judged.
    While nothing in the whole study has got through an epoch, one failure is enough for a candidate
    if another was given up for the same error. A candidate that once got through an epoch is not
    given up: what fails is then a part of its search space, or a machine.

    Args:
        proven: names of the candidates of which a trial got through an epoch in an earlier run.

    Attributes:
        given_up: number of failed trials of each candidate that was given up, by its name.
        count: number of trials that failed.
        first: the error of the first of them; empty where none failed.
    """

    def __init__(self, proven: Iterable[str] = ()):
        self._proven = set(proven)
        self._under_way: dict[str, set[str]] = {}  # keys, by candidate
        self._series: dict[str, _Series] = {}  # by candidate
        self._kinds: set[str] = set()  # of all failures
        self._hopeless_kinds: set[str] = set()  # of candidates that were given up
        self.given_up: dict[str, int] = {}
        self.count = 0
        self.first = ""

    @property
    def are_all(self) -> bool:
        """Whether nothing of the study has ever got through an epoch, and what was tried failed
        with one and the same error, often enough to say so."""
        return not self._proven and self.count >= ENOUGH_OF_ALL and len(self._kinds) == 1

    def held(self) -> set[str]:
        """Names of the candidates of which nothing is to begin before a trial under way ends."""
        return {
            name
            for name, series in self._series.items()
            if series.awaited and series.count >= series.enough and name not in self._proven
        }

    def hand_out(self, job: Job) -> None:
        """A trial is under way."""
        self._under_way.setdefault(job.candidate, set()).add(job.key)

    def take_back(self, job: Job) -> None:
        """A trial is no longer under way."""
        self._under_way.get(job.candidate, set()).discard(job.key)
        if job.candidate in self._series:
            self._series[job.candidate].awaited.discard(job.key)

    def prove(self, job: Job) -> None:
        """A trial got through an epoch."""
        self._proven.add(job.candidate)

    def fail(self, job: Job, error: str) -> bool:
        """A trial has failed, after all its tries; whether its candidate is to be given up."""
        self.count += 1
        self.first = self.first or error
        self.take_back(job)
        kind = kind_of(error)
        self._kinds.add(kind)
        series = self._series.get(job.candidate)
        if series is None or series.kind != kind:
            series = _Series(kind, set(self._under_way.get(job.candidate, ())))
            self._series[job.candidate] = series
        series.count += 1
        known = kind in self._hopeless_kinds and not self._proven
        series.enough = 1 if known else ENOUGH[job.stage]
        if job.candidate in self._proven or series.awaited or series.count < series.enough:
            return False
        self.given_up[job.candidate] = series.count
        self._hopeless_kinds.add(kind)
        return True


def kind_of(error: str) -> str:
    """The line of an error that says what happened, without numbers and addresses."""
    return VARYING.sub("#", error_line(error))
