"""Faults of trials, injected for real into the workers of a running Ray."""

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest
from ray.tune import Callback

from hw3.train import recipe_for
from study.cluster.ray import Resources, connect
from study.pool.dispatch import StudySearcher
from study.pool.trainable import StudyTrial
from study.pool.tuner import MAX_FAILURES, run_pool
from study.search.choose import study_members
from study.search.optuna_trials import INFEASIBLE
from study.search.trial import Job, Setting
from study.spec.budget import Budget
from study.spec.errors import StudyError
from study.spec.study import Baseline, Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.table.columns import make_table
from study.table.summary import list_failures
from tests.made import WIDTH_SEARCH, square_splits

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


@pytest.fixture(scope="module")
def setting(data):
    return Setting(data.fingerprint, data.image_size, recipe_for(BUDGET.epochs))


class Witness(Callback):
    """Counts the epochs that trials report, by trial and epoch."""

    def __init__(self):
        self.epochs: Counter = Counter()

    def on_trial_result(self, iteration, trials, trial, result, **info):
        self.epochs[Job(**trial.config).key, result["epoch"]] += 1


def run(study, setting, data, results, concurrent=1, epoch_timeout=600.0):
    """The study's records after a run, its epochs as reported, and its searcher."""
    store = RecordStore(LocalFolder(results))
    checkpoints = CheckpointStore(LocalFolder(results / study.name / "checkpoints"))
    searcher, witness = StudySearcher(study, setting, BUDGET, {}), Witness()
    resources = Resources(1 / concurrent, 0, concurrent)
    run_pool(searcher, data, store, checkpoints, resources, epoch_timeout, [witness])
    assert not checkpoints.folder.names()
    return {record.key: record for record in store}, witness.epochs, searcher


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


def timeless(record):
    rows = [{**row, "seconds": None} for row in record.rows]
    return record.status, rows, record.test, dict(record.ingredients)


@pytest.fixture(scope="module")
def uninterrupted(cluster, data, setting, tmp_path_factory):
    records, *_ = run(SLOW, setting, data, tmp_path_factory.mktemp("whole"))
    return {key: timeless(record) for key, record in records.items()}


def test_killed_workers_trials_go_on_to_the_same_numbers(
    cluster, data, setting, uninterrupted, tmp_path
):
    """At any moment: twice while the worker starts, then within the epoch after a checkpoint."""
    rng, killed = random.Random(0), []

    def kill(ended):
        known = states(tmp_path)
        while len(killed) < 6 and not ended.wait(0.02):
            progress = states(tmp_path) - known
            if len(killed) >= 2 and not progress:
                continue
            ended.wait(rng.uniform(0.0, 0.6))
            for process in trial_processes():
                process.kill()
                killed.append(process.pid)
            known = states(tmp_path)

    with meanwhile(kill):
        records, epochs, _ = run(SLOW, setting, data, tmp_path)
    assert {key: timeless(record) for key, record in records.items()} == uninterrupted
    assert len(killed) >= 4  # the sixth may come too late
    done_again = sum(epochs.values()) - len(epochs)
    assert done_again <= len(killed)


def test_a_trial_that_is_killed_each_time_fails_and_the_others_go_on(
    cluster, data, setting, uninterrupted, tmp_path
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
        records, *_ = run(SLOW, setting, data, tmp_path)
    failed = records.pop(victim)
    assert failed.status == "failed"
    assert failed.error.count("Failure # ") == len(set(killed)) == MAX_FAILURES + 1
    assert "died" in failed.error
    assert all(timeless(record) == uninterrupted[key] for key, record in records.items())
    assert len(records) == len(uninterrupted) - 1


def test_a_trial_that_hangs_is_ended_and_goes_on(cluster, data, setting, uninterrupted, tmp_path):
    stopped = []

    def stop(ended):
        while not stopped and not ended.wait(0.1):
            if list(tmp_path.rglob("*.pt")):
                for process in trial_processes():
                    process.suspend()
                    stopped.append(process)

    started = time.monotonic()
    with meanwhile(stop):
        records, *_ = run(SLOW, setting, data, tmp_path, epoch_timeout=8.0)
    assert stopped
    assert {key: timeless(record) for key, record in records.items()} == uninterrupted
    assert time.monotonic() - started < 60
    _, alive = psutil.wait_procs(stopped, timeout=20)
    assert not alive


def test_a_trial_that_always_hangs_fails_with_the_reason(cluster, data, setting, tmp_path):
    study = replace(SLOW, points=SLOW.baselines, name="hanging")

    def stop(ended):
        begun = None
        while not ended.wait(0.02):
            jobs = [path.stat().st_mtime_ns for path in (tmp_path / "c").glob("*.json")]
            if jobs and jobs != begun:  # it has begun, for the first time or again
                begun = jobs
                for process in trial_processes():
                    process.suspend()

    budget = replace(BUDGET, seeds=1)
    store = RecordStore(LocalFolder(tmp_path))
    searcher = StudySearcher(study, setting, budget, {})
    with meanwhile(stop):
        run_pool(
            searcher,
            data,
            store,
            CheckpointStore(LocalFolder(tmp_path / "c")),
            Resources(1, 0, 1),
            2.0,
            [],
        )
    (failed,) = store
    assert failed.status == "failed"
    assert f"ended {MAX_FAILURES + 1} times, after 2 s without a report" in failed.error


def test_a_worker_that_dies_between_two_trials_costs_neither(
    cluster, data, setting, tmp_path, monkeypatch
):
    """Tune counts this death twice, and gives the next trial up."""
    mark = tmp_path / "mark"

    class Dying(StudyTrial):
        def reset(self, *arguments, **options):
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().reset(*arguments, **options)

    monkeypatch.setattr("study.pool.tuner.StudyTrial", Dying)
    study = replace(SLOW, searches=(WIDTH_SEARCH,))
    records, *_ = run(study, setting, data, tmp_path)
    assert mark.exists()
    members = study_members(study, setting, BUDGET, records)
    assert {member.record.status for member in members} <= {"complete", "stopped"}
    assert [member.record.provenance["number"] for member in members[: BUDGET.trials]] == [0, 1, 2]
    assert len(members) == BUDGET.trials + 2 * BUDGET.seeds


def test_workers_that_never_start_end_the_run_with_the_reason(
    cluster, data, setting, tmp_path, monkeypatch
):
    monkeypatch.setattr("study.pool.recorder.STARTUP", 2.0)

    def stop(ended):
        while not ended.wait(0.01):
            for process in trial_processes():
                process.suspend()

    with meanwhile(stop), pytest.raises(StudyError, match="no trial has started"):
        run(SLOW, setting, data, tmp_path, epoch_timeout=2.0)
    assert list(RecordStore(LocalFolder(tmp_path))) == []


def test_a_trial_without_memory_fails_with_its_text_and_the_others_go_on(
    cluster, data, setting, tmp_path
):
    """An address space too small for a layer of 4.3 GB: the allocation itself fails."""
    huge = Baseline("huge", "too large", "ann", {"width_1": 65536, "width_2": 16384})
    study = replace(SLOW, points=(huge, Baseline("gap", "ConvGAP", "gap", {"channels": 8})))

    def limit(ended):
        seen = set()
        while not ended.wait(0.01):
            for process in trial_processes():
                if process.pid not in seen:
                    room = process.memory_info().vms + 3 * 2**30
                    process.rlimit(psutil.RLIMIT_AS, (room, room))
                    seen.add(process.pid)

    with meanwhile(limit):
        records, *_ = run(study, setting, data, tmp_path)
    members = study_members(study, setting, BUDGET, records)
    status = {(m.candidate, m.record.status) for m in members}
    assert status == {("huge", "failed"), ("gap", "complete")}
    failures = list_failures(make_table(members))
    assert len(failures) == BUDGET.seeds
    assert failures["error"].str.contains("allocate").all()


def test_diverging_trials_end_at_once_and_the_study_goes_on(cluster, data, tmp_path):
    """A learning rate at which the loss leaves float32 in the first steps."""
    recipe = replace(recipe_for(BUDGET.epochs), learning_rate=1e30)
    setting = Setting(data.fingerprint, data.image_size, recipe)
    study = replace(SLOW, searches=(WIDTH_SEARCH,))
    records, _, searcher = run(study, setting, data, tmp_path)
    members = study_members(study, setting, BUDGET, records)
    assert {member.record.status for member in members} == {"diverged"}
    places = Counter((member.stage, member.candidate) for member in members)
    assert places == {("explore", "gap"): BUDGET.trials, ("confirm", "conv"): BUDGET.seeds}
    assert all(len(member.record.rows) == 1 for member in members)
    for trial in searcher.searches["gap"].study.trials:
        assert trial.constraints == {INFEASIBLE: 1.0}
