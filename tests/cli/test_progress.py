"""What the terminal shows while a study runs, told the events that a session tells."""

import io

import pytest
from rich.console import Console

from study.cli.progress import Progress
from study.pool.worker import TrialReport
from study.search.trial import Job
from tests.made import DROPOUT_SEARCH, SETTING, plan_of


def job_of(seed, stage="explore"):
    config = DROPOUT_SEARCH.config({"dropout": 0.1})
    return Job(stage, "dropout", SETTING.ingredients("conv", config, seed))


def train(progress, job, losses, status="running"):
    """Tell of these epochs, one by one; the last report."""
    rows = [{"val_loss": loss} for loss in losses]
    for done in range(1, len(rows) + 1):
        last = TrialReport(status if done == len(rows) else "running", rows[:done])
        progress.on_epoch(job, last)
    return last


def text_of(events):
    """What a terminal-less run prints at its end after these events."""
    output = io.StringIO()
    console = Console(file=output, width=200)
    with Progress(console, plan_of(), {"explore": 3, "confirm": 2}) as progress:
        events(progress)
        left = progress._epochs_left
    return output.getvalue(), left


def test_progress_counts_trials_epochs_and_the_best_full_length_loss():
    def events(progress):
        whole, stopped, running = (job_of(seed) for seed in range(3))
        for job in (whole, stopped, running):
            progress.on_start(job)
        progress.on_end(whole, train(progress, whole, [0.6] * 7 + [0.5], "complete"), "complete")
        progress.on_end(stopped, train(progress, stopped, [0.1, 0.1]), "stopped")
        train(progress, running, [0.7])

    text, left = text_of(events)
    assert "explore 2/3, confirm 0/2, 1 stopped, 1 running" in text
    assert "best dropout 0.500 nats" in text
    assert left == 5 * 8 - 8 - 8 - 1  # a stopped trial leaves nothing to do


def test_progress_counts_failures():
    def events(progress):
        failed = job_of(0)
        progress.on_start(failed)
        progress.on_end(failed, None, "failed")

    text, left = text_of(events)
    assert "1 failed" in text
    assert left == 4 * 8


@pytest.mark.parametrize(("epochs", "told"), [(0, False), (1, False), (2, True)])
def test_the_time_left_is_told_after_two_epochs_of_each_trial(epochs, told):
    def events(progress):
        for job in (job_of(0), job_of(1)):
            progress.on_start(job)
            if epochs:
                train(progress, job, [0.9] * epochs)

    assert ("unknown" not in text_of(events)[0]) == told


def test_progress_says_how_many_epochs_were_lost_with_a_worker():
    def events(progress):
        job = job_of(0)
        progress.on_start(job)
        train(progress, job, [0.9, 0.8, 0.7])
        for epochs in (2, 3, 4):  # its checkpoint was of the first epoch
            progress.on_epoch(job, TrialReport("running", [{"val_loss": 0.9}] * epochs))

    text, left = text_of(events)
    assert "\n2 epochs were trained twice" in text
    assert left == 5 * 8 - 4
    assert "twice" not in text_of(lambda progress: None)[0]


@pytest.mark.parametrize(("rate", "said"), [(0.084, "0.084"), (3.25, "3.2"), (335.0, "335.0")])
def test_the_rate_of_slow_and_of_many_epochs_is_plain_to_read(rate, said, monkeypatch):
    monkeypatch.setattr(Progress, "_rate", lambda progress: rate)
    assert f"0 running, {said} epochs/s" in text_of(lambda progress: None)[0]
