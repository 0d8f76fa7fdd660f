"""Other processes that hold a lock."""

import subprocess
import sys

import pytest

from study.store.open import open_folder

QUICK = """
from study.store import lock
lock.RENEWED_EVERY = 0.2
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
