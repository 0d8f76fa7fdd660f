"""What a dead driver has left of its Ray: agents that live for another minute, with their memory."""

import os
import signal
from contextlib import suppress
from pathlib import Path

DRIVER = "STUDY_DRIVER"  # in the environment of the processes that it has started
PROCESSES = Path("/proc")


def this_process() -> str:
    """This process, told from all that ever have its number."""
    return f"{os.getpid()}@{_started(os.getpid())}"


def end_orphans() -> None:
    """End the processes of Ray whose drivers, of this user and on this machine, have died."""
    for folder in PROCESSES.glob("[0-9]*"):
        # Those of other users, and those that are just ending, cannot be read.
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and _is_orphan(folder):
                os.kill(int(folder.name), signal.SIGKILL)


def _is_orphan(folder: Path) -> bool:
    environment = dict(
        entry.partition("=")[::2]
        for entry in (folder / "environ").read_text(errors="replace").split("\0")
    )
    number, _, started = environment.get(DRIVER, "").partition("@")
    # In a container the numbers are others.
    ours = os.readlink(folder / "ns/pid") == os.readlink(PROCESSES / "self/ns/pid")
    return bool(started) and ours and _started(int(number)) != started


def _started(process: int) -> str:
    """When it started, in the kernel's ticks; empty where it has ended, or nobody can tell."""
    try:
        text = (PROCESSES / str(process) / "stat").read_text()
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]
