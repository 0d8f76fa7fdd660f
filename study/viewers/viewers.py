"""Which viewers a run feeds."""

from collections.abc import Callable

from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.store.folder import Folder
from study.viewers.feed import Viewer
from study.viewers.page import RunningFigures, RunningPage


def make_viewers(
    plan: Plan, folder: Folder, dispatcher: Dispatcher, describe: Callable[[], str]
) -> list[Viewer]:
    """The viewers of a run.

    Args:
        folder: the study's.
        dispatcher: knows which trials have ended.
        describe: how far the run is, in words without a full stop.
    """

    def finished() -> FinishedTrials:
        return FinishedTrials(plan, dict(dispatcher.finished.records))

    figures = RunningFigures(plan, finished)
    return [figures, RunningPage(plan, folder, finished, describe, figures)]
