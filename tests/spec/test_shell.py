import subprocess

import pytest

from study.spec.shell import shell_line

WORDS = ["two words", "it's", "", "a\\b", "new\nline", "\x1b[2J", "\udcff7", "\u00a0é", "\r'\\"]


@pytest.mark.parametrize("word", WORDS)
def test_a_command_line_is_printable_and_bash_reads_the_words_again(word):
    line = shell_line(["printf", "%s", word])
    assert line.isprintable()
    said = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert said == word.encode(errors="surrogateescape")
