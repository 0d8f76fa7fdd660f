"""What a dead driver has left of its Ray: agents, which live for another minute."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DRIVER = "STUDY_DRIVER"  # in the environment of the processes that it has started
PROCESSES = Path("/proc")


def this_process() -> str:
    """This process, told from all that ever have its number."""
    return f"{os.getpid()}@{_started(os.getpid())}"


def end_orphans() -> None:
    """End the processes of Ray whose drivers, of this user and on this machine, have died."""
    _end(lambda driver: not _is_alive(driver))


def end_own() -> None:
    """End the processes of the Ray that this process has started."""
    _end(lambda driver: driver == this_process())


def _end(is_meant: Callable[[str], bool]) -> None:
    for folder in PROCESSES.glob("[0-9]*"):
        # Those of other users, and those that are just ending, cannot be read.
        with suppress(OSError, ValueError):
            driver = _driver(folder) if folder.stat().st_uid == os.getuid() else ""
            if driver and is_meant(driver):
                os.kill(int(folder.name), signal.SIGKILL)


def _driver(folder: Path) -> str:
    """The driver that started a process; empty where none of this container's did."""
    if os.readlink(folder / "ns/pid") != os.readlink(PROCESSES / "self/ns/pid"):
        return ""
    entries = (folder / "environ").read_text(errors="replace").split("\0")
    found = (entry for entry in entries if entry.startswith(f"{DRIVER}="))
    return next(found, "").removeprefix(f"{DRIVER}=")


def _is_alive(driver: str) -> bool:
    number, _, started = driver.partition("@")
    return _started(int(number)) == started


def _started(process: int) -> str:
    """When it started, in the kernel's ticks; empty where it has ended, or nobody can tell."""
    try:
        text = (PROCESSES / str(process) / "stat").read_text()
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]
