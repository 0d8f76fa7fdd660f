"""One study from an empty folder to its end, with what is seen of it from outside."""

import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import pandas as pd
import psutil

from study.store.folder import Folder, LocalFolder
from study.store.records import RecordStore
from study.table.columns import TIMES
from study.task_c import STUDY

ROOT = Path(__file__).parents[2]
# Epochs of 0.2 to 0.8 s: some 50 times what a checkpoint takes, so that nearly each epoch has one.
ARGUMENTS = ["--profile", "smoke", "--trials", "8", "--epochs", "6", "--seeds", "4"]
ARGUMENTS += ["--image-size", "72"]
VARYING = [*TIMES, "number"]
SORTED_BY = ["stage", "candidate", "seed", "key", "epoch"]


def now_as_files() -> int:
    """The time in ns by the clock that dates files. Lines and records are compared without a
    tolerance: by another clock a record may look some ms older than its last line, and only this
    one is never moved."""
    with TemporaryFile() as file:
        return os.fstat(file.fileno()).st_mtime_ns


@dataclass(frozen=True)
class Line:
    """An epoch that was trained; `again` if an earlier line has the same trial and epoch."""

    key: str
    epoch: int
    pid: int
    at: int  # ns, see now_as_files
    again: bool


@dataclass(frozen=True)
class Fault:
    """What was done to a study: a kill, or another condition for it.

    Attributes:
        kind: who was killed, or which condition it was.
        at: ns, see now_as_files.
        busy: whether a trial was under way; else the driver was starting or writing.
        what: in words.
    """

    kind: str
    at: int
    busy: bool
    what: str = ""


@dataclass
class Watch:
    """The records of a round, seen from outside.

    Attributes:
        since: when each finished trial's record was written, by key; ns, see now_as_files.
        failed: errors of the trials that were recorded as failed, at any time, by key.
        lost: keys of finished trials whose record was there once and then was not.
        replaced: times that a finished trial's record was written again.
    """

    folder: Folder
    since: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    replaced: int = 0
    _stamps: dict[str, Hashable] = field(default_factory=dict)
    _stopped: set[str] = field(default_factory=set)

    def look(self, closely: bool = False) -> None:
        """Note what has changed; at a URI, contents are compared only if `closely`."""
        names = self.folder.names(".json")
        for name in names:
            if closely or name not in self._stamps or isinstance(self.folder, LocalFolder):
                stamp, written = self._stamp(name)
                if stamp != self._stamps.get(name):
                    self._note(name, stamp, written)
        for name in self._stamps.keys() - set(names):
            key = name.removesuffix(".json")
            if key in self.since and self.folder.read(name) is None:
                self.lost.add(key)

    def _stamp(self, name: str) -> tuple[Hashable, int]:
        """What differs between two writings of the file, and when it was written."""
        if isinstance(self.folder, LocalFolder):
            written = (self.folder.path / name).stat().st_mtime_ns
            return written, written
        content = self.folder.read(name) or b""
        return hashlib.sha256(content).digest(), now_as_files()

    def _note(self, name: str, stamp: Hashable, written: int) -> None:
        key, content = name.removesuffix(".json"), self.folder.read(name)
        self._stamps[name] = stamp
        if content is None:
            return  # gone meanwhile; the next look notices
        record = json.loads(content)
        if record["status"] == "failed":
            self.failed[key] = record["error"]
        elif key in self.since and key not in self._stopped:
            self.replaced += 1
        else:  # a trial that was stopped may be resumed when its search is over
            self.since[key] = written
        if record["status"] == "stopped":
            self._stopped.add(key)
        else:
            self._stopped.discard(key)


@dataclass
class Round:
    """One study from an empty folder to its end.

    Attributes:
        trace: file of the epochs trained, a line for each.
        log: file of everything that the drivers printed.
        concurrent: trials at a time.
        reproducible: whether the search's trials are the same whatever their number.
        environment: what the drivers have in theirs beside this process's.
        started: in monotonic seconds.
        ends_on_full_disk: of drivers, by themselves.
        ends_by_clock: the same, where Ray started no worker after the clock was moved.
        seconds: from there to the end.
        broken: why the run ended without coming to its end, empty where it did.
    """

    name: str
    results: Folder
    trace: Path
    log: Path
    concurrent: int
    reproducible: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    ends_on_full_disk: int = 0
    ends_by_clock: int = 0
    watch: Watch = field(init=False)
    broken: str = ""
    _heard: int = 0  # size of the log when the last driver was started

    def __post_init__(self) -> None:
        self.trace.touch()
        self.watch = Watch(RecordStore(self.results).folder)

    def start_driver(self) -> psutil.Popen:
        """Start the study's command, or start it again."""
        command = [sys.executable, "-m", "benchmarks.faults.traced", str(self.trace), *ARGUMENTS]
        command += ["--max-concurrent", str(self.concurrent), "--results", str(self.results)]
        command += ["--reproducible"] * self.reproducible
        temporary = self.log.parent / "tmp"  # for what killed drivers and their Ray leave
        temporary.mkdir(exist_ok=True)
        environment = os.environ | {"TMPDIR": str(temporary), **self.environment}
        with self.log.open("ab") as log:
            self._heard = log.tell()
            return psutil.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def said(self) -> str:
        """What the last driver has printed."""
        return self.log.read_bytes()[self._heard :].decode(errors="replace")

    def needs_no_ray(self) -> bool:
        """Whether the last driver has nothing more to train."""
        return ", finished in " in self.said()

    def lines(self) -> list[Line]:
        """The epochs trained so far, in their order."""
        lines, known = [], set()
        for text in self.trace.read_text().splitlines():
            key, epoch, pid, at = text.split()
            lines.append(Line(key, int(epoch), int(pid), int(at), (key, epoch) in known))
            known.add((key, epoch))
        return lines

    def table(self) -> pd.DataFrame | None:
        """The study's table without what differs by run; None where there is none."""
        content = (self.results / STUDY.name).read("table.parquet")
        if content is None or self.broken:
            return None
        table = pd.read_parquet(io.BytesIO(content)).drop(columns=VARYING)
        return table.sort_values(SORTED_BY).reset_index(drop=True)
