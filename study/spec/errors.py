"""The error that ends a command."""

from study.spec.secrets import mask


class StudyError(Exception):
    """A study that cannot go on; the message says rule, fact, choices and the next command, and no
    password."""

    def __init__(self, message: str):
        super().__init__(mask(message))
