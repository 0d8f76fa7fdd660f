"""What is told of a run while it lasts, as lines and as a file."""

import io
import os
import re
import threading
from contextlib import suppress

import pytest
from rich.console import Console

from study.cli import progress as of_progress
from study.cli.progress import Progress, report_progress
from study.store.folder import LocalFolder
from study.store.snapshot import SNAPSHOT, load_snapshot
from tests.cli.test_counting import job_of, train
from tests.made import plan_of

STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  ")


def lines_of(events, explore=3, confirm=2, folder=None):
    """What is printed of a run with these events where there is no terminal, without the times."""
    left, output = {"explore": explore, "confirm": confirm}, io.StringIO()
    with Progress(plan_of(), Console(file=output, width=80), folder) as progress:
        progress.expect(lambda: left)
        with progress.training():
            events(progress, left)
    lines = output.getvalue().splitlines()
    assert all(map(STAMP.match, lines))
    return [STAMP.sub("", line) for line in lines]


def nothing(_progress, _left):
    pass


def complete(progress, left, seed):
    job = job_of(seed)
    progress.on_start(job)
    report = train(progress, job, [0.5] * 8, "complete")
    left["explore"] -= 1
    progress.on_end(job, report, "complete")


def test_the_first_line_says_that_it_has_begun():
    assert lines_of(nothing)[0].startswith("Training starts (5 at most)")


@pytest.mark.parametrize(("every", "count"), [(0.0, 8), (1e9, 0)])
def test_without_a_terminal_there_is_a_line_now_and_then(every, count, monkeypatch):
    monkeypatch.setattr(of_progress, "LINE_EVERY", every)
    _, *between, _ = lines_of(lambda progress, left: complete(progress, left, 0))
    assert len(between) == count
    assert all("running" in line and "epochs/s" in line for line in between)


def test_the_last_line_reads_as_finished_where_candidates_share_trainings():
    def events(progress, left):
        for seed in range(2):
            complete(progress, left, seed)
        left["confirm"] = 0  # what the search chose is trained already

    *_, last = lines_of(events, explore=2)
    assert last.startswith("explore 2/2, best dropout: validation loss 0.500 nats, finished in ")


def test_the_last_line_of_a_run_that_was_interrupted_does_not_read_as_finished():
    output = io.StringIO()
    progress = Progress(plan_of(), Console(file=output, width=80))
    progress.expect(lambda: {"explore": 3, "confirm": 2})
    with pytest.raises(KeyboardInterrupt), progress.training():
        raise KeyboardInterrupt
    assert "explore 0/3, confirm 0/2, ended early after " in output.getvalue()


def test_epochs_that_were_trained_twice_are_told_at_the_end():
    def events(progress, _left):
        for _ in range(2):
            train(progress, job_of(0), [0.9, 0.8])

    assert lines_of(events)[-1].startswith("2 epochs were trained twice")
    assert not any("twice" in line for line in lines_of(nothing))


def test_a_run_that_is_interrupted_is_stopping_and_has_no_time_left(tmp_path):
    seen = []

    def events(progress, left):
        complete(progress, left, 0)
        with suppress(KeyboardInterrupt), progress.stopping():
            raise KeyboardInterrupt
        seen.append(progress.count.snapshot())
        progress.count.end_training()
        seen.append(progress.count.snapshot())

    lines_of(events)
    assert [(one.phase, one.under_way) for one in seen] == 2 * [("stopping", 0)]
    assert not any("left" in one.sentence() for one in seen)


def test_the_folder_has_the_snapshot_while_the_run_lasts_and_at_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(of_progress, "WRITE_EVERY", 0.01)
    folder, seen = LocalFolder(tmp_path), threading.Event()

    def events(progress, left):
        complete(progress, left, 0)
        while not ((found := load_snapshot(folder)) and found.best):
            assert not seen.wait(0.01)
        assert (found.state, found.phase, found.pid) == ("running", "training", os.getpid())

    lines_of(events, folder=folder)
    found = load_snapshot(folder)
    assert (found.state, found.phase) == ("finished", "reporting")
    assert folder.names() == [SNAPSHOT]


@pytest.mark.parametrize(
    ("error", "state"), [(KeyboardInterrupt(), "interrupted"), (ValueError("no ink"), "failed")]
)
def test_the_snapshot_says_how_a_run_ended(error, state, tmp_path):
    folder = LocalFolder(tmp_path)
    with pytest.raises(type(error)), Progress(plan_of(), Console(quiet=True), folder):
        raise error
    found = load_snapshot(folder)
    assert (found.state, found.error) == (state, str(error))


def test_a_snapshot_that_cannot_be_written_ends_no_run(tmp_path):
    (tmp_path / SNAPSHOT).mkdir()
    assert lines_of(nothing, folder=LocalFolder(tmp_path))[-1].endswith("less than a second")


def test_a_folder_that_hangs_keeps_no_run_from_its_end(monkeypatch):
    go_on = threading.Event()

    class Hanging:
        def without_waiting(self):
            return self

        def write(self, *_arguments, **_options):
            go_on.wait()

    monkeypatch.setattr(of_progress, "WRITTEN_WITHIN", 0.1)
    try:
        assert lines_of(nothing, folder=Hanging())
    finally:
        go_on.set()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("every", [0.0, 1e9])
def test_a_report_that_takes_long_says_what_is_made(is_terminal, every, monkeypatch):
    monkeypatch.setattr(of_progress, "LINE_EVERY", every)
    monkeypatch.setenv("TERM", "xterm")
    output = io.StringIO()
    console = Console(file=output, width=80, force_terminal=is_terminal)
    with report_progress(console) as on_step:
        for number, what in enumerate(("table", "figure [answer]"), 1):
            on_step(what, number, 2)
    text = output.getvalue()
    shown = is_terminal or not every
    assert ("report: figure [answer] (2 of 2)" in text) == shown
    assert shown or not text
