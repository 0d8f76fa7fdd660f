"""A worker: trains one job after another, epoch by epoch, in whatever process it is."""

import math
import platform
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import numpy as np
import torch

from hw3.engine import EpochRow, Recipe
from hw3.engines import engine_of
from hw3.memory import keep_freed_memory
from hw3.metrics import METRICS
from hw3.models import Engine, Shape, make_architecture
from hw3.numerics import Numerics
from hw3.resampling import resample_splits
from hw3.splits import Split, Splits
from study.pool.shipped import Packed, came_by_value, is_by_value, unpack_family, unpack_metric
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.search.code import code_digest, metric_digest, resampling_digest
from study.search.objective import SCORES
from study.search.trial import MEASURED, RESAMPLING, Job
from study.store.checkpoints import CheckpointKeeper, CheckpointStore
from study.store.folder import Folder

# What building a model raises because of its configuration or its code: raised again at every try.
PERMANENT = (ValueError, TypeError, ImportError)


@dataclass(frozen=True)
class TrialReport:
    """What a worker says after each epoch: the whole trial so far.

    Whoever holds the last report can write the record, whichever process died before.

    Attributes:
        status: "running" until the trial's last epoch; "diverged" where its loss is not finite;
            "failed" where it cannot begin and no other try would help.
        rows: one for each epoch, fields of `hw3.engine.EpochRow`; None for what is not finite.
        val, test: scores of the images of the validation set and of the locked test set, see
            `hw3.engine.score_images`; at the end of confirmed trials only.
        cost: fields of `hw3.cost.Cost`; empty where the engine knows none.
        host, device: where the trial runs.
        checkpoint_failure: why no checkpoint can be written, None where they can.
        weights_failure: why the weights could not be kept, None where nothing failed.
        error: the text of what went wrong, of failed trials.
    """

    status: Literal["running", "complete", "diverged", "failed"]
    rows: list[dict[str, Any]]
    val: list[dict[str, Any]] = field(default_factory=list)
    test: list[dict[str, Any]] = field(default_factory=list)
    cost: Mapping[str, int] = field(default_factory=dict)
    host: str | None = None
    device: str | None = None
    checkpoint_failure: str | None = None
    weights_failure: str | None = None
    error: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether the trial has ended by itself."""
        return self.status != "running"


def report_from(result: Mapping[str, Any]) -> TrialReport:
    """The report in a result of Tune's, which holds Tune's own entries as well."""
    return TrialReport(**{item.name: result[item.name] for item in fields(TrialReport)})


class Worker:
    """Trains jobs; keeps the data for all of them.

    Args:
        data: training and validation parts; on a cluster read-only views of the node's one copy.
        open_test: gives the test part, None where there is none. Called at the end of confirmed
            trials and nowhere else.
        threads: for the computations of a trial on CPU cores.
        checkpoints: folder where trials under way are kept, so that one that is killed resumes
            from its last checkpoint; nowhere if None.
        families, metrics: from outside `hw3`, see `study.pool.shipped`.
        weights: keeps those of confirmed trainings.
    """

    def __init__(
        self,
        data: Splits,
        open_test: Callable[[], Split | None] = lambda: None,
        threads: int = 1,
        checkpoints: Folder | None = None,
        families: Mapping[str, Packed] = {},
        weights: WeightsKeeper = NO_WEIGHTS,
        metrics: Mapping[str, Packed] = {},
    ):
        assert data.test is None
        torch.set_num_threads(threads)
        keep_freed_memory()
        self._data, self._open_test = data, open_test
        self._families, self._metrics = families, metrics
        self._weights = weights
        self._checkpoints = CheckpointKeeper(CheckpointStore(checkpoints) if checkpoints else None)

    def begin(self, job: Job) -> None:
        """Take a job; all state of the last one is replaced.

        Only notes what is to be done: with Tune a step that fails is tried again, a reset is not.
        """
        self._job = job
        self._training: _Training | None = None  # frees the last trial's memory before the next
        self._epochs: Iterator[EpochRow] = iter(())
        self._rows: list[dict[str, Any]] = []

    def train_epoch(self) -> TrialReport:
        """Train the job's next epoch.

        What no other try would help against is reported, not raised: whatever a step raises is
        tried again, by Tune as well.
        """
        if self._training is None:
            try:
                self._training = self._start_or_resume()
            except OSError:  # some are also ValueErrors
                raise
            except PERMANENT:
                error = f"Failure # 1, not tried again\n{traceback.format_exc()}"
                return TrialReport("failed", [], host=platform.node(), error=error)
        elif self._job.stage != "timing":  # a checkpoint takes time
            self._keep(self._training)
        training = self._training
        started = time.perf_counter()
        row = next(self._epochs)
        if math.isnan(row.seconds):  # its engine leaves that to the worker
            row.seconds = time.perf_counter() - started
        numbers = {name: _json_number(value) for name, value in asdict(row).items()}
        self._rows.append(numbers | self._measure(training))
        status = _status(row, self._job)
        is_scored = self._job.stage == "confirm" and status == "complete"
        test = self._open_test() if is_scored else None
        return TrialReport(
            status=status,
            rows=list(self._rows),
            val=training.score(self._val) if is_scored else [],
            test=training.score(test) if test is not None else [],
            cost=training.cost,
            host=platform.node(),
            device=_device_name(training.device),
            checkpoint_failure=self._checkpoints.failure,
            weights_failure=self._weights.keep(self._job, training.model) if is_scored else None,
        )

    def _start_or_resume(self) -> "_Training":
        """Build the job's model, and resume from its checkpoint where there is one."""
        parts = self._job.ingredients
        family = parts["family"]
        unpack_family(self._families, family)
        if not came_by_value(family):
            _check_code(f"the family {family}", code_digest(family), parts["code"])
        data = self._data
        if RESAMPLING in parts:
            _check_code("resampled splits", resampling_digest(), parts[RESAMPLING])
            data = resample_splits(data, parts["seed"])
        for name, digest in parts.get(MEASURED, {}).items():
            unpack_metric(self._metrics, name)
            if not is_by_value(METRICS.get(name)):
                _check_code(f"the metric {name}", metric_digest(name), digest)
        self._val = data.val
        training = _start(parts, data.shape)
        state = self._checkpoints.resume(self._job.key, asdict(self._job))
        if state is not None:
            self._rows = state["rows"]
            training.restore(state["training"])
        self._epochs = training.epochs(data)
        return training

    def _measure(self, training: "_Training") -> dict[str, Any]:
        """What the search optimises of this epoch, where that is not in its row already."""
        names = self._job.ingredients.get(MEASURED, {})
        if not names:
            return {}
        part = self._val
        score, *_ = training.score(part)  # the first is of the training as it stands
        logits = np.array(score["logits"])
        values = {name: _json_number(METRICS[name](logits, part.labels)) for name in names}
        return {SCORES: values}

    def _keep(self, training: "_Training") -> None:
        """Save the state before another epoch, not after the last: then it holds no epoch at which
        the driver, had it lived, would have stopped the trial."""
        state = training.state()
        if state is not None:
            self._checkpoints.save(self._job.key, {"rows": self._rows, "training": state})


@dataclass(frozen=True)
class _Training:
    """An engine's training under way.

    Attributes:
        cost: fields of `hw3.cost.Cost`.
        device: on which it is trained, "cpu" or "cuda".
    """

    engine: Engine
    training: Any
    cost: Mapping[str, int]
    device: str

    def epochs(self, data: Splits) -> Iterator[EpochRow]:
        """Train the epochs that are left; the row of each."""
        return iter(self.engine.train(self.training, data))

    @property
    def model(self) -> Any:
        """What is trained, a PyTorch module as a rule; None where the engine shows none."""
        return getattr(self.training, "model", None)

    def score(self, part: Split) -> list[dict[str, Any]]:
        return self.engine.score(self.training, part)

    def state(self) -> dict[str, Any] | None:
        """None where the engine keeps none."""
        return self.engine.state(self.training) if self.engine.state else None

    def restore(self, state: dict[str, Any]) -> None:
        assert self.engine.restore is not None
        self.engine.restore(self.training, state)


def _start(ingredients: Mapping[str, Any], shape: Shape) -> _Training:
    """A training that has done no epoch."""
    family = ingredients["family"]
    engine = engine_of(family)
    architecture = make_architecture(family, ingredients["config"], shape)
    cost = asdict(engine.cost(architecture)) if engine.cost else {}
    recipe, numerics = Recipe(**ingredients["recipe"]), Numerics(**ingredients["numerics"])
    training = engine.start(architecture, recipe, ingredients["seed"], numerics)
    # Where the training says what it runs on, that is what its record tells, not what was asked.
    device = str(getattr(training, "device", numerics.device)).partition(":")[0]
    return _Training(engine, training, cost, device)


def _check_code(what: str, here: str, expected: str) -> None:
    """Refuse to train with other code than the driver has: the record would not be what it says."""
    if here != expected:
        raise RuntimeError(
            f"{platform.node()} has other code for {what} ({here}) than the driver "
            f"({expected}): install the same version on every host"
        )


def _status(row: EpochRow, job: Job) -> Literal["running", "complete", "diverged"]:
    if not row.is_finite():
        return "diverged"
    return "complete" if row.epoch == job.epochs else "running"


def _json_number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else None


def _device_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU"
