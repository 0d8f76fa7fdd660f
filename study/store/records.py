"""The store: one JSON file for each finished trial, named by what decides its numbers.

Records are the only source of truth; the table, the figures and the searches' states are derived
from them and can be deleted and rebuilt.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from study.store.folder import Folder

CHECKSUM = "checksum"
STALE_AFTER = 3600.0  # seconds; older temporary files belong to dead writers

Status = Literal["complete", "stopped", "diverged", "failed"]


@dataclass(frozen=True)
class Record:
    """A finished trial.

    Attributes:
        ingredients: all inputs that determine the numbers (configuration, recipe, data, seed,
            numerics, digest of the code); `record_key` hashes them.
        status: complete; stopped early by the scheduler; diverged (loss not finite); failed.
        rows: one for each epoch, fields of `hw3.train.EpochRow`.
        test: scores of the locked test set, see `hw3.train.score_test_set`; confirmed trials only.
        cost: fields of `hw3.cost.Cost`.
        params: the point of the search's search space, for explored trials.
        pruned_by: the scheduler that was allowed to stop it, "asha" or "none", whether or not it
            did; see `status`.
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

    def __init__(self, results: Folder):
        self.folder = results / "trials"

    def find(self, key: str) -> Record | None:
        """The record of that key, or None where there is none."""
        content = self.folder.read(_name(key))
        return None if content is None else self._read_or_set_aside(_name(key), content)

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order of their keys."""
        for name, content in self.folder.read_all(".json"):
            record = self._read_or_set_aside(name, content)
            if record is not None:
                yield record

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
        self.folder.sweep(STALE_AFTER)

    def _read_or_set_aside(self, name: str, content: bytes) -> Record | None:
        try:
            return _read(name, content)
        except (ValueError, TypeError, AttributeError, KeyError) as error:  # of damaged JSON
            reason = f"is damaged ({error})"
        with suppress(FileNotFoundError):  # another study's driver did it
            self.folder.rename(name, f"{name}.damaged")
        logging.getLogger("study").warning(
            "record %s/%s %s; renamed to %s.damaged; its trial will be trained again",
            *(self.folder, name, reason, name),
        )
        return None


def _name(key: str) -> str:
    return f"{key}.json"


def _read(name: str, content: bytes) -> Record:
    values = json.loads(content)
    if values.pop(CHECKSUM, None) != _checksum(values):
        raise ValueError("its checksum differs")
    record = Record(**values)
    if _name(record.key) != name:
        raise ValueError(f"it holds the trial {record.key}")
    return record


def _checksum(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
