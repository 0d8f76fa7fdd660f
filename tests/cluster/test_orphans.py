import os
import subprocess
import sys

import pytest

from study.cluster.orphans import DRIVER, end_orphans, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def left_by():
    """Starts a process as that driver's Ray does."""
    begun = []

    def start(driver):
        begun.append(subprocess.Popen(["sleep", "600"], env=os.environ | {DRIVER: driver}))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def test_what_a_dead_driver_left_is_ended_and_what_a_living_one_uses_is_not(left_by):
    number, _, started = this_process().partition("@")
    reused = left_by(f"{number}@{int(started) - 1}")  # another process has its number now
    used = left_by(this_process())
    unknown = left_by("")
    end_orphans()
    assert reused.wait(10) == -9
    assert (used.poll(), unknown.poll()) == (None, None)
