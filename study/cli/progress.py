"""What the terminal shows while a study runs: a live view, or plain lines if it is no terminal."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from hw3.text import were
from study.pool.worker import TrialReport
from study.search.objective import rank_of, value_of
from study.search.plan import Plan
from study.search.trial import TIMED_EPOCHS, Job
from study.spec.durations import describe_time
from study.spec.study import LOSS
from study.store.records import Status
from study.table.formatting import column_name, format_value

LINE_EVERY = 15.0  # seconds between two plain lines


class Progress:
    """Counts what a session tells its observers; draws at most twice per second.

    Args:
        remaining: gives the maximum number of trials that have not ended, by stage. It falls by
            more than those that end where candidates turn out to share trainings.
    """

    def __init__(self, console: Console, plan: Plan, remaining: Callable[[], Mapping[str, int]]):
        self._console, self._count_remaining = console, remaining
        self._remaining = dict(remaining())  # as of the last event, for the thread that draws
        searches = {search.name: search.label for search in plan.study.searches}
        labels = plan.study.labels()
        self._labels = {"explore": searches, "confirm": labels, "timing": labels}  # by stage, name
        self._started = self._last_line = time.monotonic()
        epochs = plan.budget.epochs
        self._lengths = {stage: epochs for stage in self._labels}
        self._lengths["timing"] = min(TIMED_EPOCHS, epochs)
        self._ended = dict.fromkeys(self._remaining, 0)
        self._running: dict[str, Job] = {}
        self._known: dict[str, int] = {}  # epochs counted, by the trial's key
        self._epochs = self._repeated = 0  # all that were trained; those that were lost before
        self._objective = plan.setting.objective
        self._best: dict[str, float] = {}
        self._not_complete = {"stopped": 0, "diverged": 0, "failed": 0}
        self._stopped: set[str] = set()  # keys
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        count = sum(self._remaining.values())
        self._print(f"Training starts ({count} at most); the first epochs may take some seconds.")
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._view,
                console=self._console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_details: object) -> None:
        self._remaining = dict(self._count_remaining())
        if self._live is not None:
            self._live.stop()
        took = describe_time(time.monotonic() - self._started)
        end = f"ended early after {took}" if error else f"finished in {took}"
        self._print(", ".join([*self._counts(), *self._bests(), end]))
        if self._repeated:
            self._print(
                f"{were(self._repeated, 'epoch')} trained twice: their workers or hosts were lost"
            )

    def on_start(self, job: Job) -> None:
        if job.stopped_at is not None and job.key in self._stopped:  # it goes on
            self._stopped.remove(job.key)
            self._ended[job.stage] -= 1
            self._not_complete["stopped"] -= 1
        self._running[job.key] = job
        self._remaining = dict(self._count_remaining())

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        self._epochs += 1
        done, known = len(report.rows), self._known.get(job.key, 0)
        self._known[job.key] = max(known, done)
        self._repeated += done <= known
        value = value_of(self._objective, report.rows[-1])
        if job.stage == "explore" and report.status == "complete" and value is not None:
            known = (value, self._best.get(job.candidate, value))
            self._best[job.candidate] = min(known, key=partial(rank_of, self._objective))
        if self._live is None and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._print(self.line())

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        self._running.pop(job.key, None)
        self._ended[job.stage] += 1
        self._remaining = dict(self._count_remaining())
        if status in self._not_complete:
            self._not_complete[status] += 1
        if status == "stopped":
            self._stopped.add(job.key)
            self._known.pop(job.key, None)

    @property
    def _epochs_left(self) -> int:
        """Of all trials that have not ended, those that run with what they have trained."""
        trained = sum(self._known.get(key, 0) for key in list(self._running))
        left = (self._lengths[stage] * count for stage, count in self._remaining.items())
        return sum(left) - trained

    def _seconds_left(self) -> float | None:
        """From the rate so far, as if all epochs were equal; None before two epochs of each of the
        first trials are done."""
        if not self._epochs or self._epochs < 2 * len(self._running):
            return None
        return self._epochs_left / self._rate()

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)  # a log has it on one line

    def line(self) -> str:
        """How far the run is."""
        return ", ".join(
            [*self._counts(), self._pace(), *self._bests(), _left(self._seconds_left())]
        )

    def _counts(self) -> list[str]:
        """How many trials of each stage have ended, of how many, and how those that failed did."""
        ended = [f"{stage} {count}/{total}" for stage, count, total in self._stages()]
        return ended + [f"{count} {name}" for name, count in self._not_complete.items() if count]

    def _stages(self) -> list[tuple[str, int, int]]:
        """Each stage that has anything to train: its trials that have ended, of how many."""
        totals = [(s, count, count + self._remaining[s]) for s, count in self._ended.items()]
        return [each for each in totals if each[-1]]

    def _bests(self) -> list[str]:
        labels = self._labels["explore"]
        return [f"best {labels[name]} {self._said(value)}" for name, value in self._best.items()]

    def _said(self, value: float) -> str:
        name = "" if self._objective == LOSS else f"{column_name(self._objective)} "
        return name + format_value(self._objective, value)

    def _pace(self) -> str:
        rate = self._rate()
        return f"{len(self._running)} running, {rate:.{1 if rate >= 1 else 3}f} epochs/s"

    def _rate(self) -> float:
        return self._epochs / max(1e-9, time.monotonic() - self._started)

    def _view(self) -> Table:
        bars = Bars(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        for stage, ended, total in self._stages():
            bars.add_task(stage, total=total, completed=ended)
        view = Table.grid()
        view.add_row(bars)
        others = ", ".join(f"{n} {name}" for name, n in self._not_complete.items() if n)
        view.add_row(
            f"{self._pace()}, {_left(self._seconds_left())}{'; ' + others if others else ''}"
        )
        for job in list(self._running.values()):
            view.add_row(f"  {job.stage} {self._labels[job.stage][job.candidate]}", style="dim")
        for name, value in self._best.items():
            label, what = self._labels["explore"][name], column_name(self._objective)
            shown = format_value(self._objective, value)
            view.add_row(f"best so far, {label}: {what} {shown}")
        return view


@contextmanager
def report_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Shows the step that `study.report.outputs.write_outputs` takes: on a terminal while it lasts,
    elsewhere as a plain line where the last one is LINE_EVERY seconds old."""
    last_line = time.monotonic()
    with console.status("report: records") as status:  # nothing where it is no terminal

        def on_step(what: str, number: int, last: int) -> None:
            nonlocal last_line
            line = f"report: {escape(what)} ({number} of {last})"
            status.update(line)
            if not console.is_terminal and time.monotonic() - last_line > LINE_EVERY:
                last_line = time.monotonic()
                console.print(line, highlight=False)

        yield on_step


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left unknown"
    return f"{describe_time(seconds)} left"
