import subprocess
import sys
from pathlib import Path

import pytest

from study.pool.scratch import scratch_folder

ROOT = Path(__file__).parents[2]
HOLD = """
from study.pool.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield tmp_path
    monkeypatch.setattr("tempfile.tempdir", None)


def test_a_killed_runs_folder_goes_with_the_next_run_and_a_living_ones_stays(temporary):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, **pipes) as run:
        held = Path(run.stdout.readline().strip())
        with scratch_folder() as own:
            assert set(temporary.iterdir()) == {held, own}
        run.kill()
        run.wait()
    assert list(temporary.iterdir()) == [held]
    with scratch_folder() as own:
        assert list(temporary.iterdir()) == [own]
    assert list(temporary.iterdir()) == []


def test_another_folder_of_a_similar_name_stays(temporary):
    others = [temporary / "study-tune-notes.txt", temporary / "study-tuned"]
    others[0].touch()
    others[1].mkdir()
    with scratch_folder():
        assert all(other.exists() for other in others)
