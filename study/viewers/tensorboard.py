"""TensorBoard: an event file for each trial, with its numbers by epoch and its hyper-parameters.

Written with tensorboardX, which Ray Tune brings. Tune's own callback cannot carry it: it knows no
trial that is trained without Ray, and what a trial that resumes repeats, it shows twice.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from study.search.plan import Plan
from study.store.folder import LocalFolder
from study.viewers.feed import Ending, Told
from study.viewers.page import Finished
from study.viewers.trials import Shown, shown_at_end, shown_now

FOLDER = "tensorboard"  # in the study's


class TensorBoard:
    """Writes event files while the study runs; those of trials that are not shown before they are
    judged, and those that are missing, when it has ended.

    Args:
        folder: the study's, on a disk: event files are appended to.
        finished: gives the trials that have ended; called in the viewer's thread.
    """

    name = "TensorBoard's folder"
    share, takes = 0.001, 0.01
    at_end = True

    def __init__(self, plan: Plan, folder: LocalFolder, finished: Finished):
        self._plan, self._folder, self._finished = plan, folder / FOLDER, finished
        self._files: dict[str, EventFile] = {}  # that this run has begun, by the trial's key

    def open(self) -> None:
        import tensorboardX  # noqa: F401

        self._path = self._folder.make()

    def show(self, told: Sequence[Told]) -> None:
        for trial in shown_now(self._plan, told):
            if trial.key not in self._files:
                self._files[trial.key] = EventFile(self._path / trial.name)
            self._files[trial.key].write(trial)

    def close(self, ending: Ending, error: str) -> None:
        for file in self._files.values():
            file.close()
        if ending == "finished":
            for trial in shown_at_end(self._finished()):
                if not (self._path / trial.name).exists():
                    EventFile(self._path / trial.name).write(trial)


class EventFile:
    """The events of one trial, as this process writes them from the first epoch on; those of an
    earlier one go, which a trial that resumes would repeat."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._epochs = 0  # that are written
        self._writer: Any = None  # of tensorboardX
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier = list(folder.glob("events.*"))

    def write(self, trial: Shown) -> None:
        """Write what is new of the trial, and that it has ended if it has."""
        if self._writer is None:
            self._begin(trial)
        if len(trial.rows) > self._epochs:
            for epoch, numbers in trial.numbers(after=self._epochs):
                self._add(epoch, [_scalar(name, value) for name, value in numbers.items()])
            self._epochs = len(trial.rows)
        if trial.status != "running":
            self._add(self._epochs, _hparams(trial)[2:])
        writer: Any = self._writer
        writer.flush()
        if trial.status != "running":
            self.close()

    def close(self) -> None:
        """Close the file; the trial may go on all the same."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _begin(self, trial: Shown) -> None:
        from tensorboardX.event_file_writer import EventsWriter

        suffix = f".{time.time_ns()}"  # the name has seconds, and a trial may begin twice in one
        self._writer = EventsWriter(str(self._folder / "events"), suffix)
        if self._epochs == 0:
            for file in self._earlier:
                file.unlink(missing_ok=True)
            # a server that has read the earlier ones forgets them
            protocol = _protocol()
            start = protocol.SessionLog(status=protocol.SessionLog.START)
            self._writer.write_event(
                protocol.Event(wall_time=time.time(), step=1, session_log=start)
            )
            self._add(0, _hparams(trial)[:2])

    def _add(self, epoch: int, summaries: Sequence[Any]) -> None:
        for summary in summaries:
            event = _protocol().Event(wall_time=time.time(), step=epoch, summary=summary)
            self._writer.write_event(event)


def _protocol() -> Any:
    """TensorBoard's messages, classes that are made when this is imported."""
    from tensorboardX.proto import event_pb2

    return event_pb2


def _scalar(name: str, value: float) -> Any:
    from tensorboardX.summary import scalar

    return scalar(name, value)


def _hparams(trial: Shown) -> Any:
    """What is searched and measured, the trial's values, and that it has ended: a summary each."""
    from tensorboardX.summary import hparams

    _, numbers = next(trial.numbers())
    return hparams(trial.hyperparameters(), dict.fromkeys(numbers))
