"""How far a run is, counted from the events that a session tells."""

import json
from dataclasses import asdict, replace

import pytest

from study.cli.counting import POINTS, Count
from study.pool.report import TrialReport
from study.search.choose import FinishedTrials
from study.search.trial import Job
from study.store.snapshot import LISTED, StageCount
from tests.made import DROPOUT_SEARCH, SETTING, STUDY, WIDTH_SEARCH, explored, plan_of


def job_of(seed, stage="explore"):
    config = DROPOUT_SEARCH.config({"dropout": 0.1})
    return Job(stage, "dropout", SETTING.ingredients("conv", config, seed))


def train(count, job, losses, status="running", host="here"):
    """Tell of these epochs, one by one; the last report."""
    rows = [{"val_loss": loss} for loss in losses]
    for done in range(1, len(rows) + 1):
        last = TrialReport(status if done == len(rows) else "running", rows[:done], host=host)
        count.on_epoch(job, last)
    return last


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Counted(Count):
    """A run with so many trials, in which none turns out to be shared."""

    def __init__(self, explore=3, confirm=2, earlier=None, plan=None):
        self.left, self.clock = {"explore": explore, "confirm": confirm}, Clock()
        super().__init__(plan or plan_of(), self.clock)
        self.expect(lambda: self.left, earlier)

    def on_end(self, job, report, status):
        self.left[job.stage] -= 1
        super().on_end(job, report, status)


def test_trials_epochs_and_the_best_full_length_loss_are_counted():
    count = Counted()
    whole, stopped, running = (job_of(seed) for seed in range(3))
    for job in (whole, stopped, running):
        count.on_start(job)
    count.on_end(whole, train(count, whole, [0.6] * 7 + [0.5], "complete"), "complete")
    count.on_end(stopped, train(count, stopped, [0.1, 0.1]), "stopped")
    train(count, running, [0.7])
    seen = count.snapshot()
    assert seen.stages == (StageCount("explore", 2, 3), StageCount("confirm", 0, 2))
    assert (seen.not_complete, seen.under_way) == ({"stopped": 1}, 1)
    assert [(best.label, best.value_text) for best in seen.best] == [("dropout", "0.500 nats")]
    assert count._epochs_left == 5 * 8 - 8 - 8 - 1  # a stopped trial leaves nothing to do


def test_failures_are_counted():
    count = Counted()
    failed = job_of(0)
    count.on_start(failed)
    count.on_end(failed, None, "failed")
    assert count.snapshot().not_complete == {"failed": 1}
    assert count._epochs_left == 4 * 8


def test_a_stage_without_trials_is_left_out():
    assert [stage.name for stage in Counted(explore=0).snapshot().stages] == ["confirm"]


def test_a_stopped_trial_that_goes_on_has_not_ended():
    count, job = Counted(), job_of(0)
    count.on_start(job)
    count.on_end(job, train(count, job, [0.5]), "stopped")
    count.left["explore"] += 1
    count.on_start(replace(job, stopped_at=1))
    seen = count.snapshot()
    assert (seen.stopped, seen.stages[0].ended, seen.under_way) == (0, 0, 1)


def test_a_run_that_resumes_counts_what_is_recorded_and_knows_the_best_of_it():
    plan = plan_of()
    records = [
        explored(WIDTH_SEARCH, 0, {"channels": 8}, [0.5] * 7 + [0.4]),
        explored(WIDTH_SEARCH, 1, {"channels": 9}, [0.3], status="stopped"),
    ]
    earlier = FinishedTrials(plan, {record.key: record for record in records})
    seen = Counted(explore=8, earlier=earlier).snapshot()
    assert seen.stages == (StageCount("explore", 2, 10), StageCount("confirm", 0, 2))
    assert [best.value for best in seen.best] == [0.4] and seen.stopped == 1
    assert seen.seconds_left is None


@pytest.mark.parametrize(("epochs", "told"), [(0, False), (1, False), (2, True)])
def test_the_time_left_is_known_after_two_epochs_of_each_trial(epochs, told):
    count = Counted()
    for job in (job_of(0), job_of(1)):
        count.on_start(job)
        if epochs:
            train(count, job, [0.9] * epochs)
    count.clock.now += 2.0
    seen = count.snapshot()
    assert (seen.seconds_left is not None) == told
    if told:
        assert seen.epochs_per_second == 2.0
        assert seen.seconds_left == (5 * 8 - 4) / 2.0


def test_epochs_that_were_lost_with_a_worker_are_counted():
    count, job = Counted(), job_of(0)
    count.on_start(job)
    train(count, job, [0.9, 0.8, 0.7])
    for epochs in (2, 3, 4):  # its checkpoint was of the first epoch
        count.on_epoch(job, TrialReport("running", [{"val_loss": 0.9}] * epochs))
    assert count.snapshot().repeated == 2
    assert count._epochs_left == 5 * 8 - 4


def test_a_trial_under_way_has_its_score_its_curve_and_its_host():
    count, job = Counted(), replace(job_of(0), number=4)
    count.on_start(job)
    assert count.snapshot().running[0].host is None
    train(count, job, [0.9, None, 0.7, 0.5])
    (trial,) = count.snapshot().running
    assert (trial.stage, trial.label, trial.number) == ("explore", "dropout", 5)
    assert (trial.epoch, trial.epochs, trial.score_text) == (4, 8, "0.500 nats")
    assert trial.curve == (1.0, None, 0.5, 0.0)
    assert count.snapshot().workers == {"here": 1}


def test_trainings_as_one_have_one_worker():
    count = Counted()
    for seed, fused in enumerate([3, 3, 3, 1]):
        job = job_of(seed, "confirm")
        count.on_start(job)
        count.on_epoch(job, TrialReport("running", [{"val_loss": 0.5}], host="here", fused=fused))
    assert count.snapshot().workers == {"here": 2}


@pytest.mark.parametrize("stage", ["confirm", "timing"])
def test_a_confirmed_training_shows_no_score_before_its_claims_are_looked_at(stage):
    count = Counted()
    (seed,) = SETTING.confirm_seeds(1)
    job = job_of(seed, stage)
    count.on_start(job)
    train(count, job, [0.91, 0.57])
    (trial,) = count.snapshot().running
    assert (trial.score, trial.score_text, trial.curve) == (None, "", ())
    assert (trial.number, trial.epoch) == (1, 2)
    assert not any(text in json.dumps(asdict(count.snapshot())) for text in ("0.91", "0.57"))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_a_score_that_is_no_number_is_none(bad):
    count, job = Counted(), job_of(0)
    count.on_start(job)
    train(count, job, [bad, bad], "complete")
    seen = count.snapshot()
    assert seen.running[0].score is None and seen.running[0].curve == (None, None)
    assert seen.best == ()
    json.dumps(asdict(seen), allow_nan=False)


def test_a_snapshot_stays_small_however_many_trials_run_for_however_long():
    count = Counted(explore=1000)
    for seed in range(1000):
        job = job_of(seed)
        count.on_start(job)
        count.on_epoch(job, TrialReport("running", [{"val_loss": 1 / (n + 1)} for n in range(500)]))
    seen = count.snapshot()
    assert (seen.under_way, len(seen.running)) == (1000, LISTED)
    curve = seen.running[0].curve
    assert (len(curve), curve[0], curve[-1]) == (POINTS, 1.0, 0.0)
    assert len(json.dumps(asdict(seen))) < 30_000


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (None, "finished", ""),
        (KeyboardInterrupt(), "interrupted", ""),
        (
            ValueError("s3://me:secret@bucket\n does not answer"),
            "failed",
            "s3://me:***@bucket does",
        ),
        (MemoryError(), "failed", "MemoryError"),
    ],
)
def test_a_run_ends_as_its_error_says(error, state, said):
    count = Counted()
    count.end_training()
    count.end(error)
    seen = count.snapshot()
    assert seen.state == state and said in seen.error and "secret" not in seen.error
    assert seen.study == STUDY.name
