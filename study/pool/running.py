"""A trial under way in a worker: its training, and the epochs that it has done."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from hw3.engine import EpochRow, Recipe
from hw3.engines import engine_of
from hw3.metrics import METRICS
from hw3.models import Engine, make_architecture
from hw3.numerics import Numerics
from hw3.splits import Split, Splits
from study.search.objective import SCORES
from study.search.trial import MEASURED, Job


@dataclass(eq=False)
class RunningTrial:
    """A job's training under way.

    Attributes:
        training: the engine's.
        data: what it trains and validates on.
        cost: fields of `hw3.cost.Cost`; empty where the engine knows none.
        device: on which it is trained, "cpu" or "cuda".
        rows: of its epochs so far, as `TrialReport.rows`.
        fused: as `TrialReport.fused`.
    """

    job: Job
    engine: Engine
    training: Any
    data: Splits
    cost: Mapping[str, int]
    device: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    fused: int = 1

    @property
    def model(self) -> Any:
        """What is trained, a PyTorch module as a rule; None where the engine shows none."""
        return getattr(self.training, "model", None)

    @property
    def status(self) -> Literal["running", "complete", "diverged"]:
        """After its last row."""
        if not self.rows:
            return "running"
        losses = [self.rows[-1]["train_loss"], self.rows[-1]["val_loss"]]
        if None in losses:
            return "diverged"
        return "complete" if self.rows[-1]["epoch"] == self.job.epochs else "running"

    def add(self, row: EpochRow) -> None:
        """Take an epoch that was trained, with what the search optimises of it."""
        numbers = {name: _json_number(value) for name, value in asdict(row).items()}
        self.rows.append(numbers | self._measure())

    def score(self, part: Split) -> list[dict[str, Any]]:
        return self.engine.score(self.training, part)

    def state(self) -> dict[str, Any] | None:
        """All that `restore` needs; None where the engine keeps none."""
        if self.engine.state is None:
            return None
        state = self.engine.state(self.training)
        return {"rows": self.rows, "fused": self.fused, "training": state}

    def restore(self, state: dict[str, Any]) -> None:
        """Bring a trial that has done no epoch to where `state` was taken."""
        assert self.engine.restore is not None
        self.rows, self.fused = state["rows"], state.get("fused", 1)  # files of version 0.2
        self.engine.restore(self.training, state["training"])

    def _measure(self) -> dict[str, Any]:
        """The metric of this epoch that the search optimises, where no row has it already."""
        names = self.job.ingredients.get(MEASURED, {})
        if not names:
            return {}
        part = self.data.val
        score, *_ = self.score(part)  # the first is of the training as it stands
        logits = np.array(score["logits"])
        return {SCORES: {n: _json_number(METRICS[n](logits, part.labels)) for n in names}}


def start_trial(job: Job, data: Splits) -> RunningTrial:
    """A trial that has done no epoch.

    Raises:
        ValueError: the family or the configuration is not valid.
    """
    parts = job.ingredients
    family = parts["family"]
    engine = engine_of(family)
    architecture = make_architecture(family, parts["config"], data.shape)
    cost = asdict(engine.cost(architecture)) if engine.cost else {}
    recipe, numerics = Recipe(**parts["recipe"]), Numerics(**parts["numerics"])
    training = engine.start(architecture, recipe, parts["seed"], numerics)
    # Where the training says what it runs on, that is what its record tells, not what was asked.
    device = str(getattr(training, "device", numerics.device)).partition(":")[0]
    return RunningTrial(job, engine, training, data, cost, device)


def train_trials(trials: Sequence[RunningTrial]) -> Iterator[list[RunningTrial]]:
    """Train the epochs that are left of trials, of several as one, and note their rows; after each
    epoch those that were trained in it."""
    return _noted(trials, _epochs(trials))  # the engine is asked now


def _noted(
    trials: Sequence[RunningTrial], epochs: Iterator[list[EpochRow | None]]
) -> Iterator[list[RunningTrial]]:
    while True:
        started = time.perf_counter()
        rows = next(epochs, None)
        if rows is None:
            return
        trained = [trial for trial, row in zip(trials, rows, strict=True) if row is not None]
        each = (time.perf_counter() - started) / max(1, len(trained))
        for trial, row in zip(trials, rows, strict=True):
            if row is not None:
                if math.isnan(row.seconds):  # its engine leaves that to the worker
                    row.seconds = each
                trial.fused = max(trial.fused, len(trained))
                trial.add(row)
        yield trained


def _epochs(trials: Sequence[RunningTrial]) -> Iterator[list[EpochRow | None]]:
    engine, trainings = trials[0].engine, [trial.training for trial in trials]
    if len(trials) == 1:
        return _alone(engine.train(trainings[0], trials[0].data))
    assert engine.train_together is not None
    return engine.train_together(trainings, [trial.data for trial in trials])


def _alone(rows: Iterator[EpochRow]) -> Iterator[list[EpochRow | None]]:
    return ([row] for row in rows)


def _json_number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else None
