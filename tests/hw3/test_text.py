"""Text from outside, as messages may show it."""

import pytest

from hw3.text import count_of, printable, were


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ein Ordner mit ü, 胸部\nline", "ein Ordner mit ü, 胸部\nline"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\rb\tc\x00\x9b", "a\\rb\\tc\\x00\\x9b"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("not \udcff UTF-8", "not \\udcff UTF-8"),
    ],
)
def test_control_characters_are_shown_and_everything_else_stays(text, shown):
    assert printable(text) == shown


def test_a_count_agrees_with_its_noun_and_verb():
    assert [count_of(n, "epoch") for n in (0, 1, 2000)] == ["0 epochs", "1 epoch", "2,000 epochs"]
    assert [were(n, "epoch") for n in (1, 2)] == ["1 epoch was", "2 epochs were"]
