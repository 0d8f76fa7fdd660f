"""One pool of workers for all searches and both stages: a Tuner whose searcher asks the study."""

import tempfile
from functools import partial
from typing import Any

import ray
from ray import tune
from ray.tune import Callback
from ray.tune.schedulers import TrialScheduler

from hw3.splits import Split, Splits
from study.cluster.ray import Resources
from study.pool.dispatch import PrunedTrials, StudySearcher
from study.pool.recorder import Recorder, StopOnFailure, Supervisor
from study.pool.trainable import StudyTrial
from study.spec.errors import StudyError
from study.store.checkpoints import CheckpointStore
from study.store.records import RecordStore

MAX_FAILURES = 2  # tries after the first, before a trial is recorded as failed


def run_pool(
    searcher: StudySearcher,
    data: Splits,
    store: RecordStore,
    checkpoints: CheckpointStore,
    resources: Resources,
    epoch_timeout: float,
    callbacks: list[Callback],
) -> None:
    """Run every job that the searcher hands out; returns when all are recorded.

    Args:
        epoch_timeout: seconds without a report after which a trial is ended and tried again.
        callbacks: further ones, told what Tune tells.

    Raises:
        StudyError: a record or a checkpoint could not be written, or nothing happens any more.

    Needs a running Ray. Data goes into the object store once; the test part apart from the rest,
    behind a reference that only confirmed trials follow.
    """
    test_reference = ray.put(data.test)
    trainable = tune.with_parameters(
        StudyTrial,
        data=data.without_test(),
        open_test=partial(_open, [test_reference]),
        threads=max(1, int(resources.cpus_per_trial)),
        checkpoints=checkpoints.folder,
    )
    schedulers: dict[str, TrialScheduler] = {
        name: search.scheduler for name, search in searcher.searches.items()
    }
    supervisor = Supervisor(epoch_timeout)
    recorder = Recorder(store, checkpoints, searcher, supervisor)
    # Tune's own files are of no use after the run: the records are the only truth.
    with tempfile.TemporaryDirectory(prefix="study-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources.per_trial()),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=PrunedTrials(schedulers),
                num_samples=-1,
                max_concurrent_trials=resources.concurrent,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=scratch,
                failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[supervisor, recorder, *callbacks],
                stop=StopOnFailure(recorder),
                verbose=0,
            ),
        )
        tuner.fit()
    if recorder.failure is not None:
        raise StudyError(
            f"{recorder.failure}. Every record is whole. Mend it, then run the same command: "
            "it goes on."
        )


def _open(holder: list[Any]) -> Split | None:
    """The test part. The reference comes in a list, so that Ray does not follow it by itself."""
    return ray.get(holder[0])
