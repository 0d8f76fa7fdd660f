"""A worker: trains one job after another, or several as one, epoch by epoch, in whatever process it
is."""

import platform
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from hw3.gpu_memory import GpuMemoryError, limit_this_process
from hw3.memory import keep_freed_memory
from hw3.metrics import METRICS
from hw3.resampling import resample_splits
from hw3.splits import Split, Splits
from study.pool.gpu_memory import check_memory, clear_memory_errors
from study.pool.report import TrialReport
from study.pool.running import RunningTrial, start_trial, train_trials
from study.pool.shipped import Packed, came_by_value, is_by_value, unpack_family, unpack_metric
from study.pool.weights import NO_WEIGHTS, WeightsKeeper
from study.search.code import code_digest, metric_digest, resampling_digest
from study.search.trial import MEASURED, RESAMPLING, Job
from study.store.checkpoints import CheckpointKeeper, CheckpointStore
from study.store.folder import Folder

# What building a model raises because of its configuration or its code: raised again at every try.
PERMANENT = (ValueError, TypeError, ImportError)


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
        gpu_share: GPUs per trial, of whose memory no more is taken: 0, a fraction below 1, or a
            whole number.
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
        gpu_share: float = 0.0,
    ):
        assert data.test is None
        torch.set_num_threads(threads)
        keep_freed_memory()
        limit_this_process(gpu_share)
        self._data, self._open_test = data, open_test
        self._families, self._metrics = families, metrics
        self._weights, self._gpu_share = weights, gpu_share
        self._checkpoints = CheckpointKeeper(CheckpointStore(checkpoints) if checkpoints else None)

    def begin(self, *jobs: Job) -> None:
        """Take a job, or confirmations that differ by seed alone and are trained as one; all state
        of the last ones is replaced.

        Only notes what is to be done: with Tune a step that fails is tried again, a reset is not.
        """
        self.jobs = jobs
        self._is_started = False
        self._trials: list[RunningTrial] = []  # frees the last ones' memory before the next
        self._epochs: Iterator[list[RunningTrial]] = iter(())

    def train_epoch(self) -> list[TrialReport | None]:
        """Train the next epoch of the jobs; the report of each, None where it was not trained: it
        waits for those that have done fewer epochs, or has ended.

        What no other try would help against is reported, not raised: whatever a step raises is
        tried again, by Tune as well.
        """
        try:
            with clear_memory_errors(self._gpu_share):
                reports = self._advance()
                trained = next(self._epochs) if self._trials else []
                reports |= {trial.job.key: self._report(trial) for trial in trained}
        except GpuMemoryError:
            reports = self._give_up()
        self._trials = [trial for trial in self._trials if trial.status == "running"]
        return [reports.get(job.key) for job in self.jobs]

    @property
    def is_over(self) -> bool:
        """Whether all jobs have ended by themselves."""
        return self._is_started and not self._trials

    def _advance(self) -> dict[str, TrialReport]:
        """Start the jobs, or before another epoch save what was trained; reports of the jobs that
        cannot be started."""
        if self._is_started:
            if self.jobs[0].stage != "timing":  # a checkpoint takes time
                self._keep()
            return {}
        failed: dict[str, TrialReport] = {}
        check_memory(self.jobs, self._data, self._gpu_share)
        for job in self.jobs:
            try:
                self._trials.append(self._start_or_resume(job))
            except OSError:  # some are also ValueErrors
                raise
            except PERMANENT:
                failed[job.key] = _failure()
        self._is_started = True
        if self._trials:
            self._epochs = train_trials(self._trials)
        return failed

    def _give_up(self) -> dict[str, TrialReport]:
        """End all jobs that are under way with the exception that is being handled."""
        rows = {trial.job.key: trial.rows for trial in self._trials}
        keys = rows if self._is_started else [job.key for job in self.jobs]
        self._is_started, self._trials = True, []
        return {key: _failure(rows.get(key, ())) for key in keys}

    def _start_or_resume(self, job: Job) -> RunningTrial:
        """Build the job's model, and resume from its checkpoint where there is one."""
        self._check_code(job)
        parts, data = job.ingredients, self._data
        if RESAMPLING in parts:
            data = resample_splits(data, parts["seed"])
        trial = start_trial(job, data)
        state = self._checkpoints.resume(job.key, asdict(job))
        if state is not None:
            trial.restore(state)
        return trial

    def _check_code(self, job: Job) -> None:
        """Make the job's code known here, and refuse to train with other code than the driver
        has."""
        parts = job.ingredients
        family = parts["family"]
        unpack_family(self._families, family)
        if not came_by_value(family):
            _check_digest(f"the family {family}", code_digest(family), parts["code"])
        if RESAMPLING in parts:
            _check_digest("resampled splits", resampling_digest(), parts[RESAMPLING])
        for name, digest in parts.get(MEASURED, {}).items():
            unpack_metric(self._metrics, name)
            if not is_by_value(METRICS.get(name)):
                _check_digest(f"the metric {name}", metric_digest(name), digest)

    def _report(self, trial: RunningTrial) -> TrialReport:
        job, status = trial.job, trial.status
        is_scored = job.stage == "confirm" and status == "complete"
        test = self._open_test() if is_scored else None
        return TrialReport(
            status=status,
            rows=list(trial.rows),
            val=trial.score(trial.data.val) if is_scored else [],
            test=trial.score(test) if test is not None else [],
            cost=trial.cost,
            host=platform.node(),
            device=_device_name(trial.device),
            checkpoint_failure=self._checkpoints.failure,
            weights_failure=self._weights.keep(job, trial.model) if is_scored else None,
            fused=trial.fused,
        )

    def _keep(self) -> None:
        """Save the states before another epoch, not after the last: then they hold no epoch at
        which the driver, had it lived, would have stopped the trial."""
        states = {trial.job.key: trial.state() for trial in self._trials}
        self._checkpoints.save({key: state for key, state in states.items() if state is not None})


def _failure(rows: Sequence[dict[str, Any]] = ()) -> TrialReport:
    """Of the exception that is being handled, after these epochs."""
    error = f"Failure # 1, not tried again\n{traceback.format_exc()}"
    return TrialReport("failed", list(rows), host=platform.node(), error=error)


def _check_digest(what: str, here: str, expected: str) -> None:
    """Raise where the record would not be what it says."""
    if here != expected:
        raise RuntimeError(
            f"{platform.node()} has other code for {what} ({here}) than the driver "
            f"({expected}): install the same version on every host"
        )


def _device_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU"
