"""Who holds a folder's lock: asked from outside, by whoever does not want to hold it."""

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from study.store.folder import Folder, LocalFolder
from study.store.lock import CLAIM, EXPIRES_AFTER, LOCK, MAX_BYTES, Owner, read_owner


@dataclass(frozen=True)
class Holder:
    """A driver that holds a lock.

    Attributes:
        owner: None where it has not written its name.
        is_sure: False for a claim in a store that may be left of a dead driver; it is sure as soon
            as the claim is renewed, and there is no holder once it has not been for EXPIRES_AFTER.
    """

    owner: Owner | None
    is_sure: bool = True


@dataclass(frozen=True)
class _Seen:
    """A claim's content, since when it is seen, and whether it had another one before."""

    content: bytes
    since: float
    is_renewed: bool


class HolderWatch:
    """Looks at a folder's lock again and again, and changes nothing in the folder.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, folder: Folder, clock: Callable[[], float] = time.monotonic):
        self._folder, self._clock = folder, clock
        self._seen: dict[str, _Seen] = {}  # by the claim's name

    def look(self) -> Holder | None:
        """Who holds the lock now; None where nobody does.

        Raises:
            OSError: the folder cannot be read.
        """
        if isinstance(self._folder, LocalFolder):
            return _file_holder(self._folder)
        found = [self._claim_holder(name) for name in self._folder.names(CLAIM)]
        return next(filter(None, found), None)

    def _claim_holder(self, name: str) -> Holder | None:
        content = self._folder.read(name, MAX_BYTES)
        if content is None:  # given up meanwhile
            return None
        before, now = self._seen.get(name), self._clock()
        if before is None or before.content != content:
            before = self._seen[name] = _Seen(content, now, before is not None)
        owner = read_owner(content)
        if now - before.since > EXPIRES_AFTER or (owner and not owner.holds):
            return None
        return Holder(owner, before.is_renewed)


def _file_holder(folder: LocalFolder) -> Holder | None:
    """A shared lock can be had where nobody has the driver's, which lasts for no longer than it
    takes to let go of it: a driver that begins meanwhile tries again."""
    try:
        descriptor = os.open(folder.path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return Holder(read_owner(os.read(descriptor, MAX_BYTES)))
    finally:
        os.close(descriptor)
