"""The lock on a study folder, with real processes."""

import signal
import subprocess
import sys

import pytest

from study.lock import LOCK, hold_lock
from study.spec import StudyError
from study.storage import LocalFolder

HOLD = """
import sys
from study.lock import hold_lock
from study.storage import open_folder
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
