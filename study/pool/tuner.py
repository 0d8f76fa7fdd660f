"""A study on Ray: a Tuner whose searcher, scheduler and callbacks ask and tell the session."""

from functools import partial
from typing import Any

import ray
from ray import tune

from hw3.splits import Split, Splits
from study.cluster.resources import Resources
from study.pool.scratch import scratch_folder
from study.pool.session import MAX_RETRIES, Session
from study.pool.shipped import pack_families, pack_metrics
from study.pool.supervisor import Supervisor
from study.pool.trainable import StudyTrial
from study.pool.tune_adapters import (
    SessionCallback,
    SessionScheduler,
    SessionSearcher,
    StopOnFailure,
)
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.store.checkpoints import CheckpointStore


def run_on_ray(
    session: Session,
    data: Splits,
    checkpoints: CheckpointStore,
    resources: Resources,
    epoch_timeout: float,
    weights: WeightsKeeper = NO_WEIGHTS,
) -> None:
    """Run every job of the session; returns when all are recorded.

    Needs a running Ray. Data goes into the object store once; the test part apart from the rest,
    behind a reference that only confirmed trials follow.

    Args:
        epoch_timeout: seconds without a report after which a trial is ended and tried again.
        weights: keeps those of confirmed trainings.

    Raises:
        StudyError: a record or a checkpoint could not be written, or no trial makes progress.
    """
    test_reference = ray.put(data.test)
    trainable = tune.with_parameters(
        StudyTrial,
        data=data.without_test(),
        open_test=partial(_open, [test_reference]),
        threads=resources.threads,
        checkpoints=checkpoints.folder,
        families=pack_families(),
        weights=weights,
        metrics=pack_metrics(),
        gpu_share=resources.gpus_per_trial,
    )
    supervisor = Supervisor(session, epoch_timeout)
    # Tune's own files are of no use after the run: the records are the only truth.
    with scratch_folder() as scratch:
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources.per_trial()),
            tune_config=tune.TuneConfig(
                search_alg=SessionSearcher(session),
                scheduler=SessionScheduler(session),
                num_samples=-1,
                max_concurrent_trials=resources.concurrent,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=str(scratch),
                failure_config=tune.FailureConfig(max_failures=MAX_RETRIES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[supervisor, SessionCallback(session, supervisor.describe)],
                stop=StopOnFailure(session),
                verbose=0,
            ),
        )
        tuner.fit()
    session.check()


def _open(holder: list[Any]) -> Split | None:
    """The test part. The reference comes in a list, so that Ray does not follow it by itself."""
    return ray.get(holder[0])
