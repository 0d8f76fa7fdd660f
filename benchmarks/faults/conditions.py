"""What a study runs under: a clock that can be moved, a disk that can be full."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil

CLOCK, DISK = "clock", "disk"
HOURS = 24.0  # from the right time, at most
SIZE = 256  # MiB of the disk; a round leaves 4
FULL_FOR = 1.0, 12.0  # seconds, at least and at most
SHARED_MEMORY = Path("/dev/shm")  # libfaketime has two files in it for each driver


class MissingCondition(Exception):
    """This machine cannot do it; the message says what is left out, and why."""


class Clock:
    """The wall clock of the processes that have `environment`, Ray's servers among them.

    libfaketime moves it: nothing else on the machine is moved, nor the monotonic clocks of these
    processes, nor the times of their files. They see a move within a second.

    Raises:
        MissingCondition: there is no libfaketime.
    """

    def __init__(self, home: Path):
        package = find_spec("libfaketime")
        paths = package.submodule_search_locations if package else None
        library = Path(next(iter(paths or [""]))) / "vendor/libfaketime/src/libfaketime.so.1"
        if not library.is_file():
            raise MissingCondition(
                "the clock is not moved: that needs Linux and libfaketime (pip install libfaketime)"
            )
        self._offset = home / "clock"
        self._set(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def strike(self, draw: random.Random) -> str:
        """Move it to another offset from the right time; what was done."""
        hours = draw.uniform(-HOURS, HOURS)
        self._set(round(hours * 3600))
        return f"clock moved to {hours:+.1f} h"

    def close(self) -> None:
        """Remove what libfaketime leaves of killed processes."""
        for left in SHARED_MEMORY.glob("*faketime_s*_*"):
            pid = left.name.rpartition("_")[2]
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                left.unlink(missing_ok=True)

    def _set(self, seconds: int) -> None:
        """At every moment there is a whole file: libfaketime ends who reads half of one."""
        written = self._offset.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        os.replace(written, self._offset)


class Disk:
    """A small file system in memory, for the results, and a file that fills it.

    Attributes:
        path: where it is mounted.
        full_at: monotonic seconds when it was last seen to be full.

    Raises:
        MissingCondition: it cannot be mounted, as by others than root.
    """

    def __init__(self, home: Path):
        self.path = home / "disk"
        self.path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(self.path)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingCondition(
                "the disk is never full: only root can mount a small one, and on Linux"
            ) from error
        self._ballast = self.path / "ballast"
        self._until = self.full_at = float("-inf")

    def strike(self, draw: random.Random) -> str:
        """Fill it for some seconds; what was done."""
        seconds = draw.uniform(*FULL_FOR)
        self._until = time.monotonic() + seconds
        self.attend()
        return f"disk full for {seconds:.1f} s"

    def attend(self) -> None:
        """Fill what has become free while it is to be full, and free it afterwards."""
        if time.monotonic() >= self._until:
            self._ballast.unlink(missing_ok=True)
            return
        self.full_at = time.monotonic()
        with self._ballast.open("ab") as file, suppress(OSError):  # the study was faster
            status = os.statvfs(file.fileno())
            if status.f_bfree:
                os.posix_fallocate(file.fileno(), file.tell(), status.f_bfree * status.f_frsize)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)


@dataclass
class Conditions:
    """Those that this machine can have, and why it lacks the others."""

    clock: Clock | None = None
    disk: Disk | None = None
    missing: list[str] = field(default_factory=list)

    def strikes(self) -> dict[str, Callable[[random.Random], str]]:
        """What can be done to them, by kind of fault."""
        found = {CLOCK: self.clock, DISK: self.disk}
        return {kind: one.strike for kind, one in found.items() if one}

    def environment(self) -> Mapping[str, str]:
        """Of the processes that live under them."""
        return self.clock.environment if self.clock else {}

    def attend(self) -> None:
        """To be called every few milliseconds."""
        if self.disk:
            self.disk.attend()

    def was_full(self, since: float) -> bool:
        """Whether the disk was full at a moment later than that, in monotonic seconds."""
        return self.disk is not None and self.disk.full_at >= since


@contextmanager
def prepare_conditions(home: Path, with_disk: bool) -> Iterator[Conditions]:
    """The conditions for the time of the context.

    Args:
        home: an empty folder.
        with_disk: whether the results are to lie on a disk that can be filled.
    """
    conditions = Conditions()
    try:
        conditions.clock = Clock(home)
    except MissingCondition as error:
        conditions.missing.append(str(error))
    try:
        conditions.disk = Disk(home) if with_disk else None
    except MissingCondition as error:
        conditions.missing.append(str(error))
    try:
        yield conditions
    finally:
        for one in (conditions.clock, conditions.disk):
            if one:
                one.close()
