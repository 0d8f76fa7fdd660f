"""Which viewers a run feeds."""

from collections.abc import Callable

from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.store.folder import Folder, LocalFolder
from study.viewers.feed import Viewer
from study.viewers.mlflow import MLflow
from study.viewers.page import RunningFigures, RunningPage
from study.viewers.searches import LiveSearches
from study.viewers.tensorboard import TensorBoard


def make_viewers(
    plan: Plan,
    folder: Folder,
    dispatcher: Dispatcher,
    describe: Callable[[], str],
    tensorboard: bool = False,
    mlflow: str | None = None,
) -> list[Viewer]:
    """The viewers of a run; all shares of its time together are 0.01.

    Args:
        folder: the study's.
        dispatcher: knows which trials have ended.
        describe: how far the run is, in words without a full stop.
        tensorboard: whether TensorBoard is fed; the folder is a `LocalFolder` then.
        mlflow: MLflow's tracking URI; None where it is not fed.
    """

    def finished() -> FinishedTrials:
        return FinishedTrials(plan, dict(dispatcher.finished.records))

    viewers: list[Viewer] = []
    if any(dispatcher.remaining().values()):
        figures = RunningFigures(plan, finished)
        viewers += [figures, RunningPage(plan, folder, finished, describe, figures)]
        viewers += [LiveSearches(plan, folder, finished)] * bool(plan.study.searches)
    if tensorboard and isinstance(folder, LocalFolder):
        viewers.append(TensorBoard(plan, folder, finished))
    if mlflow is not None:
        viewers.append(MLflow(plan, mlflow, finished))
    return viewers
