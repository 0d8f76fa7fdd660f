"""What is told of a run while it lasts: in the terminal, and in a file of the study's folder."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from hw3.text import were
from study.cli.counting import Count
from study.cli.view import View, can_draw, last_line, live, log_line, print_line
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.trial import Job
from study.spec.durations import describe_time
from study.spec.status import Status
from study.store.folder import Folder
from study.store.snapshot import Snapshot, save_snapshot

if TYPE_CHECKING:
    from study.pool.report import TrialReport

LINE_EVERY = 15.0  # seconds between two plain lines
WRITE_EVERY = 3.0  # seconds between two snapshots in the study's folder
WRITTEN_WITHIN = 5.0  # seconds, of the last: a store that hangs keeps no run from its end


class Progress:
    """Tells how far a run is until it ends; observes the session.

    Args:
        plan: of the run.
        console: shows it, drawn at most once a second; as a line now and then if it is no
            terminal.
        folder: of the study, whose lock must be held; nothing is written if None.
    """

    def __init__(self, plan: Plan, console: Console, folder: Folder | None = None):
        self.count = Count(plan)
        self._console = console
        self._writer = SnapshotWriter(self.count.snapshot, folder) if folder else None
        self._last_line = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        if self._writer:
            self._writer.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.count.end(error)
        if self._writer:
            self._writer.finish()

    def expect(
        self, remaining: Callable[[], Mapping[str, int]], earlier: FinishedTrials | None = None
    ) -> None:
        """Take in what is to be trained, and what is recorded; see `Count.expect`."""
        self.count.expect(remaining, earlier)

    def sentence(self) -> str:
        """How far the run is, in words without a full stop."""
        return self.count.snapshot().sentence()

    def skip_training(self, why: str) -> None:
        """There is nothing to train."""
        self.count.end_training()
        self._console.print(why, highlight=False)

    @contextmanager
    def training(self) -> Iterator[None]:
        """While trials are trained."""
        started = time.monotonic()
        left = self.count.remaining
        self._print(f"Training starts ({left} at most); the first epochs may take some seconds.")
        if can_draw(self._console):
            self._live = live(lambda: View(self.count.snapshot()), self._console)
            self._live.start()
        how = "ended early after"
        try:
            yield
            how = "finished in"
        finally:
            self.count.end_training()
            if self._live is not None:
                self._live.stop()
            took = describe_time(time.monotonic() - started)
            self._print_end(self.count.snapshot(), f"{how} {took}")

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """What is raised within it ends the run, which may take seconds."""
        try:
            yield
        except BaseException:
            self.count.stop_training()
            raise

    def on_start(self, job: Job) -> None:
        self.count.on_start(job)

    def on_epoch(self, job: Job, report: "TrialReport") -> None:
        self.count.on_epoch(job, report)
        if self._live is None and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._print(log_line(self.count.snapshot()))

    def on_end(self, job: Job, report: "TrialReport | None", status: Status) -> None:
        self.count.on_end(job, report, status)

    def _print_end(self, snapshot: Snapshot, how: str) -> None:
        self._print(last_line(snapshot, how))
        if snapshot.repeated:
            lost = were(snapshot.repeated, "epoch")
            self._print(f"{lost} trained twice: their workers or hosts were lost")

    def _print(self, line: str) -> None:
        print_line(line, self._console)


class SnapshotWriter(threading.Thread):
    """Writes snapshots into a folder. One that cannot be written costs the run nothing."""

    def __init__(self, take: Callable[[], Snapshot], folder: Folder):
        super().__init__(daemon=True, name="snapshots")
        self._take, self._folder = take, folder
        self._ended = threading.Event()

    def run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ended.is_set()
            with suppress(OSError):  # a full disk, or a store that does not answer
                save_snapshot(self._take(), self._folder)
            if not is_last:
                self._ended.wait(WRITE_EVERY)

    def finish(self) -> None:
        """Write the last one."""
        self._ended.set()
        self.join(WRITTEN_WITHIN)


@contextmanager
def report_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Shows the step that `study.report.outputs.write_outputs` takes: on a terminal while it lasts,
    elsewhere as a plain line where the last one is LINE_EVERY seconds old."""
    last_line = time.monotonic()
    with console.status("report: records") as status:  # nothing where it is no terminal

        def on_step(what: str, number: int, last: int) -> None:
            nonlocal last_line
            line = f"report: {what} ({number} of {last})"
            status.update(escape(line))
            if not can_draw(console) and time.monotonic() - last_line > LINE_EVERY:
                last_line = time.monotonic()
                print_line(line, console)

        yield on_step
