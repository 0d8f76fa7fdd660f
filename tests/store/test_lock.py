"""The lock on a study folder, with real processes."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from study.spec.errors import StudyError
from study.store import lock
from study.store.folder import LocalFolder
from study.store.lock import LOCK, hold_lock
from study.store.open import open_folder

LEASE = {"RENEWED_EVERY": 0.2, "EXPIRES_AFTER": 1.0, "SETTLED_AFTER": 0.4}
QUICK = f"""
from study.store import lock
vars(lock).update({LEASE})
"""
HOLD = """
import sys
from study.store.lock import hold_lock
from study.store.open import open_folder
with hold_lock(open_folder(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder's lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


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
    """A lease by the tenth of a second, here and in `HOLD`."""
    for name, seconds in LEASE.items():
        monkeypatch.setattr(lock, name, seconds)


@pytest.fixture
def lease_holder(s3_bucket, tmp_path):
    """Another process that holds a folder on S3, and the folder."""
    location = f"{s3_bucket}/{tmp_path.name}"
    process = subprocess.Popen(
        [sys.executable, "-c", QUICK + HOLD, location],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process, open_folder(location)
    process.kill()
    process.communicate()


def test_second_driver_on_s3_is_told_who_the_first_is(quick_lease, lease_holder):
    process, folder = lease_holder
    with pytest.raises(StudyError, match=f"process {process.pid} on .* since 2"):
        hold_lock(folder).__enter__()


def test_lease_of_a_killed_owner_is_taken_over(quick_lease, lease_holder):
    process, folder = lease_holder
    process.kill()
    process.wait()
    with hold_lock(folder):
        assert folder.names() == [LOCK]
    assert folder.names() == []


def test_an_owner_that_slept_too_long_ends_when_it_wakes(quick_lease, lease_holder):
    process, folder = lease_holder
    process.send_signal(signal.SIGSTOP)
    with hold_lock(folder):
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_of_two_that_take_a_lease_at_once_one_gets_it(quick_lease, s3_bucket, tmp_path):
    folder = open_folder(f"{s3_bucket}/{tmp_path.name}")
    start, held = threading.Barrier(8), []

    def take():
        start.wait()
        with suppress(StudyError), hold_lock(folder):
            held.append(True)
            time.sleep(1)  # longer than the others try

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == [True]
