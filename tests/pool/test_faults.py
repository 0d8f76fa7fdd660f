"""Faults of trials, injected for real into the workers of a running Ray."""

import math
import os
import random
import signal
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest
import torch

from hw3.shape import grey_images
from study.cluster.ray import connect
from study.pool.fusing import FusedSeeds, no_fusing
from study.pool.session import MAX_RETRIES
from study.pool.trainable import StudyTrial
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import Study
from study.table.members import study_members
from tests.made import WIDTH_SEARCH, square_splits
from tests.sessions import on_ray, plan_on, run_session

pytestmark = pytest.mark.ray
BUDGET = Budget(trials=3, epochs=4, seeds=2, image_size=32)
# Epochs of half a second, fifty times what a checkpoint of theirs takes.
SLOW = Study("slow", "Slow", "?", (Baseline("conv", "ConvModel", "conv", {}),), (), ())


@pytest.fixture(scope="module")
def cluster():
    with connect(None, verbose=False):
        yield


@pytest.fixture(scope="module")
def data():
    return square_splits(train=400, val=100, size=32)


class Witness:
    """Counts the epochs that trials report, by trial and epoch."""

    def __init__(self):
        self.epochs: Counter = Counter()

    def on_start(self, job):
        """Not counted."""

    def on_epoch(self, job, report):
        self.epochs[job.key, len(report.rows)] += 1

    def on_end(self, job, report, status):
        """Not counted."""


def run(study, data, results, budget=BUDGET, epoch_timeout=600.0, fusing=no_fusing):
    """The study's trials after a run on Ray, and its epochs as reported."""
    witness, plan = Witness(), plan_on(study, data, budget)
    execute = on_ray(epoch_timeout=epoch_timeout)
    trials, _ = run_session(plan, data, results, execute, [witness], fusing)
    return trials, witness.epochs


def trial_processes():
    """The processes in which trials run, as a stranger sees them."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "Trainable" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue  # it ended meanwhile
    return found


@contextmanager
def meanwhile(act):
    """Call `act(ended)` beside the run; `ended` is an event."""
    ended = threading.Event()
    thread = threading.Thread(target=act, args=(ended,))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def states(results):
    """Every state of a trial that was ever whole, by name and time."""
    found = set()
    for path in results.rglob("*.pt"):
        try:
            found.add((path.name, path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue  # its trial has ended
    return found


def outcome(record):
    rows = [{**row, "seconds": None} for row in record.rows]
    return record.status, rows, record.test, dict(record.ingredients)


def outcomes(trials):
    return {key: outcome(record) for key, record in trials.records.items()}


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    """What one process gives, without Ray."""
    results = tmp_path_factory.mktemp("whole")
    return outcomes(run_session(plan_on(SLOW, data, BUDGET), data, results)[0])


def test_killed_workers_trials_go_on_to_the_same_numbers(cluster, data, uninterrupted, tmp_path):
    """At any moment: twice while the worker starts, then within the epoch after a checkpoint."""
    rng, killed = random.Random(0), []

    def kill(ended):
        known = states(tmp_path)
        while len(killed) < 4 and not ended.wait(0.02):
            progress = states(tmp_path) - known
            if len(killed) >= 2 and not progress:
                continue
            ended.wait(rng.uniform(0.0, 0.6))
            for process in trial_processes():
                process.kill()
                killed.append(process.pid)
            known = states(tmp_path)

    with meanwhile(kill):
        trials, epochs = run(SLOW, data, tmp_path)
    assert outcomes(trials) == uninterrupted
    assert len(killed) >= 3  # the fourth may come too late
    done_again = sum(epochs.values()) - len(epochs)
    assert done_again <= len(killed)


def test_killed_trials_that_were_trained_as_one_go_on_as_one(
    cluster, data, uninterrupted, tmp_path
):
    killed = []

    def kill(ended):
        while not killed and not ended.wait(0.02):
            if len({name for name, _ in states(tmp_path)}) >= BUDGET.seeds:
                for process in trial_processes():
                    process.kill()
                    killed.append(process.pid)

    as_one = FusedSeeds(BUDGET.seeds, 1, None, grey_images(32), 600)
    with meanwhile(kill):
        trials, epochs = run(SLOW, data, tmp_path, fusing=as_one)
    assert killed and trials.records.keys() == uninterrupted.keys()
    for key, record in trials.records.items():
        status, rows, *_ = uninterrupted[key]
        assert record.status == status and record.provenance["fused"] == BUDGET.seeds
        expected = [row["val_loss"] for row in rows]
        assert [row["val_loss"] for row in record.rows] == pytest.approx(expected, rel=1e-3)
    assert 0 <= sum(epochs.values()) - len(epochs) <= BUDGET.seeds  # an epoch of each at most


def test_killed_trials_go_on_without_one_that_had_diverged(cluster, data, tmp_path, monkeypatch):
    begun = tmp_path / "begun"

    class Dying(StudyTrial):
        """Loses a training in its second epoch, and in its third the process."""

        def step(self):
            trials = self._worker._trials
            if len(trials) == 3:
                with torch.no_grad():
                    next(trials[0].model.parameters()).fill_(math.nan)
            elif trials and not begun.exists():
                begun.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            elif begun.exists():
                begun.write_text(str(len(self._worker.jobs)))
            return super().step()

    monkeypatch.setattr("study.pool.tuner.StudyTrial", Dying)
    as_one = FusedSeeds(3, 1, None, grey_images(32), 600)
    trials, _ = run(SLOW, data, tmp_path / "r", replace(BUDGET, seeds=3), fusing=as_one)
    found = sorted(record.status for record in trials.records.values())
    assert found == ["complete", "complete", "diverged"]
    assert begun.read_text() == "2"


def test_a_trial_that_is_killed_each_time_fails_and_the_others_go_on(
    cluster, data, uninterrupted, tmp_path
):
    """As by the operating system where memory is short: no word, no progress."""
    victim = next(iter(uninterrupted))
    job = tmp_path / "slow" / "checkpoints" / f"{victim}.json"
    killed = []

    def kill(ended):
        while not ended.wait(0.02):
            if job.exists():  # it has begun; it must not reach the end of its first epoch
                for process in trial_processes():
                    process.kill()
                    killed.append(process.pid)

    with meanwhile(kill):
        trials, _ = run(SLOW, data, tmp_path)
    failed = trials.records.pop(victim)
    assert failed.status == "failed"
    assert failed.error.count("Failure # ") == len(set(killed)) == MAX_RETRIES + 1
    assert "died" in failed.error
    assert outcomes(trials).items() < uninterrupted.items()
    assert len(trials.records) == len(uninterrupted) - 1


def test_a_trial_that_hangs_is_ended_and_goes_on(cluster, data, uninterrupted, tmp_path):
    stopped = []

    def stop(ended):
        while not stopped and not ended.wait(0.1):
            if list(tmp_path.rglob("*.pt")):
                for process in trial_processes():
                    process.suspend()
                    stopped.append(process)

    with meanwhile(stop):
        trials, _ = run(SLOW, data, tmp_path, epoch_timeout=15.0)
    assert stopped
    assert outcomes(trials) == uninterrupted
    _, alive = psutil.wait_procs(stopped, timeout=20)
    assert not alive


def test_a_worker_that_dies_between_two_trials_costs_neither(cluster, data, tmp_path, monkeypatch):
    """Tune counts this death twice, and gives the next trial up."""
    mark = tmp_path / "mark"

    class Dying(StudyTrial):
        def reset(self, *arguments, **options):
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().reset(*arguments, **options)

    monkeypatch.setattr("study.pool.tuner.StudyTrial", Dying)
    trials, _ = run(replace(SLOW, searches=(WIDTH_SEARCH,)), data, tmp_path)
    assert mark.exists()
    members = study_members(trials)
    assert {member.record.status for member in members} <= {"complete", "stopped"}
    assert [member.record.provenance["number"] for member in members[: BUDGET.trials]] == [0, 1, 2]
    assert len(members) == BUDGET.trials + 2 * BUDGET.seeds
