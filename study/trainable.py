"""The one place where torch meets Ray: a trial as a Tune class trainable, its actor reused."""

import math
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch
from ray.tune import Trainable

from hw3.cost import model_cost
from hw3.models import make_config
from hw3.splits import Split, Splits
from hw3.train import (
    EpochRow,
    Numerics,
    Recipe,
    Training,
    restore_training,
    score_test_set,
    start_training,
    train_epochs,
    training_state,
)
from study.checkpoints import CheckpointStore
from study.trial import Job

METRIC = "val_loss"
EPOCH = "epoch"  # counts a trial's epochs also where Tune's own count began anew


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
        checkpoints: CheckpointStore | None = None,
    ) -> None:
        """Take the data, which the actor keeps for all its trials, and start the first.

        Args:
            data: training and validation parts; read-only views of the node's one copy.
            open_test: gives the test part, None where there is none. Called at the end of
                confirmed trials and nowhere else.
            threads: of this trial's computations on the processor.
            checkpoints: where trials under way are kept, so that one that is killed goes on from
                its last epoch; nowhere if None.
        """
        assert data is not None and data.test is None
        torch.set_num_threads(threads)
        self._data, self._open_test, self._checkpoints = data, open_test, checkpoints
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start another trial in the same actor: all state of the last one is replaced."""
        self._begin(new_config)
        return True

    def _begin(self, config: dict[str, Any]) -> None:
        self._job = Job(**config)
        parts = self._job.ingredients
        model_config = make_config(parts["family"], parts["config"])
        self._cost = model_cost(parts["family"], model_config, parts["image_size"])
        self._training: Training = start_training(
            parts["family"],
            model_config,
            parts["image_size"],
            Recipe(**parts["recipe"]),
            parts["seed"],
            Numerics(**parts["numerics"]),
        )
        self._rows: list[dict[str, Any]] = []
        self._resume()
        self._epochs: Iterator[EpochRow] = train_epochs(self._training, self._data)

    def _resume(self) -> None:
        """Go on from the trial's checkpoint, where there is one."""
        if self._checkpoints is None:
            return
        state = self._checkpoints.load(self._job.key)
        if state is None:
            self._checkpoints.begin(self._job.key, asdict(self._job))
        else:
            self._rows = state["rows"]
            restore_training(self._training, state["training"])

    def step(self) -> dict[str, Any]:
        """One epoch: its validation loss for the search, and the trial so far."""
        row = next(self._epochs)
        self._rows.append({name: _json_number(value) for name, value in asdict(row).items()})
        status = self._status(row)
        if self._checkpoints is not None and status == "running":
            state = {"rows": self._rows, "training": training_state(self._training)}
            self._checkpoints.save(self._job.key, state)
        opens_test = self._job.stage == "confirm" and status == "complete"
        test = self._open_test() if opens_test else None
        return {
            METRIC: row.val_loss,
            EPOCH: row.epoch,
            "status": status,
            "rows": self._rows,
            "test": score_test_set(self._training, test) if test is not None else [],
            "cost": asdict(self._cost),
            "host": platform.node(),
            "device": _device_name(self._training.device),
            "done": status != "running",
        }

    def _status(self, row: EpochRow) -> str:
        if not row.is_finite():
            return "diverged"
        return "complete" if row.epoch == self._training.recipe.epochs else "running"


def _json_number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else None


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU"
