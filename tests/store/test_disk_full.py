"""A disk that is full: one clear end, nothing finished is lost, and with room it resumes."""

import subprocess

import pandas as pd
import pytest

from tests.runs import finish, table_of

pytestmark = pytest.mark.xdist_group("crash")  # one uninterrupted run for all


def test_a_full_disk_ends_the_run_and_with_room_the_same_command_resumes(
    tmp_path, small_disk, whole_run
):
    """Full for records first, then for checkpoints, then for figures; results at a relative path
    with spaces, each folder a file system of its own."""
    results = "andere Platte/Ergebnisse ü"
    trials = tmp_path / results / "trials"
    seen = {}
    for folder, kibibytes, suffix in (
        ("trials", 48, ".json"),  # first: what is there already, a file system would hide
        ("task_c/checkpoints", 24, ".pt"),
        ("task_c/figures", 24, ".png"),
    ):
        disk = small_disk(kibibytes, tmp_path / results / folder)
        code, errors = finish(results, cwd=tmp_path)
        assert code == 1
        assert errors.startswith("error: ") and "Traceback" not in errors
        assert "to be written" in errors and "missing" in errors
        assert f"{results}/{folder}/" in errors and suffix in errors
        records = {path: path.read_bytes() for path in trials.glob("*.json")}
        assert seen.items() <= records.items()
        seen = records
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
    assert len(seen) == whole_run["key"].nunique()
    assert finish(results, cwd=tmp_path) == (0, "")
    pd.testing.assert_frame_equal(table_of(tmp_path / results), whole_run)
    assert {path: path.read_bytes() for path in trials.glob("*.json")} == seen
