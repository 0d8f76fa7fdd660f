"""How the error of a trial is told."""

import pytest

from study.spec.errors import error_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ValueError: bad", "ValueError: bad"),
        (
            "Failure # 1\n  File x\nKeyError: 'a'\n\nFailure # 2\nValueError: bad\n",
            "ValueError: bad",
        ),
        ("ray.exceptions.OutOfMemoryError: killed\nMemory: 3 GB\n", None),
        ("ended 3 times, after 10 s without a report\nno message", "no message"),
        ("", "–"),
        (f"ValueError: {'x' * 5000}", f"ValueError: {'x' * 988} …"),
    ],
)
def test_an_error_is_told_by_the_line_that_names_it(text, line):
    assert error_line(text) == (line or text.splitlines()[0])
