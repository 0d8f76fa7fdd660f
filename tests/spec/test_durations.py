"""Times in words."""

import pytest

from study.spec.durations import describe_time


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "less than a second"), (76.4, "about 76 s"), (90, "about 2 min"), (9e4, "about 25 h")],
)
def test_a_rough_time_has_the_unit_that_people_would_take(seconds, words):
    assert describe_time(seconds) == words
