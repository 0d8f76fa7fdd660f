"""How long a run would take on so many workers, by its own search and pool in virtual time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from study.cli.estimate import epoch_seconds
from study.pool.dispatch import Dispatcher
from study.pool.session import Session
from study.pool.simulated import Simulated, run_simulated, unrecorded
from study.search.choose import FinishedTrials
from study.search.objective import SCORES, direction_of, is_extra, metric_of
from study.search.plan import Plan
from study.search.trial import Job
from study.spec.durations import describe_time
from study.spec.errors import StudyError

# Standard deviation of a score about what it is at the end, in those of the ends, after the whole
# of a training; it falls with the square root of the epochs. Trials then have the order of their
# end in 4 of 5 pairs after a ninth of their epochs, as on most data of `benchmarks.search`.
NOISE = 0.24


@dataclass(frozen=True)
class MadeCurves:
    """Curves as they might be.

    Attributes:
        plan: of the run.
        seconds: that an epoch takes, by candidate.
    """

    plan: Plan
    seconds: Mapping[str, float]

    def rows(self, job: Job) -> list[dict[str, Any]]:
        """See `study.pool.simulated.Curves`."""
        rng = np.random.default_rng(int(job.key, 16))
        epochs = np.arange(1, job.epochs + 1)
        noise = NOISE * np.sqrt(job.epochs / epochs) * (epochs < job.epochs)
        scores = rng.normal() + noise * rng.normal(size=len(epochs))
        return [
            {"epoch": epoch, "seconds": self.seconds[job.candidate], **self._scored(score)}
            for epoch, score in zip(epochs.tolist(), scores.tolist(), strict=True)
        ]

    def _scored(self, score: float) -> dict[str, Any]:
        objective = self.plan.setting.objective
        value = -score if direction_of(objective) == "maximize" else score
        return (
            {SCORES: {metric_of(objective): value}} if is_extra(objective) else {objective: value}
        )


def simulate(plan: Plan, workers: int, seconds_per_epoch: float | None = None) -> Simulated:
    """What the run would take if it began with nothing recorded, and no claim needed more seeds
    than the first look has. Which configurations are tried makes no difference.

    Args:
        workers: number of trials at a time.
        seconds_per_epoch: of every candidate; estimated for a core or a GPU here if None.

    Raises:
        StudyError: it cannot be estimated.
    """
    names = list(plan.study.labels())
    if seconds_per_epoch is not None:
        seconds = dict.fromkeys(names, seconds_per_epoch)
    else:
        estimated = epoch_seconds(plan)
        if estimated is None:
            raise StudyError(
                "how long an epoch takes here is not known, as the costs of the models are not, or "
                "a GPU could not be measured; say it with --seconds-per-epoch"
            )
        seconds = estimated
    plan = replace(plan, setting=replace(plan.setting, sampler="random"))
    first = {name: plan.first_seeds(name) for name in plan.study.labels()}
    dispatcher = Dispatcher(FinishedTrials(plan, {}), wanted=lambda _trials: first)
    session = Session(dispatcher, unrecorded(plan))
    return run_simulated(session, MadeCurves(plan, seconds), workers)


def describe_simulated(plan: Plan, took: Simulated, price: float | None = None) -> str:
    """In one sentence.

    Args:
        price: of a worker for an hour.
    """
    trained = plan.explorations * plan.budget.epochs
    workers = f"{took.workers} worker{'s' * (took.workers > 1)}"
    hours = took.workers * took.seconds / 3600
    said = (
        f"{describe_time(took.seconds)} with {workers}, which train "
        f"{100 * took.utilisation:.0f} % of that time"
    )
    if trained:
        said += f"; stopping saves {100 * took.saved / trained:.0f} % of the searches' epochs"
    if price is not None:
        said += f"; {hours:.2g} worker-hours, {price * hours:.2f} at {price:g} an hour"
    return said
