"""kill -9 to a real run: the same command resumes, and the end is what it would have been."""

import subprocess

import pandas as pd
import psutil
import pytest

from study.cluster.orphans import end_orphans
from study.cluster.ray import connect
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


@pytest.mark.ray
@pytest.mark.parametrize("server", ["gcs_server", "raylet"])
def test_the_death_of_rays_servers_is_one_sentence_and_the_same_command_resumes(tmp_path, server):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with started(tmp_path, "ray", epochs=2000, **pipes) as run:
        wait_for(in_the_middle_of_a_trial(tmp_path, 0), run)
        processes = run.children(recursive=True)
        for process in processes:
            if process.name() == server:
                process.kill()
        output, _ = run.communicate(timeout=55)
    assert run.returncode == 1
    assert output.count("error: ") == 1 and "Run the same command again" in output
    assert not any(text in output for text in ("Traceback", "state-dump", "rpc_client")), output
    end_orphans()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


@pytest.mark.ray
def test_the_next_run_ends_what_a_killed_driver_left_of_ray(tmp_path):
    with started(tmp_path, "ray", epochs=2000) as run:
        wait_for(in_the_middle_of_a_trial(tmp_path, 0), run)
        processes = run.children(recursive=True)
        run.kill()
        run.wait()
    with connect(None, verbose=False):
        _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


def test_a_study_on_s3_resumes_and_ends_as_one_on_a_disk(s3_bucket, whole_run):
    results = f"{s3_bucket}/Ergebnisse mit ü"
    assert finish(results, seeds=1) == (0, "")
    before = contents(results)
    assert finish(results) == (0, "")
    check_end(results, before, whole_run)
