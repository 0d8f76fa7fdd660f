"""The store: one JSON file for each finished trial, atomic and named by what decides its numbers.

Records are the only source of truth; the table, the figures and the searches' states are derived
from them and can be deleted and rebuilt.
"""

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

CHECKSUM = "checksum"
DAMAGED = ".damaged"

Status = Literal["complete", "stopped", "diverged", "failed"]


@dataclass(frozen=True)
class Record:
    """A finished trial.

    Attributes:
        ingredients: everything that decides the numbers, in clear; `record_key` hashes it.
        status: complete; stopped early by the scheduler; diverged (loss not finite); failed.
        rows: one for each epoch, fields of `hw3.train.EpochRow`.
        test: scores of the locked test set, see `hw3.train.score_test_set`; confirmed trials only.
        cost: fields of `hw3.cost.Cost`.
        params: the point of the arm's search space, for explored trials.
        pruned_by: the scheduler that could stop it, "asha" or "none".
        error: the text of what went wrong, for failed trials.
        provenance: commit, versions, host, device and time.
    """

    ingredients: Mapping[str, Any]
    status: Status
    rows: list[dict[str, Any]]
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


def record_key(ingredients: Mapping[str, Any]) -> str:
    """20 hexadecimal digits from canonical JSON: equal ingredients give equal keys."""
    return _checksum(ingredients)[:20]


class RecordStore:
    """Records in `results`/trials, shared by all studies of that folder.

    A file that does not hold what was written (truncated, bytes changed, renamed) is set aside
    under a name that says so, with a warning; its trial counts as not yet trained.
    """

    def __init__(self, results: Path):
        self.folder = results / "trials"

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def find(self, key: str) -> Record | None:
        """The record of that key, or None where there is none."""
        path = self.path(key)
        return _read_or_set_aside(path) if path.exists() else None

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order of their keys."""
        for path in sorted(self.folder.glob("*.json")):
            record = _read_or_set_aside(path)
            if record is not None:
                yield record

    def write(self, record: Record) -> Path:
        """Write a record whole or not at all: temporary name, fsync, rename.

        A complete record is never replaced.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(record.key)
        known = self.find(record.key)
        if known is not None and known.is_full_length:
            return path  # another study trained it meanwhile: equal ingredients, equal numbers
        content = vars(record) | {CHECKSUM: _checksum(vars(record))}
        write_atomically(path, json.dumps(content, indent=1).encode())
        return path


def write_atomically(path: Path, *pieces: bytes | memoryview) -> None:
    """Write a file of these pieces so that its name never stands for half of it."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _read_or_set_aside(path: Path) -> Record | None:
    try:
        return _read(path)
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # what damaged JSON can give
        aside = path.with_name(path.name + DAMAGED)
        os.replace(path, aside)
        logging.getLogger("study").warning(
            "record %s is damaged (%s); set aside as %s, its trial will be trained again",
            *(path, error, aside.name),
        )
        return None


def _read(path: Path) -> Record:
    content = json.loads(path.read_bytes())
    if content.pop(CHECKSUM, None) != _checksum(content):
        raise ValueError("its checksum differs")
    record = Record(**content)
    if record.key != path.stem:
        raise ValueError(f"it holds the trial {record.key}")
    return record


def _checksum(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
