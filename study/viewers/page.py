"""The run's own page: its report while it is under way, and the figures in it."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from study.search.blinded import may_show
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.store.folder import Folder
from study.viewers.feed import Ending, Told

if TYPE_CHECKING:  # what draws takes seconds to import
    import pandas as pd

    from study.figures.draw import DrawnFigure

UNKNOWN = 60.0  # seconds until the page is written again, as long as that is not known

Finished = Callable[[], FinishedTrials]


class _Shown:
    """The table of what may be shown, made anew when a trial of a search has ended."""

    def __init__(self, finished: Finished):
        self._finished = finished
        self._table: pd.DataFrame | None = None
        self.version = 0

    def take_in(self, told: Sequence[Told]) -> None:
        if any(one.status != "running" and may_show(one.job.stage) for one in told):
            self._table, self.version = None, self.version + 1

    def table(self) -> "pd.DataFrame":
        from study.report.running import shown_table

        if self._table is None:
            self._table = shown_table(self._finished())
        return self._table


class RunningFigures:
    """Draws the figures of what the searches have found, one at a time and the oldest first.

    Args:
        finished: gives the trials that have ended; called in the viewer's thread.

    Attributes:
        drawn: as they are now, by name.
    """

    name = "figures of the running study"
    share, takes = 0.004, 0.4
    at_end = False

    def __init__(self, plan: Plan, finished: Finished):
        self._plan, self._shown = plan, _Shown(finished)
        self.drawn: dict[str, DrawnFigure] = {}
        self._versions: dict[str, int] = {}  # of the table that a figure was drawn from

    def open(self) -> None:
        import study.report.running  # noqa: F401

    def show(self, told: Sequence[Told]) -> None:
        from study.report.running import draw_running, running_figures

        self._shown.take_in(told)
        figures = {figure.name: figure for figure in running_figures(self._plan)}
        name = min(figures, key=lambda name: self._versions.get(name, -1), default=None)
        if name is None or self._versions.get(name) == self._shown.version:
            return
        table = self._shown.table()
        if not table.empty:
            self.drawn[name] = draw_running(self._plan, figures[name], table)
        self._versions[name] = self._shown.version

    def close(self, ending: Ending, error: str) -> None:
        """Nothing: a run that has ended has other figures soon, and one that was interrupted is not
        held up."""


class RunningPage:
    """Writes the report of a run that is under way, `study.report.running`.

    It is `report.html`, unless the folder has the report of a run that reached its end: that one
    stays until the next replaces it, and this one is written beside it.

    Args:
        folder: the study's.
        finished: gives the trials that have ended; called in the viewer's thread.
        describe: how far the run is, in words without a full stop; called in the viewer's thread.
        figures: where the figures come from.
    """

    name = "the report of the running study"
    share, takes = 0.002, 0.08
    at_end = False

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        finished: Finished,
        describe: Callable[[], str],
        figures: RunningFigures,
    ):
        self._plan, self._folder = plan, folder.without_waiting()
        self._shown, self._describe, self._figures = _Shown(finished), describe, figures
        self._written_at: float | None = None

    def open(self) -> None:
        from study.report.running import place_of

        self._place = place_of(self._folder)
        self._make("running", "")  # the first takes several times as long, and is paid for anyway

    def show(self, told: Sequence[Told]) -> None:
        self._shown.take_in(told)
        self._write("running", self._describe())

    def close(self, ending: Ending, error: str) -> None:
        if self._written_at is not None or ending != "finished":
            self._write(ending, error or self._describe())

    def _write(self, state: Literal["running", Ending], words: str) -> None:
        self._folder.write(self._place, self._make(state, words).encode(), durable=False)
        self._written_at = time.monotonic()

    def _make(self, state: Literal["running", Ending], words: str) -> str:
        from study.report.blocks import Running
        from study.report.render import make_report
        from study.report.running import running_content

        before = self._written_at
        next_in = UNKNOWN if before is None else time.monotonic() - before
        written = datetime.now(UTC).isoformat(timespec="seconds")
        running = Running(state, words.rstrip("."), written, next_in, self._plan.command)
        figures = dict(self._figures.drawn)
        return make_report(running_content(self._plan, self._shown.table(), figures, running))
