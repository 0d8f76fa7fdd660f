"""The one place where torch meets Ray: a trial as a Tune class trainable, its actor reused."""

import math
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch
from ray.tune import Trainable

from hw3.cost import model_cost
from hw3.memory import keep_freed_memory
from hw3.models import make_config
from hw3.numerics import Numerics
from hw3.splits import Split, Splits
from hw3.train import (
    EpochRow,
    Recipe,
    Training,
    restore_training,
    score_test_set,
    start_training,
    train_epochs,
    training_state,
)
from study.search.trial import EPOCH, METRIC, Job
from study.store.checkpoints import CheckpointKeeper, CheckpointStore
from study.store.folder import Folder


class StudyTrial(Trainable):
    """Trains the job in its configuration, one epoch a step.

    Every step reports all epoch rows so far, so that the last result is the whole trial: whoever
    holds it can write the record, whichever process died before.
    """

    def setup(
        self,
        config: dict[str, Any],
        data: Splits | None = None,
        open_test: Callable[[], Split | None] = lambda: None,
        threads: int = 1,
        checkpoints: Folder | None = None,
    ) -> None:
        """Take the data, which the actor keeps for all its trials, and start the first.

        Args:
            data: training and validation parts; read-only views of the node's one copy.
            open_test: gives the test part, None where there is none. Called at the end of
                confirmed trials and nowhere else.
            threads: of this trial's computations on the processor.
            checkpoints: folder where trials under way are kept, so that one that is killed goes
                on from where it was; nowhere if None.
        """
        assert data is not None and data.test is None
        torch.set_num_threads(threads)
        keep_freed_memory()
        self._data, self._open_test = data, open_test
        self._checkpoints = CheckpointKeeper(CheckpointStore(checkpoints) if checkpoints else None)
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start another trial in the same actor: all state of the last one is replaced."""
        self._begin(new_config)
        return True

    def _begin(self, config: dict[str, Any]) -> None:
        """Only note what is to be done: a step that fails is tried again, a reset is not."""
        self._job = Job(**config)
        self._training: Training | None = None  # the last trial's memory is free before the next
        self._epochs: Iterator[EpochRow] = iter(())
        self._rows: list[dict[str, Any]] = []

    def _start(self) -> Training:
        """Build the job's model, and go on from its checkpoint where there is one."""
        parts = self._job.ingredients
        model_config = make_config(parts["family"], parts["config"])
        self._cost = model_cost(parts["family"], model_config, parts["image_size"])
        training = start_training(
            parts["family"],
            model_config,
            parts["image_size"],
            Recipe(**parts["recipe"]),
            parts["seed"],
            Numerics(**parts["numerics"]),
        )
        state = self._checkpoints.resume(self._job.key, asdict(self._job))
        if state is not None:
            self._rows = state["rows"]
            restore_training(training, state["training"])
        self._epochs = train_epochs(training, self._data)
        return training

    def step(self) -> dict[str, Any]:
        """One epoch: its validation loss for the search, and the trial so far."""
        if self._training is None:
            self._training = self._start()
        else:
            self._keep(self._training)
        training = self._training
        row = next(self._epochs)
        self._rows.append({name: _json_number(value) for name, value in asdict(row).items()})
        status = _status(row, training.recipe)
        opens_test = self._job.stage == "confirm" and status == "complete"
        test = self._open_test() if opens_test else None
        return {
            METRIC: row.val_loss,
            EPOCH: row.epoch,
            "status": status,
            "rows": self._rows,
            "test": score_test_set(training, test) if test is not None else [],
            "cost": asdict(self._cost),
            "host": platform.node(),
            "device": _device_name(training.device),
            "checkpoint_failure": self._checkpoints.failure,
            "done": status != "running",
        }

    def _keep(self, training: Training) -> None:
        """Save the state before another epoch, not after the last: then it holds no epoch at which
        the driver, had it lived, would have stopped the trial."""
        self._checkpoints.save(
            self._job.key, {"rows": self._rows, "training": training_state(training)}
        )


def _status(row: EpochRow, recipe: Recipe) -> str:
    if not row.is_finite():
        return "diverged"
    return "complete" if row.epoch == recipe.epochs else "running"


def _json_number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else None


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU"
