"""One driver per study folder."""

import fcntl
import json
import os
import platform
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

from study.spec.errors import StudyError
from study.store.folder import Folder, LocalFolder

LOCK = "driver.lock"
RENEWED_EVERY, EXPIRES_AFTER = 5.0, 20.0  # seconds, of the lease in a store without locks
SETTLED_AFTER = 2.0  # seconds, in which another driver's write would have come after ours


def hold_lock(folder: Folder) -> AbstractContextManager[None]:
    """Keep other drivers out of the folder for the time of the context.

    Raises:
        StudyError: another driver holds it; the message names its host, process and start.
    """
    return _hold_file(folder) if isinstance(folder, LocalFolder) else _hold_lease(folder)


@contextmanager
def _hold_file(folder: LocalFolder) -> Iterator[None]:
    """The operating system holds the lock and lets go of it when the process ends, however it
    ends: a dead owner's lock cannot be mistaken for a living one's, also where its process number
    has been given to another process since.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    path = folder.path / LOCK
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(folder, path.read_bytes()) from None
        file.truncate(0)
        file.write(json.dumps(_owner()))
        file.flush()
        yield


@contextmanager
def _hold_lease(folder: Folder) -> Iterator[None]:
    """An object that its owner renews: one that is not renewed for a while has no living owner.

    The waiting driver goes by its own clock, so that hosts' clocks may differ.
    """
    found = folder.read(LOCK)
    deadline = time.monotonic() + EXPIRES_AFTER
    while found is not None and time.monotonic() < deadline:
        time.sleep(RENEWED_EVERY / 5)
        now = folder.read(LOCK)
        if now is not None and now != found:
            raise _held(folder, now)
        found = now
    owner = _owner() | {"lease": uuid.uuid4().hex}
    _renew(folder, owner)
    time.sleep(SETTLED_AFTER)
    if not _is_ours(folder, owner):
        raise _held(folder, folder.read(LOCK) or b"")
    released = threading.Event()
    renewal = threading.Thread(target=_keep_renewing, args=(folder, owner, released), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        released.set()
        renewal.join()
        if _is_ours(folder, owner):
            folder.delete(LOCK)


def _keep_renewing(folder: Folder, owner: dict[str, Any], released: threading.Event) -> None:
    """Renew until released; end this driver where another one has taken the lease meanwhile."""
    while not released.wait(RENEWED_EVERY):
        try:
            if not _is_ours(folder, owner):  # this process was stopped, or cut off, for too long
                os.kill(os.getpid(), signal.SIGTERM)
                return
            _renew(folder, owner)
        except OSError:
            continue  # the store does not answer; the next record will say so if it goes on


def _renew(folder: Folder, owner: dict[str, Any]) -> None:
    folder.write(LOCK, json.dumps(owner | {"renewed": time.time()}).encode())


def _is_ours(folder: Folder, owner: dict[str, Any]) -> bool:
    content = folder.read(LOCK)
    return content is not None and owner["lease"].encode() in content


def _owner() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _held(folder: Folder, content: bytes) -> StudyError:
    try:
        owner = json.loads(content)
        who = f"process {owner['pid']} on {owner['host']} since {owner['started']}"
    except (ValueError, KeyError):  # it has the lock, and has not written its name yet
        who = "another process"
    return StudyError(
        f"only one run at a time may use {folder}, and {who} is using it. "
        "Wait for it, stop it, or choose another --results."
    )
