"""One driver for one study folder."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from study.spec import StudyError

LOCK = "driver.lock"


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Keep other drivers out of the folder for the time of the context.

    The operating system holds the lock and lets go of it when the process ends, however it ends:
    a dead owner's lock cannot be mistaken for a living one's, also where its process number has
    been given to another process since.

    Raises:
        StudyError: another driver holds it; the message names its host, process and start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StudyError(_describe_owner(folder)) from None
        owner = {
            "host": platform.node(),
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        file.truncate(0)
        file.write(json.dumps(owner))
        file.flush()
        yield


def _describe_owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / LOCK).read_text())
        who = f"process {owner['pid']} on {owner['host']} since {owner['started']}"
    except (ValueError, KeyError):  # it has the lock, and has not written its name yet
        who = "another process"
    return (
        f"one driver at a time may work in {folder}, and {who} does. "
        "Wait for it, end it, or choose another --results."
    )
