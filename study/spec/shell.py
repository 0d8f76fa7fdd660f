"""Command lines in what people read, to be pasted into a shell."""

import os
import shlex
from collections.abc import Iterable


def shell_line(words: Iterable[str]) -> str:
    """The command line of these words, on one line of printable characters."""
    return " ".join(map(quote, words))


def quote(word: str) -> str:
    """The word as a shell reads it. Control characters, and bytes that are not UTF-8, are written
    as octal escapes, `$'...'`, which Bash, zsh and ksh know."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escape, word))}'"


def _escape(character: str) -> str:
    if character.isprintable() and character not in "\\'":
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
