"""The same study on a real Ray."""

import dataclasses
import os
import time

import pytest

from study.cluster.ray import connect
from study.pool.trainable import StudyTrial
from study.spec.budget import Budget
from tests.made import STUDY, square_splits
from tests.pool.test_fusing import check_records
from tests.sessions import on_ray, plan_on, run_session, timeless

BUDGET = Budget(trials=4, epochs=4, seeds=2, image_size=16)
pytestmark = pytest.mark.ray


@pytest.fixture(scope="module", autouse=True)
def running_ray():
    with connect(None, verbose=False):
        yield


@pytest.fixture(scope="module")
def data():
    return square_splits()


def test_ray_gives_the_records_that_one_process_gives(data, tmp_path):
    """One trial at a time, so that the search sees the same trials in the same order."""
    plan = plan_on(STUDY, data, BUDGET)
    inline, _ = run_session(plan, data, tmp_path / "inline")
    spread, _ = run_session(plan, data, tmp_path / "ray", on_ray())
    assert {key: timeless(record) for key, record in spread.records.items()} == {
        key: timeless(record) for key, record in inline.records.items()
    }


def test_confirmations_as_one_are_recorded_each_for_itself(data, tmp_path):
    check_records(data, tmp_path, on_ray(2))


def test_a_worker_that_starts_late_is_waited_for(data, tmp_path, monkeypatch):
    """Trials end all the while; none of them may cost the second worker its start."""
    first = tmp_path / "first"

    class SlowToStart(StudyTrial):
        def setup(self, config, **parts):
            (tmp_path / f"{os.getpid()}.worker").touch()
            try:
                first.touch(exist_ok=False)
            except FileExistsError:
                time.sleep(4)
            super().setup(config, **parts)

    monkeypatch.setattr("study.pool.tuner.StudyTrial", SlowToStart)
    study = dataclasses.replace(STUDY, searches=())
    many = dataclasses.replace(BUDGET, seeds=30)
    trials, _ = run_session(plan_on(study, data, many), data, tmp_path / "r", on_ray(2, cpus=1))
    assert len(trials.records) == many.seeds
    assert len(list(tmp_path.glob("*.worker"))) <= 2
