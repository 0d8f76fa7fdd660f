"""How far a run is, as a sentence and as a file."""

import json
from dataclasses import replace

import pytest

from study.store.folder import LocalFolder
from study.store.snapshot import (
    SNAPSHOT,
    BestScore,
    RunningTrial,
    Snapshot,
    StageCount,
    load_snapshot,
    save_snapshot,
)

STARTING = Snapshot(
    study="made",
    title="A [red]made[/red] study\x1b[2J",
    host="here",
    pid=7,
    command="python -m study run made.py",
    started="2026-01-01T00:00:00+00:00",
    written="2026-01-01T00:00:03+00:00",
)
TRAINING = replace(
    STARTING,
    phase="training",
    stages=(
        StageCount("explore", 12, 40),
        StageCount("confirm", 3, 20),
        StageCount("timing", 0, 6),
    ),
    seconds_left=300.0,
    under_way=1,
    running=(
        RunningTrial("explore", "GAP", 13, 2**62, 2, 8, 0.6, "0.600 nats", (1.0, None), "here"),
    ),
    workers={"here": 1},
    best=(BestScore("GAP", "validation loss", 0.5, "0.500 nats"),),
    stopped=4,
)
DONE = "12 of 40 search trials, 3 of 20 confirmations and 0 of 6 timings have ended"


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (STARTING, "nothing is trained yet"),
        (TRAINING, f"{DONE}, about 5 min left"),
        (replace(TRAINING, seconds_left=None), DONE),
        (replace(TRAINING, phase="reporting"), f"{DONE}; the report is being written"),
        (replace(TRAINING, state="interrupted"), f"interrupted; {DONE}"),
        (replace(STARTING, state="finished"), "finished"),
        (replace(TRAINING, stages=(StageCount("confirm", 1, 2),), seconds_left=0.2),
         "1 of 2 confirmations have ended, less than a second left"),
    ],
)  # fmt: skip
def test_a_snapshot_says_in_a_sentence_how_far_the_run_is(snapshot, said):
    assert snapshot.sentence() == said


def test_a_snapshot_is_read_back_as_it_was_written(tmp_path):
    folder = LocalFolder(tmp_path) / "made"
    assert load_snapshot(folder) is None
    for snapshot in (STARTING, TRAINING):
        save_snapshot(snapshot, folder)
        assert load_snapshot(folder) == snapshot
    assert folder.names() == [SNAPSHOT]


def test_what_a_later_version_adds_is_passed_over(tmp_path):
    folder = LocalFolder(tmp_path)
    save_snapshot(TRAINING, folder)
    values = json.loads((tmp_path / SNAPSHOT).read_text()) | {"mood": "fine"}
    (tmp_path / SNAPSHOT).write_text(json.dumps(values))
    assert load_snapshot(folder) == TRAINING


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"study": 3}', '{"pid": NaN}'])
def test_a_damaged_snapshot_counts_as_none(tmp_path, content):
    (tmp_path / SNAPSHOT).write_text(content)
    assert load_snapshot(LocalFolder(tmp_path)) is None
