"""Confirmations that are trained as one: chosen, trained, recorded and resumed each for itself."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from hw3 import engines
from hw3.engine import recipe_for
from hw3.engines import ENGINE
from hw3.fused import train_fused
from hw3.models import FAMILIES
from hw3.numerics import Numerics
from hw3.shape import grey_images
from study.pool.dispatch import Dispatcher
from study.pool.fusing import FusedSeeds
from study.pool.inline import run_inline
from study.pool.report import TrialReport
from study.pool.tune_adapters import SessionCallback
from study.pool.tune_messages import config_of, result_of
from study.pool.worker import Worker
from study.search.choose import FinishedTrials
from study.search.code import resampling_digest
from study.search.trial import Job, Setting
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from tests.made import WIDTH_SEARCH, plan_of, square_splits
from tests.sessions import plan_on, run_session

SEEDS, EPOCHS = range(3), 4
ROUNDING = 1e-4  # relative, of losses after a few epochs in float32
SMALL = Baseline("small", "Small", "conv", {"channels": 4, "hidden": 8, "dropout_hidden": 0.3})
OTHER = Baseline("other", "Other", "ann", {"width_1": 8, "width_2": 4})
TWO = Study("two", "Two", "Which?", (SMALL, OTHER), figures=())
BUDGET = Budget(trials=1, epochs=EPOCHS, seeds=4, image_size=16)
THREE_AT_MOST = FusedSeeds(3, None, None, grey_images(16), 112)


@pytest.fixture(scope="module")
def data():
    return square_splits()


@pytest.fixture
def every_epoch(monkeypatch):
    """A checkpoint after each epoch."""
    monkeypatch.setattr("study.store.checkpoints.COST_SHARE", math.inf)


def jobs_of(data, family="conv", resampled=False, numerics=None):
    recipe = recipe_for(EPOCHS)
    setting = Setting(data.fingerprint, data.image_size, recipe, numerics or Numerics())
    if resampled:
        setting = replace(setting, resampling=resampling_digest())
    config = {"conv": SMALL.config, "ann": OTHER.config}[family]
    return [
        Job("confirm", "p", setting.confirm_ingredients(family, config, seed)) for seed in SEEDS
    ]


def worker_of(data, jobs, checkpoints=None, **parts):
    worker = Worker(data.without_test(), lambda: data.test, checkpoints=checkpoints, **parts)
    worker.begin(*jobs)
    return worker


def run(worker):
    """The last report of each job, by key."""
    last = {}
    while not worker.is_over:
        told = zip(worker.jobs, worker.train_epoch(), strict=True)
        last |= {job.key: report for job, report in told if report is not None}
    return last


def losses(report):
    rows = [[row["train_loss"], row["val_loss"]] for row in report.rows]
    scores = [score["loss"] for score in (*report.val, *report.test)]
    return [loss for row in rows for loss in row] + scores


def check_as_alone(data, reports, jobs, rounding=ROUNDING):
    for job in jobs:
        (alone,) = run(worker_of(data, [job])).values()
        assert reports[job.key].status == alone.status == "complete"
        assert losses(reports[job.key]) == pytest.approx(losses(alone), rel=rounding)
        assert alone.test and len(alone.rows) == EPOCHS


@pytest.mark.parametrize("family", ["conv", "ann"])
@pytest.mark.parametrize("resampled", [False, True])
def test_each_report_is_that_of_the_training_alone(data, family, resampled):
    jobs = jobs_of(data, family, resampled)
    reports = run(worker_of(data, jobs))
    assert [report.fused for report in reports.values()] == [len(jobs)] * len(jobs)
    check_as_alone(data, reports, jobs)


def test_killed_trials_go_on_alone_or_as_one_with_others(data, tmp_path, every_epoch):
    first, second, third = jobs = jobs_of(data)
    folder = LocalFolder(tmp_path)
    killed = worker_of(data, [first, second], folder)
    for _ in range(3):
        killed.train_epoch()
    reports = run(worker_of(data, [first], folder)) | run(worker_of(data, [third, second], folder))
    assert [reports[job.key].fused for job in jobs] == [2, 2, 2]
    check_as_alone(data, reports, jobs)


def test_a_checkpoint_holds_its_own_trial_alone(data, tmp_path, every_epoch):
    """Tensors of trainings as one are parts of larger ones, which would be saved whole."""
    jobs = jobs_of(data)
    for name, group in {"alone": jobs[:1], "fused": jobs}.items():
        worker = worker_of(data, group, LocalFolder(tmp_path / name))
        for _ in range(3):
            worker.train_epoch()
    alone, fused = (
        (tmp_path / name / f"{jobs[0].key}.pt").stat().st_size for name in ("alone", "fused")
    )
    assert fused == pytest.approx(alone, rel=0.1)
    assert len(list(CheckpointStore(LocalFolder(tmp_path / "fused")).jobs(dict))) == len(jobs)


def test_one_that_diverges_ends_alone(data):
    jobs = jobs_of(data)
    worker = worker_of(data, jobs)
    worker.train_epoch()
    with torch.no_grad():
        next(worker._trials[1].model.parameters()).fill_(math.nan)
    reports = worker.train_epoch()
    assert [report and report.status for report in reports] == ["running", "diverged", "running"]
    assert [report and report.status for report in worker.train_epoch()] == [
        "running",
        None,
        "running",
    ]
    assert {report.status for report in run(worker).values()} == {"complete"}


def test_want_of_gpu_memory_is_one_clear_error_and_not_tried_again(data, tmp_path, monkeypatch):
    def train(trainings, splits):
        epochs = train_fused(trainings, splits)
        yield next(epochs)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(engines, "ENGINE", replace(ENGINE, train_together=train))
    plan = plan_on(replace(TWO, baselines=(SMALL,)), data, BUDGET)
    trials, _ = run_session(plan, data, tmp_path, fusing=replace(THREE_AT_MOST, most=4))
    assert len(trials.records) == BUDGET.seeds
    for record in trials.records.values():
        assert record.status == "failed" and len(record.rows) == 1
        assert record.error.count("Failure # ") == 1
        said = record.error.strip().splitlines()[-1]
        assert "GpuMemoryError: a trial ran out of GPU memory" in said and "--fuse" in said


def test_want_of_gpu_memory_before_all_have_begun_ends_all(data, monkeypatch):
    begun = []

    def start(*given):
        begun.append(given)
        if len(begun) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return ENGINE.start(*given)

    monkeypatch.setattr(engines, "ENGINE", replace(ENGINE, start=start))
    worker = worker_of(data, jobs_of(data))
    reports = worker.train_epoch()
    assert worker.is_over and [report.status for report in reports] == ["failed"] * 3


def test_jobs_that_do_not_fit_on_their_share_are_not_begun(data, monkeypatch):
    monkeypatch.setattr("study.pool.gpu_memory.memory_share", lambda _share: 1000)
    monkeypatch.setattr("study.pool.gpu_memory.describe_share", lambda _share: "0.5 of a GPU")
    on_gpu = [
        replace(job, ingredients=job.ingredients | {"numerics": {"device": "cuda"}})
        for job in jobs_of(data)
    ]
    worker = worker_of(data, on_gpu)
    reports = worker.train_epoch()
    assert worker.is_over
    assert [report.status for report in reports] == ["failed"] * len(on_gpu)
    assert "p, 3 trainings as one, needs about" in reports[0].error
    assert "0.5 of a GPU" in reports[0].error


def groups_of(fusing, **changes):
    """The groups in which all jobs are handed out."""
    dispatcher = Dispatcher(FinishedTrials(plan_of(TWO, budget=replace(BUDGET, **changes)), {}))
    groups = []
    while (job := dispatcher.next_job()) is not None:
        groups.append([job, *dispatcher.next_like(job, fusing)])
    return groups


@pytest.mark.parametrize(
    ("most", "workers", "sizes"),
    [
        (16, None, [6, 6]),
        (4, None, [4, 2, 4, 2]),
        (16, 1, [6, 6]),
        (16, 4, [3, 3, 2, 1, 1, 1, 1]),  # of 12, 9, 6, 4, 3, 2 and 1 that wait
        (16, 12, [1] * 12),
        (1, None, [1] * 12),
    ],
)
def test_groups_are_of_one_candidate_and_leave_no_worker_without_work(most, workers, sizes):
    groups = groups_of(replace(THREE_AT_MOST, most=most, workers=workers), seeds=6)
    assert [len(group) for group in groups] == sizes
    assert all(len({job.candidate for job in group}) == 1 for group in groups)
    jobs = [job for group in groups for job in group]
    assert len({job.key for job in jobs}) == len(jobs) == 12


def test_no_more_are_chosen_than_fit_in_memory(monkeypatch):
    monkeypatch.setattr(
        "study.pool.fusing.fitting_together", lambda *given: min(given[-1], given[-2] // 10)
    )
    for memory, sizes in ((25, [2, 2, 2, 2]), (5, [1] * 8), (1000, [4, 4])):
        groups = groups_of(FusedSeeds(16, None, memory, grey_images(16), 112))
        assert [len(group) for group in groups] == sizes


def test_models_of_an_engine_that_cannot_are_trained_alone(monkeypatch):
    engine = replace(ENGINE, train_together=None)
    monkeypatch.setitem(FAMILIES, "ann", replace(FAMILIES["ann"], engine=engine))
    assert [len(group) for group in groups_of(THREE_AT_MOST)] == [3, 1, 1, 1, 1, 1]


def test_explored_trials_are_alone():
    study = replace(TWO, baselines=(), searches=(WIDTH_SEARCH,))
    dispatcher = Dispatcher(FinishedTrials(plan_of(study), {}))
    job = dispatcher.next_job()
    assert job is not None and job.stage == "explore"
    assert dispatcher.next_like(job, THREE_AT_MOST) == []


def check_records(data, results, execute=run_inline):
    """Of a study with fused trainings: those of one without, to rounding."""
    plan = plan_on(TWO, data, BUDGET)
    alone, _ = run_session(plan, data, results / "alone")
    fused, _ = run_session(plan, data, results / "fused", execute, fusing=THREE_AT_MOST)
    assert fused.records.keys() == alone.records.keys()
    for key, record in fused.records.items():
        assert losses(record) == pytest.approx(losses(alone.records[key]), rel=ROUNDING)
    counts = sorted(record.provenance.get("fused", 1) for record in fused.records.values())
    assert counts == [1, 1, 3, 3, 3, 3, 3, 3]


def test_a_study_in_one_process_records_each_training_for_itself(data, tmp_path):
    check_records(data, tmp_path)


class Told:
    """A session that notes what it is told."""

    failure = None

    def __init__(self):
        self.heard = []

    def __getattr__(self, name):
        return lambda job, *given: self.heard.append((name, job.ingredients["seed"], *given))


def test_what_has_ended_is_not_told_of_again_when_its_trial_is_tried_again(data):
    """As where a host dies after one of its trainings diverged: Tune begins with all of them."""
    session, jobs = Told(), jobs_of(data)[:2]
    callback = SessionCallback(session, lambda _trial: "")
    trial = SimpleNamespace(trial_id="a", config=config_of(jobs), error_file=None)
    trial.should_recover = lambda: False
    going, diverged = TrialReport("running", [{}]), TrialReport("diverged", [{}])
    callback.on_trial_start(0, [], trial)
    callback.on_trial_result(0, [], trial, result_of([going, diverged], False))
    assert session.heard[-1] == ("end", 1, diverged, None)
    del session.heard[:]
    callback.on_trial_start(0, [], trial)
    callback.on_trial_result(0, [], trial, result_of([going, diverged], False))
    assert session.heard == [("start", 0), ("report", 0, going)]
    callback.on_trial_error(0, [], trial)
    assert session.heard[2:] == [("end", 0, going, "no message")]
