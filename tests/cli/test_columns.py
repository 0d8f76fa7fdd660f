"""Tables on the terminal, and where there is none."""

import io

from rich.console import Console

from study.cli.columns import print_columns, print_line

ROWS = [("key", "a long configuration " * 8, "2026-11-29 00:39")]


def printed(is_terminal):
    console = Console(file=io.StringIO(), width=80, force_terminal=is_terminal)
    print_columns(console, ("record", "what", "finished"), ROWS)
    assert console.width == 80
    return console.file.getvalue().splitlines()


def test_a_row_is_one_line_for_programs_and_fits_a_terminal():
    heading, row = printed(False)
    assert heading.startswith("record")
    assert all(part.strip() in row for part in ROWS[0])
    assert len(printed(True)) > 2


def test_what_is_to_be_pasted_is_one_line_however_narrow_the_terminal():
    console = Console(file=io.StringIO(), width=20, force_terminal=True)
    print_line(console, "python -m study run my_study.py --results results2 --epochs 60")
    assert len(console.file.getvalue().splitlines()) == 1
