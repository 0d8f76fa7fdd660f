"""The error that ends a command."""


class StudyError(Exception):
    """A study that cannot go on; the message says rule, fact, choices and the next command."""
