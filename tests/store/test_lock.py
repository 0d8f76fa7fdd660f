"""The lock on a study folder, with real processes."""

import itertools
import json
import os
import signal
import socket
import threading
import time
from contextlib import suppress

import pytest

from study.cli.interrupt import keyboard_interrupts
from study.spec.errors import StudyError
from study.store import lock
from study.store.folder import LocalFolder
from study.store.lock import LOCK, hold_lock
from study.store.open import open_folder


def test_second_driver_is_told_who_the_first_is(tmp_path, holder):
    with pytest.raises(StudyError, match=f"process {holder.pid} on .* since 2"):
        hold_lock(LocalFolder(tmp_path)).__enter__()


def test_lock_of_a_killed_owner_is_taken_over(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold_lock(LocalFolder(tmp_path)):
        pass


def test_lock_left_behind_with_a_living_process_number_is_taken_over(tmp_path, holder):
    """As after a reboot: the file names a process that lives, which does not hold the lock."""
    other = tmp_path / "other"
    other.mkdir()
    (other / LOCK).write_text((tmp_path / LOCK).read_text())
    with hold_lock(LocalFolder(other)):
        pass


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"pid": NaN}', b"[" * 9999, b"\xff"],
    ids=["empty", "list", "object", "NaN", "deep", "no text"],
)
def test_a_lock_that_says_nobody_is_another_process(tmp_path, holder, content):
    (tmp_path / LOCK).write_bytes(content)
    with pytest.raises(StudyError, match="another process is using it"):
        hold_lock(LocalFolder(tmp_path)).__enter__()


def link(path, target):
    path.symlink_to(target)


def dangle(path, target):
    path.symlink_to(target.with_name("nothing"))


@pytest.mark.parametrize(
    "spoil", [link, dangle, lambda path, _: os.mkfifo(path), lambda path, _: path.mkdir()]
)
def test_a_lock_that_is_no_file_is_one_error_and_nothing_behind_it_changes(tmp_path, spoil):
    (tmp_path / "study").mkdir()
    (tmp_path / "precious").write_text("thesis")
    spoil(tmp_path / "study" / LOCK, tmp_path / "precious")
    with pytest.raises(StudyError, match=rf"(?s){LOCK}.*rm -r"):
        hold_lock(LocalFolder(tmp_path) / "study").__enter__()
    assert (tmp_path / "precious").read_text() == "thesis"
    assert not (tmp_path / "nothing").exists()


def test_lock_is_given_back_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), hold_lock(LocalFolder(tmp_path)):
        raise RuntimeError
    with hold_lock(LocalFolder(tmp_path)):
        pass


def test_two_studies_in_one_results_folder_do_not_keep_each_other_out(tmp_path):
    results = LocalFolder(tmp_path)
    with hold_lock(results / "task_a"), hold_lock(results / "task_b"):
        pass


@pytest.fixture
def quick_lease(monkeypatch):
    """A lease that is renewed often, as in `QUICK`; a busy machine does not let it expire."""
    monkeypatch.setattr(lock, "RENEWED_EVERY", 0.2)


@pytest.fixture
def short_lease(quick_lease, monkeypatch):
    """Of another driver, one that expires soon."""
    monkeypatch.setattr(lock, "EXPIRES_AFTER", 2.0)


def test_second_driver_on_s3_is_told_who_the_first_is(quick_lease, lease_holder):
    process, folder = lease_holder
    with pytest.raises(StudyError, match=f"process {process.pid} on .* since 2"):
        hold_lock(folder).__enter__()


def test_lease_of_a_killed_owner_is_taken_over(short_lease, lease_holder):
    process, folder = lease_holder
    process.kill()
    process.wait()
    with hold_lock(folder):
        assert len(folder.names()) == 1
    assert folder.names() == []


def test_an_owner_that_slept_too_long_ends_when_it_wakes(short_lease, lease_holder):
    process, folder = lease_holder
    process.send_signal(signal.SIGSTOP)
    with hold_lock(folder):
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=10) == -signal.SIGTERM


class SlowStore:
    """A folder whose first write ends when it is told to, as on a store that hangs for a while."""

    def __init__(self, folder):
        self.folder, self.begun, self.go_on = folder, threading.Event(), threading.Event()

    def __getattr__(self, name):
        return getattr(self.folder, name)

    def write(self, *arguments):
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait()
        self.folder.write(*arguments)


def test_of_two_drivers_one_with_a_slow_store_one_gets_the_lock(quick_lease, tmp_path):
    """The claim of the slow one appears when the other has long been at work."""
    folder = open_folder(f"memory://{tmp_path.name}/study")
    slow, refused = SlowStore(folder), []

    def take():
        try:
            with hold_lock(slow):
                pass
        except StudyError as error:
            refused.append(error)

    late = threading.Thread(target=take)
    late.start()
    slow.begun.wait()
    with hold_lock(folder):
        slow.go_on.set()
        late.join()
    assert len(refused) == 1
    assert folder.names() == []


def test_a_lease_of_version_0_1_is_waited_for(quick_lease, tmp_path):
    folder, ended = open_folder(f"memory://{tmp_path.name}/study"), threading.Event()

    def write(number):
        owner = {"host": "h", "pid": 7, "started": "2025", "lease": "x", "renewed": number}
        folder.write(LOCK, json.dumps(owner).encode())

    def renew():
        for number in itertools.count(1):
            if ended.wait(0.1):
                return
            write(number)

    write(0)
    renewal = threading.Thread(target=renew)
    renewal.start()
    try:
        with pytest.raises(StudyError, match="process 7 on h since 2025"):
            hold_lock(folder).__enter__()
    finally:
        ended.set()
        renewal.join()
    assert folder.names() == [LOCK]


def test_of_two_that_take_a_lease_at_once_one_gets_it(quick_lease, s3_bucket, tmp_path):
    folder = open_folder(f"{s3_bucket}/{tmp_path.name}")
    start, held, refused = threading.Barrier(8), [], threading.Semaphore(0)

    def take():
        start.wait()
        try:
            with hold_lock(folder):
                held.append(True)
                for _ in range(7):  # as long as the others try, however slow the machine is
                    refused.acquire(timeout=60)
        except StudyError:
            refused.release()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == [True]


@pytest.fixture
def locked_store(s3_server, s3_bucket, tmp_path):
    """A folder on S3, behind a door that answers 403 once it is told to."""
    refuses = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=serve, args=(door, s3_server, refuses), daemon=True).start()
        address = f"127.0.0.1:{door.getsockname()[1]}"
        options = f"endpoint_override={address}&scheme=http"
        yield open_folder(f"{s3_bucket}/{tmp_path.name}?{options}"), refuses


def serve(door, server, refuses):
    """Pass on one request after another, each over a connection of its own."""
    port = int(server.rsplit(":", 1)[1])
    with suppress(OSError):  # the door was closed
        while True:
            near, _ = door.accept()
            threading.Thread(target=answer, args=(near, port, refuses), daemon=True).start()


def answer(near, port, refuses):
    with near, socket.create_connection(("127.0.0.1", port)) as far, suppress(OSError):
        threading.Thread(target=pump, args=(far, near), daemon=True).start()
        while data := near.recv(65536):
            if refuses.is_set():
                near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            far.sendall(data)


def pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


def test_a_store_that_refuses_hides_no_error_and_is_not_waited_for(quick_lease, locked_store):
    folder, refuses = locked_store
    with pytest.raises(RuntimeError, match="of the run"), hold_lock(folder):
        refuses.set()
        time.sleep(1)  # renewals fail meanwhile
        begun = time.monotonic()
        raise RuntimeError("of the run")
    assert time.monotonic() - begun < 5


def test_a_lock_that_was_removed_is_one_error_and_no_interruption(quick_lease, tmp_path):
    """As where the bucket is deleted during a run."""
    folder = open_folder(f"memory://{tmp_path.name}/study")
    gone = r"lock of this run in memory://.* is gone.*run the same command again"
    with pytest.raises(StudyError, match=gone), keyboard_interrupts(), hold_lock(folder):
        folder.delete(folder.names()[0])
        time.sleep(10)
    assert folder.names() == []
