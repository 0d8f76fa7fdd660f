"""kill -9 to a real run: the same command resumes, and the end is what it would have been."""

import pandas as pd
import pytest

from study.store.open import open_folder
from tests.runs import finish, kill_worker, started, table_of, wait_for

pytestmark = pytest.mark.xdist_group("crash")  # one uninterrupted run for all


def in_the_middle_of_a_trial(results, finished):
    """Whether so many trials are recorded, and another is under way and has a state."""
    records = open_folder(results) / "trials"
    states = open_folder(results) / "task_c" / "checkpoints"

    def condition():
        kept = {name.split(".")[0] for name in records.names(".json")}
        under_way = {name.split(".")[0] for name in states.names(".pt")}
        return len(kept) >= finished and bool(under_way - kept)

    return condition


def contents(results):
    """The records, each as it lies there."""
    records = open_folder(results) / "trials"
    return {name: records.read(name) for name in records.names(".json")}


def kill(results, finished, workers="inline"):
    """Kill the driver in the middle; the records that it left."""
    with started(results, workers) as run:
        wait_for(in_the_middle_of_a_trial(results, finished), run)
    return contents(results)


def check_end(results, before, whole_run):
    """The end is the uninterrupted one, and what was recorded was not touched."""
    after = contents(results)
    assert {name: after[name] for name in before} == before
    assert (open_folder(results) / "task_c" / "checkpoints").names() == []
    pd.testing.assert_frame_equal(table_of(results), whole_run)


def test_a_killed_study_ends_as_if_it_had_not_been(tmp_path, whole_run):
    before = kill(tmp_path, 3)
    assert finish(tmp_path) == (0, "")
    check_end(tmp_path, before, whole_run)


@pytest.mark.ray
def test_a_study_on_ray_that_loses_driver_and_worker_ends_as_one_in_one_process(
    tmp_path, whole_run
):
    before = kill(tmp_path, 1, "ray")
    with started(tmp_path, "ray") as run:
        wait_for(in_the_middle_of_a_trial(tmp_path, 2), run)
        wait_for(lambda: kill_worker(run) == 1, run)
        assert run.wait(200) == 0
    check_end(tmp_path, before, whole_run)


def test_a_study_on_s3_resumes_and_ends_as_one_on_a_disk(s3_bucket, whole_run):
    results = f"{s3_bucket}/Ergebnisse mit ü"
    assert finish(results, seeds=1) == (0, "")
    before = contents(results)
    assert finish(results) == (0, "")
    check_end(results, before, whole_run)
