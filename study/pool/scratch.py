"""A temporary folder for a run, and the end of those that killed runs have left."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "study-tune-"
UNLOCKED = "study-new-"  # until its owner holds the lock


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder, removed at the end, also by the next run where this one is killed.

    Its owner holds a lock on it, which the operating system lets go of when the process ends,
    however it ends.
    """
    _sweep(Path(tempfile.gettempdir()))
    made = Path(tempfile.mkdtemp(prefix=UNLOCKED))
    folder = made.with_name(made.name.replace(UNLOCKED, PREFIX, 1))
    lock = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove the folders of this user whose owners have died."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another run removes it, or it is another user's
            if folder.lstat().st_uid == os.getuid():
                _remove_unless_held(folder)


def _remove_unless_held(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(lock)
