"""Signals that end a run, none of which is lost."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

RESEND_AFTER = 0.05  # seconds, after which what discarded the exception has returned


@contextmanager
def keyboard_interrupts() -> Iterator[list[int]]:
    """Within it SIGINT and SIGTERM raise KeyboardInterrupt; yields the list of those that came.

    SIGTERM as well, so that everything is closed on the way: Ray's calls pass no other exception
    on. A SIGINT that is ignored, as in the background of a script, stays ignored.

    Python discards an exception that is raised in a destructor or in the callback of a weak
    reference, and a signal may well come while one of these runs. Its interruption is then raised
    again.
    """
    received: list[int] = []
    timers: list[threading.Timer] = []
    ended = False

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if not ended:
            raise KeyboardInterrupt

    def resend(discarded: Any) -> None:
        if not (received and isinstance(discarded.exc_value, KeyboardInterrupt)):
            previous_hook(discarded)
            return
        # To the main thread: a signal wakes only the thread that it is sent to.
        arguments = (threading.main_thread().ident, received[-1])
        timers.append(threading.Timer(RESEND_AFTER, signal.pthread_kill, arguments))
        timers[-1].start()

    previous_hook, sys.unraisablehook = sys.unraisablehook, resend
    handled = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        handled.append(signal.SIGINT)
    previous = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield received
    finally:
        ended = True
        for timer in timers:
            timer.cancel()
            timer.join()  # one that has begun still finds the handler above
        for number, handler in previous.items():
            signal.signal(number, handler)
        sys.unraisablehook = previous_hook
