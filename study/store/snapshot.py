"""The snapshot: how far a run is. The terminal draws it, and a file of the study's folder has it.

It is derived: a run never reads it, and who deletes it loses nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from study.spec.durations import describe_time
from study.store.folder import Folder
from study.store.reading import Damaged, parse_json, read_record

SNAPSHOT = "progress.json"  # in the study's folder
MAX_BYTES = 1_000_000  # of the file; it lists no more than LISTED trials
LISTED = 64  # trials under way that a snapshot describes; it counts all

State = Literal["running", "finished", "interrupted", "failed"]
Phase = Literal["starting", "training", "stopping", "reporting"]

TRIALS_OF = {"explore": "search trials", "confirm": "confirmations", "timing": "timings"}


@dataclass(frozen=True)
class StageCount:
    """How many trials of a stage have ended, of how many. The total is the most there may be: it
    falls where candidates share trainings, and rises where claims are open after a look."""

    name: str
    ended: int
    total: int


@dataclass(frozen=True)
class RunningTrial:
    """A trial under way.

    Attributes:
        label: of its search or candidate.
        number: its place among the search's proposals, or of its seed among the confirmation's,
            from 1; None where it has none.
        epoch: the last that was trained, 0 before the first has been.
        epochs: of the trial at full length.
        score: the last value of what the search optimises; None where it was no number, and where
            it may not be shown while the run is under way (`study.search.blinded`).
        score_text: the same, with its unit.
        curve: scores from the first epoch to the last, thinned out and scaled to 0..1 by the
            trial's own range; None where one was no number. Empty where none may be shown.
        host: where it is trained; None until its first epoch has been.
    """

    stage: str
    label: str
    number: int | None
    seed: int
    epoch: int
    epochs: int
    score: float | None
    score_text: str
    curve: tuple[float | None, ...]
    host: str | None


@dataclass(frozen=True)
class BestScore:
    """The best score that a full-length trial of a search has had so far.

    Attributes:
        label: of the search.
        metric: what was scored, in words.
        value_text: the value, with its unit.
    """

    label: str
    metric: str
    value: float
    value_text: str


@dataclass(frozen=True)
class Snapshot:
    """How far a run is.

    Attributes:
        study, title: of the study.
        host, pid: of the driver.
        command: that makes the run, and resumes it.
        started, written: ISO 8601, in UTC.
        error: of a run that failed, why.
        stages: those that have anything to train; with what earlier runs have recorded.
        seconds_left: of training; None where it is not known yet.
        under_way: number of all trials under way.
        running: the first LISTED of them.
        workers: number of trials under way by host, of those whose host is known.
        stopped, diverged, failed: number of trials that have ended so.
        repeated: epochs that were trained twice, as a worker or its host was lost.
        epochs_per_second: of all trials together, since training began.
    """

    study: str
    title: str
    host: str
    pid: int
    command: str
    started: str
    written: str
    state: State = "running"
    phase: Phase = "starting"
    error: str = ""
    stages: tuple[StageCount, ...] = ()
    seconds_left: float | None = None
    under_way: int = 0
    running: tuple[RunningTrial, ...] = ()
    workers: Mapping[str, int] = field(default_factory=dict)
    best: tuple[BestScore, ...] = ()
    stopped: int = 0
    diverged: int = 0
    failed: int = 0
    repeated: int = 0
    epochs_per_second: float = 0.0

    @property
    def not_complete(self) -> dict[str, int]:
        """Number of trials by how they ended, of those that did not reach their last epoch."""
        found = {"stopped": self.stopped, "diverged": self.diverged, "failed": self.failed}
        return {name: count for name, count in found.items() if count}

    def sentence(self) -> str:
        """How far the run is, in words without a full stop."""
        done = _join(
            [f"{s.ended} of {s.total} {TRIALS_OF.get(s.name, s.name)}" for s in self.stages]
        )
        said = f"{done} have ended" if done else "nothing is trained yet"
        if self.state != "running":
            return f"{self.state}; {said}" if done else self.state
        if self.phase == "reporting":
            return f"{said}; the report is being written" if done else "the report is being written"
        if self.phase == "training" and self.seconds_left is not None:
            return f"{said}, {describe_time(self.seconds_left)} left"
        return said


def save_snapshot(snapshot: Snapshot, folder: Folder) -> None:
    """Write it into the study's folder. A store that does not answer is not waited for.

    Raises:
        OSError: it cannot be written.
    """
    content = json.dumps(asdict(snapshot), allow_nan=False).encode()
    folder.without_waiting().write(SNAPSHOT, content, durable=False)


def load_snapshot(folder: Folder) -> Snapshot | None:
    """What the study's folder holds; None where it holds none, or none that this version can read.

    Raises:
        OSError: the folder cannot be read.
    """
    content = folder.read(SNAPSHOT, MAX_BYTES)
    try:
        return read_record(Snapshot, parse_json(content), partly=True) if content else None
    except Damaged:
        return None


def _join(parts: list[str]) -> str:
    *others, last = parts or [""]
    return f"{', '.join(others)} and {last}" if others else last
