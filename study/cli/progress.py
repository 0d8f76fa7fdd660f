"""What the terminal shows while a study runs: a live view, or plain lines if it is no terminal."""

import time

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from study.cli.estimate import describe_time
from study.pool.worker import TrialReport
from study.search.plan import Plan
from study.search.trial import METRIC, Job
from study.store.records import Status

LINE_EVERY = 15.0  # seconds between two plain lines


class Progress:
    """Counts what a session tells its observers; draws at most twice per second.

    Args:
        expected: maximum number of trials still to be run, by stage.
    """

    def __init__(self, console: Console, plan: Plan, expected: dict[str, int]):
        self._console, self._expected = console, expected
        searches = {search.name: search.label for search in plan.study.searches}
        self._labels = {"explore": searches, "confirm": plan.study.labels()}  # by stage and name
        self._epochs_left = plan.budget.epochs * sum(expected.values())
        self._started = self._last_line = time.monotonic()
        self._ended = dict.fromkeys(expected, 0)
        self._running: dict[str, Job] = {}
        self._known: dict[str, int] = {}  # epochs counted, by the trial's key
        self._epochs = self._repeated = 0  # all that were trained; those that were lost before
        self._best: dict[str, float] = {}
        self._not_complete = {"stopped": 0, "diverged": 0, "failed": 0}
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._view,
                console=self._console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live is not None:
            self._live.stop()
        else:
            self._console.print(self._line(), highlight=False)
        if self._repeated:
            self._console.print(
                f"{self._repeated} epochs were trained twice: their workers or hosts were lost",
                highlight=False,
            )

    def on_start(self, job: Job) -> None:
        self._running[job.key] = job

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        self._epochs += 1
        done, known = len(report.rows), self._known.get(job.key, 0)
        self._known[job.key] = max(known, done)
        self._epochs_left -= max(0, done - known)  # a resumed trial brings some
        self._repeated += done <= known
        loss = report.rows[-1][METRIC]
        if job.stage == "explore" and report.status == "complete":
            self._best[job.candidate] = min(self._best.get(job.candidate, float("inf")), loss)
        if self._live is None and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(self._line(), highlight=False)

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        self._running.pop(job.key, None)
        self._ended[job.stage] += 1
        self._epochs_left -= job.epochs - (len(report.rows) if report else 0)
        if status in self._not_complete:
            self._not_complete[status] += 1

    def _seconds_left(self) -> float | None:
        """From the rate so far, as if all epochs were equal; None before two epochs of each of the
        first trials are done."""
        if not self._epochs or self._epochs < 2 * len(self._running):
            return None
        return max(0, self._epochs_left) / self._rate()

    def _line(self) -> str:
        parts = [f"{stage} {self._ended[stage]}/{self._expected[stage]}" for stage in self._ended]
        parts += [f"{count} {name}" for name, count in self._not_complete.items() if count]
        parts.append(self._pace())
        parts += [
            f"best {self._labels['explore'][name]} {loss:.3f} nats"
            for name, loss in self._best.items()
        ]
        parts.append(_left(self._seconds_left()))
        return ", ".join(parts)

    def _pace(self) -> str:
        rate = self._rate()
        return f"{len(self._running)} running, {rate:.{1 if rate >= 1 else 3}f} epochs/s"

    def _rate(self) -> float:
        return self._epochs / max(1e-9, time.monotonic() - self._started)

    def _view(self) -> Table:
        bars = Bars(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        for stage, expected in self._expected.items():
            bars.add_task(stage, total=expected, completed=self._ended[stage])
        view = Table.grid()
        view.add_row(bars)
        others = ", ".join(f"{n} {name}" for name, n in self._not_complete.items() if n)
        view.add_row(
            f"{self._pace()}, {_left(self._seconds_left())}{'; ' + others if others else ''}"
        )
        for job in self._running.values():
            view.add_row(f"  {job.stage} {self._labels[job.stage][job.candidate]}", style="dim")
        for name, loss in self._best.items():
            label = self._labels["explore"][name]
            view.add_row(f"best so far, {label}: validation loss {loss:.3f} nats")
        return view


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left unknown"
    return f"{describe_time(seconds)} left"
