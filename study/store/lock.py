"""One driver per study folder."""

import fcntl
import json
import os
import platform
import signal
import stat
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from study.spec.errors import StudyError
from study.spec.shell import quote
from study.store.folder import Folder, LocalFolder
from study.store.reading import Damaged, parse_json, read_record

LOCK = "driver.lock"
CLAIM = ".lock"  # ends the name of each driver's own file in a store without locks
RENEWED_EVERY, EXPIRES_AFTER = 5.0, 20.0  # seconds, of a claim
RELEASED_WITHIN = 10.0  # seconds; a claim that is left in a store that hangs expires
TRIES, BETWEEN_TRIES = 5, 0.05  # to lock a file; seconds
MAX_BYTES = 10_000  # of a lock


@dataclass(frozen=True)
class Owner:
    """Who holds a lock, or claims it.

    Attributes:
        started: ISO 8601.
        holds: whether it has the lock, or only wants it.
        renewals: of the claim; a new number shows that its driver lives.
    """

    host: str
    pid: int
    started: str
    holds: bool = True
    renewals: int = 0


def hold_lock(folder: Folder) -> AbstractContextManager[None]:
    """Keep other drivers out of the folder for the time of the context.

    Raises:
        StudyError: another driver holds it; the message names its host, process and start. Or the
            lock is no file.
    """
    return _hold_file(folder) if isinstance(folder, LocalFolder) else _hold_claim(folder)


@contextmanager
def _hold_file(folder: LocalFolder) -> Iterator[None]:
    """The operating system holds the lock and lets go of it when the process ends, however it
    ends: a dead owner's lock cannot be mistaken for a living one's, also where its process number
    has been given to another process since.
    """
    with open(_open_lock(folder), "r+b", buffering=0) as file:
        if not _lock_file(file.fileno()):
            raise _held(folder, file.read(MAX_BYTES))
        file.truncate(0)
        file.write(_content(_owner()))
        yield


def _lock_file(descriptor: int) -> bool:
    """Whether the lock is had. It is tried more than once: whoever looks whether it is held has it
    for a moment, `study.store.holder`."""
    for _ in range(TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(BETWEEN_TRIES)
    return False


def _open_lock(folder: LocalFolder) -> int:
    """A descriptor of the lock's file, which is made where there is none.

    Raises:
        StudyError: something else has its name; nothing is done to what a link leads to.
    """
    path = folder.make() / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
    except OSError:
        if not os.path.lexists(path) or stat.S_ISREG(os.lstat(path).st_mode):
            raise
    raise StudyError(
        f"{folder}/{LOCK} must be a regular file, and is a link, a folder or a named pipe. "
        f"Remove it: rm -r {quote(str(path))}"
    )


@contextmanager
def _hold_claim(folder: Folder) -> Iterator[None]:
    """Each driver has a file of its own, its claim, and renews it. A driver that has written its
    claim and then finds no other has the lock.

    Guaranteed where a store lists every file whose writing has ended, as S3 does, however slow the
    store is and whatever the hosts' clocks show: of two drivers at work one at most has the lock,
    for the one that wrote its claim last finds the other's. A claim that is not renewed for
    EXPIRES_AFTER, by the monotonic clock of the driver that waits, has no living owner. So a driver
    that was stopped or cut off for longer may be replaced; it ends itself at its next renewal, at
    most RENEWED_EVERY after it woke, and what it records until then is no other than its
    replacement's.

    Whatever ends the context stays what is raised: that the store does not answer shows in it, and
    is not waited for again.
    """
    claim = _Claim(folder)
    renewal = threading.Thread(target=claim.keep_renewing, daemon=True)
    try:
        claim.win()
        renewal.start()
        yield
    except KeyboardInterrupt:
        if not claim.is_lost:
            raise
        raise StudyError(
            f"the lock of this run in {folder} is gone: another run took its place while this one "
            "was stopped or cut off, or somebody removed the folder. See what is there, then run "
            "the same command again: it resumes from the records."
        ) from None
    finally:
        claim.released.set()
        if renewal.ident is None:
            renewal.start()
        renewal.join(RELEASED_WITHIN)


@dataclass(frozen=True)
class _Sight:
    """What was seen of another driver's claim.

    Attributes:
        since: monotonic seconds since when it has this content.
        is_renewed: whether it had another content before.
    """

    content: bytes
    since: float
    is_renewed: bool


class _Claim:
    """This driver's claim on a folder of a store.

    Attributes:
        released: set when it is to be given up.
        is_lost: whether it is no longer there.
    """

    def __init__(self, folder: Folder):
        self.name = f"driver-{uuid.uuid4().hex}{CLAIM}"
        self.released = threading.Event()
        self.is_lost = False
        self._folder = folder
        self._owner = replace(_owner(), holds=False)
        self._renewed_at = time.monotonic()
        self._write()

    def win(self) -> None:
        """Wait until there is no other claim, removing those whose owners are dead.

        Raises:
            StudyError: another driver has the lock, or wants it and goes first by its claim's name.
        """
        seen: dict[str, _Sight] = {}
        while others := self._others():
            for name, content in others.items():
                before, now = seen.get(name), time.monotonic()
                if before is None or before.content != content:
                    seen[name] = _Sight(content, now, before is not None)
                elif now - before.since > EXPIRES_AFTER:
                    self._folder.delete(name)
                owner = read_owner(content)
                goes_first = owner is None or owner.holds or name < self.name
                if seen[name].is_renewed and goes_first:
                    raise _held(self._folder, content)
            self._renew_or_give_up()
            time.sleep(RENEWED_EVERY / 5)
        self._owner = replace(self._owner, holds=True)
        self._renew_or_give_up()

    def keep_renewing(self) -> None:
        """Renew until released, then remove it; end this driver where the claim was lost."""
        self._folder = self._folder.without_waiting()
        while not self.released.wait(RENEWED_EVERY):
            with suppress(OSError):  # the store does not answer; the next record will say so
                self.is_lost = not self._renew()
            if self.is_lost:  # this process was stopped, or cut off, for too long
                os.kill(os.getpid(), signal.SIGTERM)
                break
        with suppress(OSError):
            self._folder.delete(self.name)

    def _renew(self) -> bool:
        """Renew the claim; whether it still counts. It does not where another driver has removed
        it, or may have done so between two steps of this one, which came late."""
        if not self._folder.has(self.name):
            return False
        begun, renewals = time.monotonic(), self._owner.renewals + 1
        self._owner = replace(self._owner, renewals=renewals)
        self._write()
        is_late = time.monotonic() - self._renewed_at > EXPIRES_AFTER
        self._renewed_at = begun
        return not (is_late and self._others())

    def _renew_or_give_up(self) -> None:
        if not self._renew():
            raise _held(self._folder, b"")

    def _write(self) -> None:
        self._folder.write(self.name, _content(self._owner))

    def _others(self) -> dict[str, bytes]:
        """All claims but this one, by name."""
        names = [name for name in self._folder.names(CLAIM) if name != self.name]
        contents = ((name, self._folder.read(name, MAX_BYTES)) for name in names)
        return {name: content for name, content in contents if content is not None}


def _owner() -> Owner:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Owner(platform.node(), os.getpid(), started)


def _content(owner: Owner) -> bytes:
    return json.dumps(asdict(owner)).encode()


def read_owner(content: bytes) -> Owner | None:
    """Who wrote that, None where it is not known; locks of version 0.1 hold more."""
    try:
        return read_record(Owner, parse_json(content), partly=True)
    except Damaged:
        return None


def _held(folder: Folder, content: bytes) -> StudyError:
    owner = read_owner(content)  # None if it has the lock and has not written its name yet
    who = f"process {owner.pid} on {owner.host} since {owner.started}" if owner else None
    return StudyError(
        f"only one run at a time may use {folder}, and {who or 'another process'} is using it. "
        "Wait for it, stop it, or choose another --results."
    )
