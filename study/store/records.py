"""The store: one JSON file for each finished trial, named by what decides its numbers.

Records are the only source of truth; the table, the figures and the searches' states are derived
from them and can be deleted and rebuilt.
"""

import hashlib
import json
import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from types import NoneType
from typing import Any

from hw3.cost import Cost
from hw3.engine import EpochRow
from study.spec.status import Status
from study.store.folder import Folder
from study.store.reading import Damaged, OtherVersion, read_or_set_aside, read_record

CHECKSUM = "checksum"
ROW_FIELDS = {item.name for item in fields(EpochRow)}
COST_FIELDS = {item.name for item in fields(Cost)}

STOPPED_AT = "stopped_at"  # in the provenance of a trial that was stopped, and resumed: the epoch
FUSED = "fused"  # in the provenance of a trial that was trained together with others: their number
YEARS = range(1980, 9000)  # of times that calendars can add to and take from
LONGEST = 1e9  # seconds of a trial: 30 years


@dataclass(frozen=True)
class Record:
    """A finished trial.

    Attributes:
        ingredients: all inputs that determine the numbers (configuration, recipe, data, seed,
            numerics, digest of the code); `record_key` hashes them.
        status: complete; stopped early by the scheduler; diverged (loss not finite); failed.
        rows: one for each epoch, fields of `hw3.engine.EpochRow`; of explored trials also `scores`
            where the search optimises a metric that these do not have.
        val, test: scores of the images of the validation set and of the locked test set, see
            `hw3.engine.score_images`; confirmed trials only. Records of versions up to 0.2 lack
            `val`.
        cost: fields of `hw3.cost.Cost`.
        params: the point of the search's search space, for explored trials.
        pruned_by: the scheduler that was allowed to stop it, "asha" or "none", whether or not it
            did; see `status`.
        error: the text of what went wrong, for failed trials.
        provenance: commit, versions, host, device and time; of a training that was trained
            together with others how many they were (`fused`).
    """

    ingredients: Mapping[str, Any]
    status: Status
    rows: list[dict[str, Any]]
    val: list[dict[str, Any]] = field(default_factory=list)
    test: list[dict[str, Any]] = field(default_factory=list)
    cost: Mapping[str, int] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    pruned_by: str = "none"
    error: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return record_key(self.ingredients)

    @property
    def is_full_length(self) -> bool:
        """Whether it was trained to its last epoch: only such a trial can be chosen."""
        return self.status == "complete"


@dataclass(frozen=True)
class Ingredients:
    """What is read of ingredients before the key made of all of them is compared."""

    family: str
    config: Mapping[str, Any]
    recipe: Mapping[str, Any]
    seed: int
    code: str = ""
    resampling: str = ""


def record_key(ingredients: Mapping[str, Any]) -> str:
    """20 hexadecimal digits from canonical JSON: equal ingredients give equal keys."""
    return _checksum(ingredients)[:20]


class RecordStore:
    """Records in `results`/trials, shared by all studies of that folder.

    A file that does not hold what was written (truncated, bytes changed, renamed), or whose fields
    are those of another version, is set aside under a name that says so, with a warning; its trial
    counts as not yet trained.
    """

    def __init__(self, results: Folder):
        self.folder = results / "trials"

    def find(self, key: str) -> Record | None:
        """The record of that key, or None where there is none."""
        return self._read_or_set_aside(_name(key))

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order of their keys."""
        records = self.folder.each(".json", self._read_or_set_aside)
        return (record for record in records if record is not None)

    def write(self, record: Record) -> None:
        """Write a record whole or not at all; a complete one is never replaced.

        Raises:
            OSError: it could not be written.
        """
        known = self.find(record.key)
        if known is not None and known.is_full_length:
            return  # another study trained it meanwhile: equal ingredients, equal numbers
        content = vars(record) | {CHECKSUM: _checksum(vars(record))}
        self.folder.write(_name(record.key), json.dumps(content, indent=1).encode())

    def delete(self, key: str) -> None:
        """Remove the record of that key: its trial is trained again where a run needs it."""
        self.folder.delete(_name(key))

    def sweep(self) -> None:
        """Remove the temporary files of drivers that died while they wrote."""
        self.folder.sweep()

    def _read_or_set_aside(self, name: str) -> Record | None:
        consequence = "its trial counts as not trained until a run trains it again"
        return read_or_set_aside(self.folder, name, partial(_read, name), consequence)


def _name(key: str) -> str:
    return f"{key}.json"


def _read(name: str, values: Any) -> Record:
    if not isinstance(values, dict) or values.pop(CHECKSUM, None) != _checksum(values):
        raise Damaged("its checksum differs")
    try:
        record = read_record(Record, values)
        _check_parts(record)
    except Damaged as error:  # its writer meant it so
        raise OtherVersion(f"it {error}") from error
    if _name(record.key) != name:
        raise Damaged(f"it holds the trial {record.key}")
    return record


@dataclass(frozen=True)
class _Planned:
    """What the run that trained it was to spend, and on data of which source."""

    trials: int
    seeds: int
    judged: bool
    source: str


@dataclass(frozen=True)
class _Origin:
    """What is read of a record's provenance by name."""

    number: int | None = None
    host: str | None = None
    device: str | None = None
    finished: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    study: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    candidate: str | None = None
    planned: _Planned | None = None
    looks: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class _Score:
    """What is read of the score of an epoch; records of version 0.1 lack `correct`."""

    epoch: int
    loss: float | None
    accuracy: float | None
    auroc: float | None
    correct: str | None = None
    logits: list[float] | list[list[float]] | None = None
    labels: list[int] | None = None


def _check_parts(record: Record) -> None:
    """Raise Damaged unless what the record's mappings hold is what their readers expect."""
    read_record(Ingredients, record.ingredients, partly=True)
    origin = read_record(_Origin, record.provenance, partly=True)
    if origin.claims and origin.finished is None:
        raise Damaged("does not say when it was finished")
    if origin.finished is not None:
        _check_time(origin.finished)
    for score in (*record.val, *record.test):
        _check_score(read_record(_Score, score, partly=True))
    if record.cost and record.cost.keys() != COST_FIELDS:
        raise Damaged(f"has {', '.join(sorted(record.cost))} as cost")
    for number, row in enumerate(record.rows, 1):
        extra = row.get("scores", {})
        if type(extra) is not dict:
            raise Damaged(f"has {reprlib.repr(extra)} as scores of an epoch")
        values = [value for name, value in row.items() if name != "scores"] + [*extra.values()]
        numbers = (type(value) in (int, float, NoneType) for value in values)
        if row.keys() - {"scores"} != ROW_FIELDS or not all(numbers) or row["epoch"] != number:
            raise Damaged(f"has an epoch {number} that is none")
    seconds = [row["seconds"] for row in record.rows]
    if any(one is None or one < 0 for one in seconds) or sum(seconds) > LONGEST:
        raise Damaged("has epochs of a length that none has")
    scored = [row["val_loss"] is not None for row in record.rows]
    if record.status == "complete" and not (scored and all(scored)):
        raise Damaged("is complete and has no validation loss")


def _check_score(score: _Score) -> None:
    """Raise Damaged unless answers are digits, and as many as logits; where there are labels, those
    of as many classes as an image has logits."""
    correct, logits = score.correct, score.logits
    if correct is not None and not re.fullmatch("[01]+", correct):
        raise Damaged(f"has {reprlib.repr(correct)} as answers to images")
    if correct and logits and len(correct) != len(logits):
        raise Damaged(f"has {len(correct)} answers and {len(logits)} logits")
    if logits and isinstance(logits[0], list):
        _check_classes(logits, score.labels)
    elif score.labels is not None:
        raise Damaged("has labels of images, but no logits of several classes")


def _check_classes(logits: list[Any], labels: list[int] | None) -> None:
    lengths = {len(of_image) for of_image in logits}
    if labels is None or len(labels) != len(logits) or len(lengths) > 1:
        raise Damaged("has logits of several classes without a label for each image")
    if not all(0 <= label < min(lengths) for label in labels):
        raise Damaged(f"has labels that are none of {min(lengths)} classes")


def _check_time(text: str) -> None:
    """Raise Damaged unless the text is a time in ISO 8601, of a year in which it can be."""
    with suppress(ValueError):
        if datetime.fromisoformat(text).year in YEARS:
            return
    raise Damaged(f"has {reprlib.repr(text)} as the time when it was finished")


def _checksum(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
