"""What the terminal shows, told the events that Tune tells."""

import io
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from rich.console import Console

from study.cli.progress import Progress
from study.search.trial import Job
from tests.made import DROPOUT_SEARCH, SETTING


def trial_of(name, stage="explore"):
    config = DROPOUT_SEARCH.config({"dropout": 0.1})
    job = Job(stage, "dropout", SETTING.ingredients("conv", config, 1))
    return SimpleNamespace(trial_id=name, config=asdict(job), last_result={})


def report(progress, trial, losses, status="running"):
    for epoch, loss in enumerate(losses, start=1):
        done = epoch == len(losses)
        trial.last_result = {
            "val_loss": loss,
            "status": status if done else "running",
            "rows": [{}] * epoch,
        }
        progress.on_trial_result(0, [], trial, trial.last_result)


def text_of(events):
    """What a terminal-less run prints at its end after these events."""
    output = io.StringIO()
    console = Console(file=output, width=200)
    with Progress(console, {"explore": 3, "confirm": 2}, 8, {"dropout": "Dropout"}) as progress:
        events(progress)
        left = progress._epochs_left
    return output.getvalue(), left


def test_progress_counts_trials_epochs_and_the_best_full_length_loss():
    def events(progress):
        whole, stopped, running = (trial_of(name) for name in "abc")
        for trial in (whole, stopped, running):
            progress.on_trial_start(0, [], trial)
        report(progress, whole, [0.6] * 7 + [0.5], "complete")
        progress.on_trial_complete(0, [], whole)
        report(progress, stopped, [0.1, 0.1])
        progress.on_trial_complete(0, [], stopped)
        report(progress, running, [0.7])

    text, left = text_of(events)
    assert "explore 2/3, confirm 0/2, 1 stopped, 1 running" in text
    assert "best Dropout 0.500 nats" in text
    assert left == 5 * 8 - 8 - 8 - 1  # a stopped trial leaves nothing to do


def test_progress_counts_failures():
    def events(progress):
        failed = trial_of("a")
        progress.on_trial_start(0, [], failed)
        progress.on_trial_error(0, [], failed)

    text, left = text_of(events)
    assert "1 failed" in text
    assert left == 4 * 8


@pytest.mark.parametrize(("epochs", "told"), [(0, False), (1, False), (2, True)])
def test_the_time_left_is_told_after_two_epochs_of_each_trial(epochs, told):
    def events(progress):
        for trial in (trial_of("a"), trial_of("b")):
            progress.on_trial_start(0, [], trial)
            if epochs:
                report(progress, trial, [0.9] * epochs)

    assert ("not known yet" not in text_of(events)[0]) == told


def test_progress_says_how_many_epochs_were_lost_with_a_worker():
    def events(progress):
        trial = trial_of("a")
        progress.on_trial_start(0, [], trial)
        report(progress, trial, [0.9, 0.8, 0.7])
        for epochs in (2, 3, 4):  # its checkpoint was of the first epoch
            trial.last_result = trial.last_result | {"rows": [{}] * epochs}
            progress.on_trial_result(0, [], trial, trial.last_result)

    text, left = text_of(events)
    assert "\n2 epochs were trained twice" in text
    assert left == 5 * 8 - 4
    assert "twice" not in text_of(lambda progress: None)[0]


@pytest.mark.parametrize(("rate", "said"), [(0.084, "0.084"), (3.25, "3.2"), (335.0, "335.0")])
def test_the_rate_of_slow_and_of_many_epochs_is_plain_to_read(rate, said, monkeypatch):
    monkeypatch.setattr(Progress, "_rate", lambda progress: rate)
    assert f"0 running, {said} epochs/s" in text_of(lambda progress: None)[0]
