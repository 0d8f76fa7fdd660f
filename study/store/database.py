"""A SQLite file that others may have open while it gets a new content."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from study.store.folder import Folder, LocalFolder

LOCKED_WITHIN = 5.0  # seconds for which others may hold the file
HEADER = 100  # bytes at its beginning, which count its changes


def write_database(folder: Folder, name: str, content: bytes) -> None:
    """Give the file this content, in one transaction where there is one already: a program that has
    it open sees either content, and the new one from then on. A file that was replaced it would not
    see.

    Raises:
        OSError: it could not be written.
    """
    if isinstance(folder, LocalFolder) and folder.has(name):
        path = folder.make() / name
        if not path.is_symlink() and _write_into(path, content):
            return
        folder.delete(f"{name}-journal")  # of the file that goes
    folder.write(name, content)


def _write_into(path: Path, content: bytes) -> bool:
    """Whether it could be done: the file may be damaged, its file system without locks."""
    if path.read_bytes()[HEADER:] == content[HEADER:]:
        return True
    deadline = time.monotonic() + LOCKED_WITHIN

    def give_up(status: int, _remaining: int, _total: int) -> None:
        if status != sqlite3.SQLITE_DONE and time.monotonic() > deadline:
            raise TimeoutError

    try:
        with closing(sqlite3.connect(":memory:")) as source:
            source.deserialize(content)
            with closing(sqlite3.connect(path, timeout=LOCKED_WITHIN)) as target:
                source.backup(target, progress=give_up, sleep=0.05)
    except (sqlite3.Error, TimeoutError):
        return False
    return True
