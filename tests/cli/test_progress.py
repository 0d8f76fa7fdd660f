"""What the terminal shows while a study runs, told the events that a session tells."""

import io

import pytest
from rich.console import Console

from study.cli import progress as of_progress
from study.cli.progress import Progress, report_progress
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


class Watched(Progress):
    """Progress of a run with so many trials, in which none turns out to be shared."""

    def __init__(self, console, explore=3, confirm=2):
        self.left = {"explore": explore, "confirm": confirm}
        super().__init__(console, plan_of(), lambda: self.left)

    def on_end(self, job, report, status):
        self.left[job.stage] -= 1
        super().on_end(job, report, status)


def text_of(events, **trials):
    """What a terminal-less run prints in the midst of these events, and at its end."""
    output = io.StringIO()
    with Watched(Console(file=output, width=200), **trials) as progress:
        events(progress)
        left = progress._epochs_left
        print(progress.line(), file=output)
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


def test_the_first_line_says_that_it_has_begun():
    first, *_ = text_of(lambda progress: None)[0].splitlines()
    assert first.startswith("Training starts (5 at most)")


def test_a_stage_without_trials_is_not_shown():
    assert "explore" not in text_of(lambda progress: None, explore=0)[0]


def test_the_last_line_reads_as_finished_where_candidates_share_trainings():
    def events(progress):
        for seed in range(2):
            job = job_of(seed)
            progress.on_start(job)
            progress.on_end(job, train(progress, job, [0.5] * 8, "complete"), "complete")
        progress.left["confirm"] = 0  # what the search chose is trained already

    *_, last = text_of(events, explore=2, confirm=2)[0].splitlines()
    assert last.startswith("explore 2/2, best dropout 0.500 nats, finished in ")


def test_the_last_line_of_a_run_that_was_interrupted_does_not_read_as_finished():
    output = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Watched(Console(file=output, width=200)):
        raise KeyboardInterrupt
    assert "explore 0/3, confirm 0/2, ended early after " in output.getvalue()


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


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("every", [0.0, 1e9])
def test_a_report_that_takes_long_says_what_is_made(is_terminal, every, monkeypatch):
    monkeypatch.setattr(of_progress, "LINE_EVERY", every)
    output = io.StringIO()
    console = Console(file=output, width=80, force_terminal=is_terminal)
    with report_progress(console) as on_step:
        for number, what in enumerate(("table", "figure [answer]"), 1):
            on_step(what, number, 2)
    text = output.getvalue()
    shown = is_terminal or not every
    assert ("report: figure [answer] (2 of 2)" in text) == shown
    assert shown or not text
