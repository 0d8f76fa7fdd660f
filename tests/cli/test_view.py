"""Pictures and lines of snapshots."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from study.cli.view import View, last_line, log_line, spark_line, stamped
from study.store.snapshot import BestScore, RunningTrial, StageCount
from tests.store.test_snapshot import TRAINING

HOSTILE = "[red]mean[/red] \x1b[2J\x07 \u202emirrored\u202c [/] {x}\nsecond line"


def trial(number, label="ConvGAP", curve=(1.0, 0.5, 0.0)):
    seed, host = 2**62 + number, f"node-{number % 3}.cluster.example"
    return RunningTrial("explore", label, number, seed, 3, 8, 0.6, "0.600 nats", curve, host)


def drawn(snapshot, height=24, width=80, **options):
    """The lines of its picture in a terminal."""
    usual = {"force_terminal": True, "color_system": None, "legacy_windows": False}
    console = Console(file=io.StringIO(), width=width, height=height, **usual | options)
    console.print(View(snapshot, "a note"))
    return console.file.getvalue().splitlines()


BUSY = replace(
    TRAINING,
    under_way=100,
    running=tuple(trial(number) for number in range(1, 65)),
    workers={f"node-{n}.cluster.example": 25 for n in range(4)},
    best=tuple(BestScore(f"Search {n}", "validation loss", 0.5, "0.500 nats") for n in range(9)),
    failed=2,
)


@pytest.mark.parametrize("height", [4, 10, 24, 60])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_picture_fits_its_terminal(height, width):
    lines = drawn(BUSY, height, width)
    assert max(map(len, lines)) <= width
    least = 1 + 3 + 1 + 1 + 1 + 1 + 1  # of the title, stages, pace, best, trials, workers, note
    assert len(lines) < max(height, least + 1)


def test_a_picture_has_everything():
    lines = drawn(BUSY)
    text = "\n".join(lines)
    assert lines[0].endswith("0:00:03")
    assert any(line.startswith("explore ━") and line.endswith(" 12/40") for line in lines)
    assert "100 running, 0.000 epochs/s, about 5 min left; 4 stopped, 2 failed" in text
    assert "best Search 0: validation loss 0.500 nats" in text and "and 5 more" in text
    assert "explore ConvGAP" in text and "#1 3/8 0.600 nats █▅▁ node-1.clus…" in text
    assert sum("0.600 nats" in line for line in lines) + 90 == 100 and "and 90 more" in text
    assert any(line.startswith("workers: node-0.cluster.example 25, ") for line in lines)
    assert lines[-1] == "a note"


def test_a_picture_of_one_host_names_it_once():
    text = "\n".join(drawn(replace(BUSY, workers={"node-1.cluster.example": 100})))
    assert text.count("node-1") == 1


def test_an_ended_run_says_so_in_place_of_its_pace():
    lines = drawn(replace(TRAINING, state="interrupted", under_way=0, running=()))
    assert lines[0].endswith("interrupted after 0:00:03")
    assert not any("running" in line for line in lines)


@pytest.mark.parametrize(
    "now, said",
    [
        ({"phase": "starting"}, "starting"),
        ({"under_way": 0, "running": (), "epochs_per_second": 0.0}, "waiting for the first worker"),
        ({"phase": "stopping"}, "stopping; every finished trial is recorded"),
        ({"phase": "reporting"}, "all trained; writing the report"),
    ],
)
def test_what_a_run_does_while_nothing_is_trained(now, said):
    snapshot = replace(TRAINING, **now)
    assert said in drawn(snapshot)[len(TRAINING.stages) + 1]
    assert said in log_line(snapshot)


def test_names_cannot_act_on_the_terminal():
    mean = replace(
        TRAINING,
        title=HOSTILE,
        running=(replace(trial(1, HOSTILE), stage=HOSTILE, host=HOSTILE, score_text=HOSTILE),),
        workers={HOSTILE: 1, "other": 1},
        best=(BestScore(HOSTILE, HOSTILE, 0.5, HOSTILE),),
        stages=(StageCount(HOSTILE, 1, 2),),
        started="no time",
    )
    plain = log_line(mean) + last_line(mean, "finished")
    text = "\n".join(drawn(mean, width=300)) + plain
    assert not any(character in text for character in "\x1b\x07\u202e")
    assert "[red]mean[/red]" in text
    assert "\n" not in plain


def test_a_line_for_a_log_has_everything_that_changes():
    assert log_line(replace(BUSY, best=BUSY.best[:1])) == (
        "explore 12/40, confirm 3/20, timing 0/6, 4 stopped, 2 failed, 100 running, "
        "0.000 epochs/s, about 5 min left, best Search 0: validation loss 0.500 nats"
    )
    assert "time left unknown" in log_line(replace(TRAINING, seconds_left=None))


@pytest.mark.parametrize(("rate", "said"), [(0.084, "0.084"), (3.25, "3.2"), (335.0, "335.0")])
def test_the_rate_of_slow_and_of_many_epochs_is_plain_to_read(rate, said):
    assert f" {said} epochs/s" in log_line(replace(TRAINING, epochs_per_second=rate))


def test_a_line_has_the_time_with_its_zone():
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  it goes on", stamped("it goes on")
    )


@pytest.mark.parametrize(
    ("curve", "line"), [((), ""), ((0.0, 1.0), "▁█"), ((0.5, None, 7.0, -7.0), "▅ █▁")]
)
def test_a_curve_is_a_line_of_blocks(curve, line):
    assert spark_line(curve) == line
