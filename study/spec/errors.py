"""The error that ends a command, and how the errors of trials are told."""

import re

from study.spec.secrets import mask

EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b.*: ")
LINE = 1000  # characters of an error that are shown before the reader asks for all
NOTHING = "–"  # where there is no text


class StudyError(Exception):
    """A study that cannot go on; the message says rule, fact, choices and the next command, and no
    password."""

    def __init__(self, message: str):
        super().__init__(mask(message))


def error_line(text: str) -> str:
    """The line of a trial's error that says what happened: the last that begins with an exception's
    type, or the last of all; its first LINE characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if EXCEPTION.match(line)]
    line = (named or lines or [NOTHING])[-1]
    return line if len(line) <= LINE else f"{line[:LINE]} …"
