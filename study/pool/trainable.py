"""A trial as a Tune class trainable: a worker in an actor of Ray's, reused from trial to trial."""

from collections.abc import Callable, Mapping
from typing import Any

from ray.tune import Trainable

from hw3.splits import Split, Splits
from study.pool.shipped import Packed
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.pool.worker import Worker
from study.search.trial import job_from
from study.store.folder import Folder


class StudyTrial(Trainable):
    """Trains the job in its configuration, one epoch per step.

    There is no save_checkpoint and no load_checkpoint: the worker keeps checkpoints itself, and
    resumes from them, so that they outlive Tune's own state.
    """

    def setup(
        self,
        config: dict[str, Any],
        data: Splits | None = None,
        open_test: Callable[[], Split | None] = lambda: None,
        threads: int = 1,
        checkpoints: Folder | None = None,
        families: Mapping[str, Packed] = {},
        weights: WeightsKeeper = NO_WEIGHTS,
        metrics: Mapping[str, Packed] = {},
    ) -> None:
        """Make the worker, which the actor keeps for all its trials; see `Worker`."""
        assert data is not None
        self._worker = Worker(data, open_test, threads, checkpoints, families, weights, metrics)
        self._worker.begin(job_from(config))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start another trial in the same actor."""
        self._worker.begin(job_from(new_config))
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch; a `TrialReport` as Tune takes it."""
        report = self._worker.train_epoch()
        return vars(report) | {"done": report.is_last}
