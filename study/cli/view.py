"""Draws a snapshot: as a picture that fits the terminal, or as a line for a log."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hw3.text import printable
from study.spec.durations import describe_time
from study.store.snapshot import RunningTrial, Snapshot

SPARKS = "▁▂▃▄▅▆▇█"
GAP = " "  # where a curve has no number
BAR_WIDTH = 40  # characters at most
# What a run does in a phase that does not say it by its name.
DOING = {
    "stopping": "stopping; every finished trial is recorded",
    "reporting": "all trained; writing the report",
}
STYLES = {"running": "bold", "finished": "green", "interrupted": "yellow", "failed": "red"}


class View:
    """The picture of a snapshot, as high as the terminal at most.

    Args:
        note: said below it.
    """

    def __init__(self, snapshot: Snapshot, note: str = ""):
        self._snapshot, self._note = snapshot, note

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = self._snapshot
        head = [_title(shown), _bars(shown), *map(_line, filter(None, [_state_of(shown)]))]
        foot = [_line(_workers(shown))] if shown.workers else []
        foot += [_line(self._note, "bold")] if self._note else []
        free = options.size.height - 1 - len(head) - len(foot) - max(0, len(shown.stages) - 1)
        lines = _cap(bests(shown), max(1, free // 3))
        trials = _trials(shown, max(1, free - len(lines)))
        yield Group(*head, *map(_line, lines), *trials, *foot)


def can_draw(console: Console) -> bool:
    """Whether a picture can be drawn again in its place."""
    return console.is_terminal and not console.is_dumb_terminal and not console.quiet


def live(take: Callable[[], RenderableType], console: Console) -> Live:
    """Draws what `take` gives, once a second."""
    return Live(get_renderable=take, console=console, refresh_per_second=1, transient=True)


def print_line(line: str, console: Console) -> None:
    """Print a line, on one line of a log, with the time where it is one."""
    said = line if can_draw(console) else stamped(line)
    console.print(said, highlight=False, markup=False, soft_wrap=True)


def log_line(snapshot: Snapshot) -> str:
    """How far a run is on one line."""
    return ", ".join([*counts(snapshot), pace(snapshot), *bests(snapshot)])


def last_line(snapshot: Snapshot, how: str) -> str:
    """What a run has come to on one line.

    Args:
        how: it ended.
    """
    return ", ".join([*counts(snapshot), *bests(snapshot), how])


def stamped(line: str) -> str:
    """The line with the time: that of this machine's zone, of which the offset says which it is, as
    a log may be read elsewhere and on another day."""
    return f"{datetime.now().astimezone().isoformat(sep=' ', timespec='seconds')}  {line}"


def counts(snapshot: Snapshot) -> list[str]:
    """How many trials of each stage have ended, of how many, and how those that did not reach
    their last epoch did."""
    ended = [f"{plain(one.name)} {one.ended}/{one.total}" for one in snapshot.stages]
    return ended + _not_complete(snapshot)


def _not_complete(snapshot: Snapshot) -> list[str]:
    return [f"{count} {name}" for name, count in snapshot.not_complete.items()]


def bests(snapshot: Snapshot) -> list[str]:
    return [plain(f"best {one.label}: {one.metric} {one.value_text}") for one in snapshot.best]


def pace(snapshot: Snapshot) -> str:
    """What runs, how fast, and how long it will take."""
    if snapshot.phase != "training":
        return DOING.get(snapshot.phase, snapshot.phase)
    if not snapshot.under_way and not snapshot.epochs_per_second:
        return "waiting for the first worker"
    rate, seconds = snapshot.epochs_per_second, snapshot.seconds_left
    left = "time left unknown" if seconds is None else f"{describe_time(seconds)} left"
    return f"{snapshot.under_way} running, {rate:.{1 if rate >= 1 else 3}f} epochs/s, {left}"


def spark_line(curve: Sequence[float | None]) -> str:
    """A curve of values from 0 to 1 as a line of blocks."""
    last = len(SPARKS) - 1
    return "".join(
        GAP if value is None else SPARKS[round(last * min(1.0, max(0.0, value)))] for value in curve
    )


def plain(text: str) -> str:
    """Text from outside on one line, on which no character acts."""
    return printable(" ".join(text.split()))


def _state_of(snapshot: Snapshot) -> str:
    """What it does, and what became of the trials that did not reach their last epoch."""
    doing = pace(snapshot) if snapshot.state == "running" else ""
    return "; ".join(filter(None, (doing, ", ".join(_not_complete(snapshot)))))


def _title(snapshot: Snapshot) -> Table:
    state = "" if snapshot.state == "running" else f"{snapshot.state} after "
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(
        Text(plain(snapshot.title), "bold"),
        Text(f"{state}{_took(snapshot)}", STYLES[snapshot.state]),
    )
    return grid


def _took(snapshot: Snapshot) -> str:
    """From its start until the snapshot was written, as h:mm:ss."""
    try:
        written, started = map(datetime.fromisoformat, (snapshot.written, snapshot.started))
        return str(timedelta(seconds=max(0, round((written - started).total_seconds()))))
    except (TypeError, ValueError):  # the file is not of this project's making
        return "?"


def _bars(snapshot: Snapshot) -> Table:
    grid = Table.grid(padding=(0, 1))
    for stage in snapshot.stages:
        bar = ProgressBar(total=max(1, stage.total), completed=stage.ended, width=BAR_WIDTH)
        count = Text(f"{stage.ended}/{stage.total}", no_wrap=True)
        grid.add_row(Text(plain(stage.name), no_wrap=True), bar, count)
    return grid


def _trials(snapshot: Snapshot, rows: int) -> Iterator[Table | Text]:
    """The trials under way, on so many rows."""
    shown = snapshot.running
    if snapshot.under_way > rows or len(shown) < snapshot.under_way:
        shown = shown[: max(0, rows - 1)]
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for _ in range(3):
        grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="crop", max_width=16)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=12)
    for trial in shown:
        grid.add_row(*_cells(trial, len(snapshot.workers) > 1), style="dim")
    if shown:
        yield grid
    if snapshot.under_way > len(shown):
        more = snapshot.under_way - len(shown)
        yield _line(f"and {more} more" if shown else f"{more} trials under way")


def _cells(trial: RunningTrial, with_host: bool) -> tuple[Text, ...]:
    """Stage; label; number; epoch; score; curve; host."""
    number = f"#{trial.number}" if trial.number is not None else ""
    curve = spark_line(trial.curve) if len(trial.curve) > 1 else ""
    epoch = f"{trial.epoch}/{trial.epochs}"
    cells = (trial.stage, trial.label, number, epoch, trial.score_text)
    host = trial.host or "" if with_host else ""
    return (*(Text(plain(cell)) for cell in cells), Text(curve), Text(plain(host)))


def _workers(snapshot: Snapshot) -> str:
    return "workers: " + ", ".join(f"{host} {n}" for host, n in snapshot.workers.items())


def _line(text: str, style: str = "") -> Text:
    return Text(plain(text), style, no_wrap=True, overflow="ellipsis")


def _cap(lines: Sequence[str], rows: int) -> list[str]:
    if len(lines) <= rows:
        return list(lines)
    return [*lines[: rows - 1], f"and {len(lines) - rows + 1} more"]


def seconds_since(when: str) -> float:
    """Seconds since a time in ISO 8601 by this machine's clock; infinity where it is none."""
    try:
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds())
    except (TypeError, ValueError):
        return float("inf")
