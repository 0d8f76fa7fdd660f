"""kill -9 to a real run: the same command goes on, and the end is what it would have been."""

import pandas as pd
import pytest

from study.store.folder import open_folder
from tests.runs import finish, kill_worker, started, table_of, wait_for

pytestmark = pytest.mark.ray


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
    return dict((open_folder(results) / "trials").read_all(".json"))


def kill_and_finish(results, finished, whole_run):
    """Kill the driver in the middle; go on, and lose the worker in the middle of the next trial."""
    with started(results) as run:
        wait_for(in_the_middle_of_a_trial(results, finished), run)
    before = contents(results)
    with started(results) as run:
        wait_for(in_the_middle_of_a_trial(results, finished + 1), run)
        wait_for(lambda: kill_worker(run) == 1, run)
        assert run.wait(200) == 0
    after = contents(results)
    assert {name: after[name] for name in before} == before
    assert (open_folder(results) / "task_c" / "checkpoints").names() == []
    pd.testing.assert_frame_equal(table_of(results), whole_run)


@pytest.mark.parametrize("finished", [0, 5], ids=lambda n: f"{n} trials finished")
def test_a_killed_study_ends_as_if_it_had_not_been(tmp_path, whole_run, finished):
    kill_and_finish(tmp_path, finished, whole_run)


def test_a_killed_study_on_s3_ends_as_if_it_had_not_been(s3_bucket, whole_run):
    results = f"{s3_bucket}/Ergebnisse mit ü"
    kill_and_finish(results, 1, whole_run)
    code, errors = finish(results)  # nothing is left to be trained
    assert (code, errors) == (0, "")


def test_relative_results_with_spaces_on_another_file_system(tmp_path, small_disk, whole_run):
    small_disk(20_000, tmp_path / "andere Platte")
    assert finish("andere Platte/Ergebnisse ü", cwd=tmp_path)[0] == 0
    pd.testing.assert_frame_equal(table_of(tmp_path / "andere Platte/Ergebnisse ü"), whole_run)
