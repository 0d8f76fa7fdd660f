"""The live view, in a terminal: of the run itself, and of one that is watched."""

import re

import pytest

from study.store.folder import LocalFolder
from study.store.snapshot import load_snapshot

pytest.importorskip("pyte")

from tests.pseudo_terminal import CTRL_C, ROWS, in_terminal
from tests.small_study import STUDY

RUN = ("-m", "tests.small_study", "--profile", "smoke", "--workers", "inline", "--seeds", "2")
COLOUR = re.compile(rb"\x1b\[[\d;]*\b(?:3[0-7]|4[0-7]|9[0-7]|[34]8;[25])\b[\d;]*m")


SCORE = re.compile(r"^explore ConvGAP +#1 +\d+/400 0\.\d{3} nats [▁-█]{2,}$")


def shows_a_curve(terminal):
    return any(map(SCORE.match, terminal.rows))


def view_of(terminal):
    """The rows of the view, from its title to its workers."""
    rows = terminal.rows
    first = max(n for n, row in enumerate(rows) if re.search(r"^Task C: .* \d:\d\d:\d\d$", row))
    return [row for row in rows[first:] if row]


@pytest.mark.parametrize("no_colour", [{}, {"NO_COLOR": "1"}])
def test_a_run_is_seen_in_its_terminal_and_in_another_one(tmp_path, no_colour):
    where = ("--results", str(tmp_path))
    with in_terminal(*RUN, "--epochs", "400", *where, **no_colour) as run:
        run.wait_for(lambda: shows_a_curve(run))
        with in_terminal("-m", "study", "watch", "task_c", *where, **no_colour) as watch:
            watch.wait_for(lambda: shows_a_curve(watch))
            for terminal in (run, watch):
                view = view_of(terminal)
                assert len(view) < ROWS
                assert re.fullmatch(r"explore [━╸╺]* *\d/2", view[1])
                assert re.fullmatch(rf"confirm [━╸╺]* *\d/{2 * len(STUDY.labels())}", view[2])
                assert re.fullmatch(r"1 running, \S+ epochs/s, .*left.*", view[3])
                assert SCORE.match(view[-2])
                assert view[-1].startswith("workers: ") and view[-1].endswith(" 1")
                assert bool(COLOUR.search(terminal.written)) == (not no_colour)
            watch.press(CTRL_C)
            assert watch.wait() == 130
            assert "the run goes on" in watch.text
        assert run.process.poll() is None
        run.press(CTRL_C)
        assert run.wait() == 130
        assert "Resume with:" in run.text
    seen = load_snapshot(LocalFolder(tmp_path) / "task_c")
    assert seen.state == "interrupted"
    with in_terminal("-m", "study", "watch", "task_c", *where) as watch:
        assert watch.wait() == 1
        assert "was interrupted at" in watch.text and "python -m tests.small_study" in watch.text


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(tmp_path):
    where = ("--results", str(tmp_path), "--epochs", "1")
    with in_terminal(*RUN, *where, TERM="dumb") as run:
        assert run.wait() == 0
        assert b"\x1b" not in run.written
        assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S+  Training starts", run.text, re.M)


def test_a_quiet_run_says_its_verdicts_and_where_its_report_is(tmp_path):
    where = ("--results", str(tmp_path), "--epochs", "1")
    with in_terminal(*RUN, *where, "-q") as run:
        assert run.wait() == 0
        rows = [row for row in run.text.splitlines() if row]
    assert rows[0].startswith("Verdicts (")
    assert "".join(rows[-2:]).endswith("/task_c/report.html")
    assert not any(word in run.text for word in ("Loading", "Training", "running", "What we found"))
