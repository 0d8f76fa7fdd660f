"""Who holds a lock, seen from outside."""

import os
import platform
import threading

import pytest

from study.store import lock
from study.store.folder import LocalFolder
from study.store.holder import HolderWatch
from study.store.lock import EXPIRES_AFTER, LOCK, hold_lock
from study.store.open import open_folder


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_nobody_holds_a_folder_that_is_not_there_or_whose_driver_has_ended(tmp_path):
    folder = LocalFolder(tmp_path) / "made"
    assert HolderWatch(folder).look() is None
    with hold_lock(folder):
        pass
    assert folder.names() == [LOCK]
    assert HolderWatch(folder).look() is None


def test_the_holder_of_a_folder_is_named_until_it_is_killed(tmp_path, holder):
    watch = HolderWatch(LocalFolder(tmp_path))
    found = watch.look()
    assert (found.owner.pid, found.owner.host, found.is_sure) == (holder.pid, platform.node(), True)
    holder.kill()
    holder.wait()
    assert watch.look() is None


def test_looking_keeps_no_driver_out(tmp_path):
    folder, ended = LocalFolder(tmp_path), threading.Event()
    with hold_lock(folder):
        pass

    def look():
        watch = HolderWatch(folder)
        while not ended.is_set():
            watch.look()

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(300):
            with hold_lock(folder):
                pass
    finally:
        ended.set()
        watcher.join()


def test_a_lock_without_a_name_has_a_holder(tmp_path, holder):
    (tmp_path / LOCK).write_bytes(b"{")
    assert HolderWatch(LocalFolder(tmp_path)).look().owner is None


def test_the_holder_of_a_folder_in_a_store_is_sure_when_it_has_renewed_its_claim(lease_holder):
    process, folder = lease_holder
    watch = HolderWatch(folder)
    found = watch.look()
    assert (found.owner.pid, found.is_sure) == (process.pid, False)
    while not (found := watch.look()).is_sure:
        assert process.poll() is None
    assert found.owner.pid == process.pid


def test_a_claim_that_is_not_renewed_has_no_holder_and_stays_where_it_is(tmp_path):
    folder, clock = open_folder(f"memory://{tmp_path.name}/study"), Clock()
    name, content = "driver-1.lock", lock._content(lock._owner())
    folder.write(name, content)
    watch = HolderWatch(folder, clock)
    assert watch.look().owner.pid == os.getpid()
    clock.now += EXPIRES_AFTER + 1
    assert watch.look() is None
    assert folder.read(name) == content


@pytest.mark.parametrize("content", [b"{}", b"\xff"])
def test_a_claim_that_names_nobody_has_a_holder(tmp_path, content):
    folder = open_folder(f"memory://{tmp_path.name}/study")
    folder.write("driver-1.lock", content)
    assert HolderWatch(folder).look().owner is None
