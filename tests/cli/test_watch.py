"""Watching a run from its results folder: what is said of each state that it can be in."""

import os
import platform
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.cli import watch as of_watch
from study.store import lock
from study.store.folder import LocalFolder
from study.store.lock import hold_lock
from study.store.open import open_folder
from study.store.snapshot import load_snapshot, save_snapshot
from tests.runs import ROOT, finish, start, started, wait_for
from tests.store.test_snapshot import TRAINING

HERE = replace(TRAINING, study="task_c", host=platform.node(), pid=os.getpid())


def watch(results, *options, target="task_c"):
    """The exit code, and all that is said, on lines that are not wrapped."""
    answer = CliRunner().invoke(main, ["watch", target, "--results", str(results), *options])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, answer.output


def written(seconds_ago=0.0):
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat(timespec="seconds")


@pytest.mark.parametrize("options", [[], ["--once"]])
def test_where_nothing_runs_that_is_said(options, tmp_path, monkeypatch):
    monkeypatch.setattr(of_watch, "BEGINS_WITHIN", 0.0)
    monkeypatch.setattr(of_watch, "LOOK_EVERY", 0.0)
    code, said = watch(tmp_path, *options)
    assert code == 1
    assert f"error: nothing runs in {tmp_path}/task_c, and nothing there says" in said
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_just_been_started_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(of_watch, "LOOK_EVERY", 0.05)
    ended = replace(HERE, state="finished")
    begins = threading.Timer(0.3, save_snapshot, [ended, LocalFolder(tmp_path) / "task_c"])
    begins.start()
    code, said = watch(tmp_path)
    begins.join()
    assert code == 0
    assert "task_c yet; waiting 120 s for a run" in said and "The run finished" in said


def test_a_target_that_is_none_is_told_with_those_that_are(tmp_path):
    code, said = watch(tmp_path, target="task_z")
    assert (code, "task_a, task_b, task_c" in said) == (1, True)


def test_a_run_under_way_is_shown_once(tmp_path):
    folder = LocalFolder(tmp_path) / "task_c"
    with hold_lock(folder):
        save_snapshot(replace(HERE, written=written()), folder)
        code, said = watch(tmp_path, "--once")
    assert code == 0
    assert "12/40" in said and "about 5 min left; 4 stopped" in said
    assert f"process {os.getpid()} on {platform.node()}, as of 2" in said


def test_a_run_that_is_silent_is_said_to_be(tmp_path):
    folder = LocalFolder(tmp_path) / "task_c"
    with hold_lock(folder):
        save_snapshot(replace(HERE, written=written(seconds_ago=300)), folder)
        code, said = watch(tmp_path, "--once")
    assert (code, "no word for about 5 min" in said) == (0, True)


@pytest.mark.parametrize(
    ("state", "code", "facts"),
    [
        ("finished", 0, ["The run finished at 2026-01-01", "/task_c/report.html",
                         "python -m study report task_c --results "]),
        ("interrupted", 1, ["was interrupted at 2026-01-01", f"  {TRAINING.command}\n"]),
        ("failed", 1, ["failed at 2026-01-01", ": no ink", f"  {TRAINING.command}\n"]),
        ("running", 1, ["has died: process ", "last heard of at 2026-01-01",
                        f"  {TRAINING.command}\n"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("options", [[], ["--once"]])
def test_a_run_that_has_ended_is_told_with_how_and_what_to_do(
    options, state, code, facts, tmp_path
):
    error = "no ink" if state == "failed" else ""
    save_snapshot(replace(HERE, state=state, error=error), LocalFolder(tmp_path) / "task_c")
    before = sorted(tmp_path.rglob("*"))
    found, said = watch(tmp_path, *options)
    assert found == code
    for fact in ["12/40", *facts]:
        assert fact in said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dead_run_of_another_host_is_told_with_a_doubt(tmp_path):
    save_snapshot(replace(HERE, host="elsewhere"), LocalFolder(tmp_path) / "task_c")
    assert "As far as this machine sees that one's lock" in watch(tmp_path)[1]


def test_a_process_that_has_not_said_how_far_it_is_is_named(tmp_path):
    """As a driver that has just begun, or one that writes the report of an earlier run."""
    folder = LocalFolder(tmp_path) / "task_c"
    with hold_lock(folder):
        for snapshot in (None, replace(HERE, pid=1), replace(HERE, pid=1, state="finished")):
            if snapshot:
                save_snapshot(snapshot, folder)
            code, said = watch(tmp_path, "--once")
            assert code == 0
            assert f"process {os.getpid()} on {platform.node()} since 2" in said
            assert "has not said how far it is" in said


def test_names_in_a_snapshot_cannot_act_on_the_terminal(tmp_path):
    bad = "\x1b[2J[bold]x[/bold]\u202e"
    mean = replace(HERE, state="failed", error=bad, title=bad, host=bad, command=bad, written=bad)
    save_snapshot(mean, LocalFolder(tmp_path) / "task_c")
    code, said = watch(tmp_path)
    assert code == 1 and "[bold]x[/bold]" in said
    assert "\x1b" not in said and "\u202e" not in said


def test_a_run_in_a_store_is_seen_to_live_and_to_die(s3_bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "RENEWED_EVERY", 0.2)
    monkeypatch.setattr(of_watch, "LOOK_EVERY", 0.2)
    results = f"{s3_bucket}/{tmp_path.name}"
    folder = open_folder(results) / "task_c"
    with hold_lock(folder):
        save_snapshot(HERE, folder)  # written long ago, so that it proves nothing
        code, said = watch(results, "--once")
        assert (code, "12/40" in said, "no word for" in said) == (0, True, True)
        claim = folder.read(folder.names(".lock")[0])
    folder.write("driver-dead.lock", claim)
    monkeypatch.setattr("study.store.holder.EXPIRES_AFTER", 1.0)
    code, said = watch(results, "--once")
    assert (code, "has died" in said) == (1, True)
    assert folder.read("driver-dead.lock") == claim


def test_a_run_is_followed_to_its_end_from_another_process(tmp_path):
    with started(tmp_path, epochs=20, stdout=subprocess.PIPE) as run:
        wait_for(lambda: load_snapshot(LocalFolder(tmp_path) / "task_c") is not None, run)
        command = [sys.executable, "-m", "study", "watch", "task_c", "--results", str(tmp_path)]
        followed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
        said, _ = run.communicate(timeout=60)
    assert (run.returncode, followed.returncode, followed.stderr) == (0, 0, "")
    first, *_ = followed.stdout.splitlines()
    assert first[:4].isdigit()  # a line with the time
    assert first.endswith("starting") or " confirm " in first
    assert "The run finished at" in followed.stdout
    assert load_snapshot(LocalFolder(tmp_path) / "task_c").sentence().startswith("finished; 2 of 2")
    assert "finished in about" in said


def test_a_driver_that_is_killed_is_seen_to_have_died_and_the_next_run_finishes(tmp_path):
    folder = LocalFolder(tmp_path) / "task_c"
    run = start(tmp_path, epochs=150)
    wait_for(lambda: (found := load_snapshot(folder)) and found.under_way, run)
    assert watch(tmp_path, "--once")[0] == 0
    run.kill()
    run.wait()
    code, said = watch(tmp_path)
    assert code == 1
    assert f"has died: process {run.pid} on {platform.node()}, last heard of at " in said
    assert "  python -m tests.small_study --profile smoke" in said
    assert finish(tmp_path, epochs=2) == (0, "")
    assert watch(tmp_path)[0] == 0


def test_a_study_that_cannot_be_imported_here_is_watched_all_the_same(tmp_path):
    save_snapshot(replace(HERE, study="far_away"), LocalFolder(tmp_path) / "far_away")
    assert "12/40" in watch(tmp_path, target="far_away")[1]
