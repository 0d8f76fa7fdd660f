"""Keeping the weights of confirmed trainings: the worker writes them, the driver removes those that
are not the best."""

import platform
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from study.search.trial import Job
from study.search.weights import final_loss
from study.spec.errors import StudyError
from study.spec.status import Status
from study.store.folder import Folder
from study.store.records import Record, record_key
from study.store.weights import KeepWeights, WeightsStore, labels_of


@dataclass(frozen=True)
class WeightsKeeper:
    """What a worker is told about weights; can be sent to other processes.

    Attributes:
        results: where they are kept; nowhere if None.
        study: for which study.
        kept: of which trainings.
        candidates: names of those whose weights are kept.
    """

    results: Folder | None = None
    study: str = ""
    kept: KeepWeights = "none"
    candidates: tuple[str, ...] = ()

    def keep(self, job: Job, model: object) -> str | None:
        """Write the model's weights where the job's are to be kept; why they could not be, None
        where nothing failed. A training is worth more than its weights: nothing is raised.

        Args:
            model: at the training's end; of something else than a PyTorch module nothing is kept.
        """
        if self.results is None or self.kept == "none" or job.candidate not in self.candidates:
            return None
        if not isinstance(model, nn.Module):
            return None
        labels = labels_of(self.study, self.kept, job.ingredients)
        try:
            WeightsStore(self.results).write(job.key, model.state_dict(), labels)
        except Exception as error:  # noqa: BLE001 - a full disk, or a state that is no tensor
            return f"{platform.node()}: {' '.join(str(error).split())}"
        return None


NO_WEIGHTS = WeightsKeeper()


class WeightsWatch:
    """An observer of a session: counts failures, and where only the best are to be kept removes
    the weights of other trainings of the same configuration.

    It removes only what was kept by that rule and for the same study.

    Args:
        records: the finished trials of the results folder, by key.

    Attributes:
        failures: why weights could not be kept, one for each training.
    """

    def __init__(self, keeper: WeightsKeeper, records: Mapping[str, Record]):
        self._keeper = keeper
        self.failures: list[str] = []
        # Losses of the trainings whose weights are there, by configuration and key.
        self._losses: dict[str, dict[str, float]] = defaultdict(dict)
        if keeper.results is None or keeper.kept != "best":
            return
        self._store = WeightsStore(keeper.results)
        for key in self._store.kept():
            record = records.get(key)
            if record is not None and record.is_full_length:
                self._losses[_group(record.ingredients)][key] = final_loss(record)
        for group in list(self._losses):
            self._remove_others(group)

    def on_start(self, job: Job) -> None:
        """Nothing."""

    def on_epoch(self, job: Job, report: Any) -> None:
        """Nothing."""

    def on_end(self, job: Job, report: Any, status: Status) -> None:
        """A trial has ended, and is recorded."""
        if report is None or job.stage != "confirm" or status != "complete":
            return
        if report.weights_failure is not None:
            self.failures.append(report.weights_failure)
        elif self._keeper.kept == "best" and job.candidate in self._keeper.candidates:
            group = _group(job.ingredients)
            self._losses[group][job.key] = report.rows[-1]["val_loss"]
            self._remove_others(group)

    def _remove_others(self, group: str) -> None:
        losses = self._losses[group]
        best = min(losses, key=lambda key: (losses[key], key))
        for key in [key for key in losses if key != best]:
            try:
                labels = self._store.labels(key)
                if (labels.get("study"), labels.get("kept")) == (self._keeper.study, "best"):
                    self._store.delete(key)
                    del losses[key]
            except (OSError, StudyError) as error:  # what is too much does no harm
                self.failures.append(str(error))


def _group(ingredients: Mapping[str, Any]) -> str:
    """The same for trainings that differ in their seeds alone."""
    return record_key({**ingredients, "seed": None})
