"""A terminal of 80 columns and 24 rows in which a command runs, and what one sees in it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyte

from tests.runs import ROOT, interruptible

COLUMNS, ROWS = 80, 24
CTRL_C = b"\x03"
PATIENCE = 300.0  # seconds; of a machine that has other things to do
# Of the terminal that runs the tests, or of their CI.
OF_TERMINALS = (
    "NO_COLOR",
    "FORCE_COLOR",
    "TERM",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "TTY_COMPATIBLE",
)


def _take_terminal() -> None:
    """Make Ctrl-C in the terminal reach this process, whatever its parents ignore."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    interruptible()


class PseudoTerminal:
    """A command at work in a terminal.

    Attributes:
        written: everything that was written to the terminal, with its control sequences.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]):
        usual = {name: value for name, value in os.environ.items() if name not in OF_TERMINALS}
        usual |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment}
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=usual,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self.written = b""
        self._screen = pyte.HistoryScreen(COLUMNS, ROWS, history=1000)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def rows(self) -> list[str]:
        """What is on the screen."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """What is on the screen, and has been and was scrolled away."""
        gone = ["".join(row[n].data for n in range(COLUMNS)) for row in self._screen.history.top]
        return "\n".join([*(row.rstrip() for row in gone), *self.rows])

    def wait_for(self, seen: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Read what is written until that is seen, or fail."""
        deadline = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < deadline, self.text
            assert self.read(0.2) or seen(), self.text

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit code, when all has been written."""
        deadline = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < deadline, self.text
        return self.process.wait(timeout=10)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def read(self, seconds: float) -> bool:
        """Read what is written within these seconds; False where nobody can write any more."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the terminal's last process has ended
            return False
        self.written += data
        self._stream.feed(data)
        return True


@contextmanager
def in_terminal(*command: str, **environment: str) -> Iterator[PseudoTerminal]:
    """A terminal in which Python runs that; nothing of it is left afterwards."""
    terminal = PseudoTerminal(command, environment)
    try:
        yield terminal
    finally:
        terminal.close()
