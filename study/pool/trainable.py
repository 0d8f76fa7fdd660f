"""Trials as a Tune class trainable: a worker in an actor of Ray's, reused from trial to trial."""

from typing import Any

from ray.tune import Trainable

from study.pool.tune_messages import jobs_from, result_of
from study.pool.worker import Worker


class StudyTrial(Trainable):
    """Trains the jobs in its configuration, one epoch per step.

    There is no save_checkpoint and no load_checkpoint: the worker keeps checkpoints itself, and
    resumes from them, so that they outlive Tune's own state.
    """

    def setup(self, config: dict[str, Any], **parts: Any) -> None:
        """Make the worker, which the actor keeps for all its trials.

        Args:
            parts: what `Worker` takes.
        """
        self._worker = self._make_worker(**parts)
        self._worker.begin(*jobs_from(config).values())

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start other jobs in the same actor."""
        self._worker.begin(*jobs_from(new_config).values())
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch; the reports as Tune takes them."""
        return result_of(self._worker.train_epoch(), self._worker.is_over)

    def _make_worker(self, **parts: Any) -> Worker:
        return Worker(**parts)
