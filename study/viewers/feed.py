"""Feeds a viewer in a thread of its own: within its share of the time, without harm to the run."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from hw3.text import printable
from study.pool.report import TrialReport
from study.pool.session import Observer
from study.search.trial import Job
from study.spec.secrets import mask
from study.spec.status import Status
from study.store.reading import warn

EVERY = 1.0  # seconds between two times that a viewer is shown something, at least
PATIENCE = 30.0  # seconds that a run waits at its end for a viewer that is not done

Ending = Literal["finished", "interrupted", "failed"]


@dataclass(frozen=True)
class Told:
    """What is known of a trial that something has happened to.

    Attributes:
        report: its last one, with all epochs; None before the first.
        status: how it ended, "running" where it has not.
    """

    job: Job
    report: TrialReport | None = None
    status: Literal[Status, "running"] = "running"


class Viewer(Protocol):
    """Shows a run. All its methods are called in one thread; what one raises ends it.

    Attributes:
        name: what a warning calls it.
        share: of the run's time that it may take, 0 to 1, counted in processor time.
        takes: seconds of that time to show something for the first time, roughly.
        at_end: whether a run that has finished before it could be shown is shown then.
    """

    name: str
    share: float
    takes: float
    at_end: bool

    def open(self) -> None:
        """Begin; what takes time to import is imported here."""

    def show(self, told: Sequence[Told]) -> None:
        """Show what has happened since the last time, each trial once and as it is now."""

    def close(self, ending: Ending, error: str) -> None:
        """Show that the training has ended.

        Args:
            error: of a run that failed, why.
        """


class Feed:
    """An observer of a session that keeps what it is told until the viewer has time for it.

    Attributes:
        spent: seconds of processor time that the viewer has taken to show the run.
    """

    def __init__(self, viewer: Viewer):
        self._viewer = viewer
        self._told: dict[str, Told] = {}  # by the trial's key
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._ending: tuple[Ending, str] = ("finished", "")
        self._is_over = False
        self._started = time.monotonic()
        self.spent, self._last = 0.0, viewer.takes
        self._thread = threading.Thread(target=self._run, name=viewer.name, daemon=True)
        self._thread.start()

    def on_start(self, job: Job) -> None:
        before = self._told.get(job.key)
        self._tell(Told(job, before.report if before else None))

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        self._tell(Told(job, report))

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        self._tell(Told(job, report, status))

    def end(self, ending: Ending, error: str = "") -> None:
        """Let the viewer show what it has not yet, and that the training has ended."""
        self._ending = ending, error
        self._ended.set()

    def wait(self) -> None:
        """Wait until the viewer is done, up to PATIENCE."""
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._is_over = True
            warn(f"{self._viewer.name} was not done {PATIENCE:.0f} s after the run; it is left")

    def _tell(self, told: Told) -> None:
        if not self._is_over:
            with self._lock:
                self._told[told.job.key] = told

    def _take(self) -> list[Told]:
        with self._lock:
            told, self._told = list(self._told.values()), {}
        return told

    def _run(self) -> None:
        self._ended.wait(self._pause())
        if not (self._ended.is_set() and self._ending[0] == "finished" and not self._viewer.at_end):
            self._show_until_the_end()
        self._is_over = True
        self._told = {}

    def _show_until_the_end(self) -> None:
        try:
            self._viewer.open()
            while not self._ended.is_set():
                self._show()
                self._ended.wait(self._pause())
            self._show()
            self._viewer.close(*self._ending)
        except Exception as error:  # noqa: BLE001 - whatever a viewer raises, the run goes on
            reason = " ".join(mask(f"{type(error).__name__}: {error}").split())
            warn(f"{self._viewer.name} is not written any more: {printable(reason)}")

    def _show(self) -> None:
        began = time.thread_time()
        self._viewer.show(self._take())
        self._last = time.thread_time() - began
        self.spent += self._last

    def _pause(self) -> float:
        """Seconds until what it takes, with once more as much as the last time, is no more than
        its share of the time since the beginning."""
        due = self._started + (self.spent + self._last) / self._viewer.share
        return max(EVERY, due - time.monotonic())


@contextmanager
def fed(viewers: Sequence[Viewer]) -> Iterator[list[Observer]]:
    """Observers that feed these viewers as long as the run trains."""
    feeds = [Feed(viewer) for viewer in viewers]
    try:
        yield list[Observer](feeds)
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        _end(feeds, "interrupted" if interrupted else "failed", str(error))
        raise
    _end(feeds, "finished", "")


def _end(feeds: Sequence[Feed], ending: Ending, error: str) -> None:
    for feed in feeds:
        feed.end(ending, error)
    for feed in feeds:
        feed.wait()
