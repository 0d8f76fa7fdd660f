"""What the terminal shows while a study works: a live view, or plain lines where it is not one."""

import time
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from study.pool.dispatch import Unsaved
from study.search.plan import about
from study.search.trial import METRIC, Job

LINE_EVERY = 15.0  # seconds between two plain lines


class Progress(Unsaved, Callback):
    """Counts what Tune reports; draws at most twice a second.

    Args:
        expected: trials still to be run by stage, at most.
        epochs: of a full-length trial.
        labels: of points and searches, by name.
    """

    def __init__(
        self, console: Console, expected: dict[str, int], epochs: int, labels: dict[str, str]
    ):
        self._console, self._expected, self._labels = console, expected, labels
        self._epochs_left = epochs * sum(expected.values())
        self._started = self._last_line = time.monotonic()
        self._ended = dict.fromkeys(expected, 0)
        self._running: dict[str, Job] = {}
        self._known: dict[str, int] = {}  # epochs counted, by Tune's trial id
        self._epochs = self._again = 0  # all that were trained; those that were lost before
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
        if self._again:
            self._console.print(
                f"{self._again} epochs were trained twice: their workers or hosts were lost",
                highlight=False,
            )

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._running[trial.trial_id] = Job(**trial.config)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict, **info: Any
    ):
        job = Job(**trial.config)
        self._epochs += 1
        known = self._known.get(trial.trial_id, 0)
        self._known[trial.trial_id] = max(known, len(result["rows"]))
        self._epochs_left -= max(0, len(result["rows"]) - known)  # a resumed trial brings some
        self._again += len(result["rows"]) <= known
        if job.stage == "explore" and result["status"] == "complete":
            self._best[job.candidate] = min(
                self._best.get(job.candidate, float("inf")), result[METRIC]
            )
        if self._live is None and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(self._line(), highlight=False)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        status = trial.last_result["status"]
        self._end(trial, "stopped" if status == "running" else status)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any):
        self._end(trial, "failed")

    def _end(self, trial: Trial, status: str) -> None:
        self._running.pop(trial.trial_id, None)
        job, rows = Job(**trial.config), (trial.last_result or {}).get("rows", [])
        self._ended[job.stage] += 1
        self._epochs_left -= job.ingredients["recipe"]["epochs"] - len(rows)
        if status in self._not_complete:
            self._not_complete[status] += 1

    def _seconds_left(self) -> float | None:
        """By the rate so far, epochs taken as equal; None before it can be told.

        That is after two epochs of each of the first trials: long ones take hours.
        """
        if not self._epochs or self._epochs < 2 * len(self._running):
            return None
        return max(0, self._epochs_left) / self._rate()

    def _line(self) -> str:
        parts = [f"{stage} {self._ended[stage]}/{self._expected[stage]}" for stage in self._ended]
        parts += [f"{count} {name}" for name, count in self._not_complete.items() if count]
        parts.append(self._pace())
        parts += [
            f"best {self._labels[point]} {loss:.3f} nats" for point, loss in self._best.items()
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
            view.add_row(f"  {job.stage} {self._labels[job.candidate]}", style="dim")
        for point, loss in self._best.items():
            view.add_row(f"best so far, {self._labels[point]}: validation loss {loss:.3f} nats")
        return view


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left not known yet"
    return f"{about(seconds)} left"
