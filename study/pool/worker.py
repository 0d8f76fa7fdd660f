"""A worker: trains one job after another, or several as one, epoch by epoch, in whatever process it
is."""

import gc
import platform
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

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
        self._waiting: list[Sequence[Job]] = [jobs]  # groups, to be trained one after the other
        self._forget_trials()

    @property
    def is_over(self) -> bool:
        """Whether all jobs have ended by themselves."""
        return not self._waiting and not self._trials

    def train_epoch(self) -> dict[str, TrialReport]:
        """Train the next epoch of the jobs; reports by key of those that were trained. Others wait
        until those that have done fewer epochs have caught up, or have ended.

        What no other try would help against is reported, not raised: whatever a step raises is
        tried again, by Tune as well.
        """
        try:
            with clear_memory_errors(self._gpu_share):
                reports = self._prepare_epoch()
                trained = next(self._epochs) if self._trials else []
                reports |= {trial.job.key: self._report(trial) for trial in trained}
        except GpuMemoryError:
            return self._want_memory()
        self._trials = [trial for trial in self._trials if trial.status == "running"]
        return reports

    def _prepare_epoch(self) -> dict[str, TrialReport]:
        """Save what was trained, or start the next jobs; reports of those that cannot be."""
        if self._trials:
            self._keep()
            return {}
        self._group = self._waiting.pop(0)
        if self._gpu_share:
            gc.collect()  # of trials before: captured steps know their models, and those them
        return self._start(self._group)

    def _want_memory(self) -> dict[str, TrialReport]:
        """Have the jobs that were trained as one be trained alone, from their last checkpoints; end
        one that was alone with the exception that is being handled."""
        under_way = {trial.job.key: trial for trial in self._trials}
        jobs = [trial.job for trial in self._trials] or self._group
        self._forget_trials()
        if len(jobs) > 1:
            self._waiting = [[job] for job in jobs] + self._waiting
            return {}
        return {job.key: _failure(under_way.get(job.key)) for job in jobs}

    def _forget_trials(self) -> None:
        self._trials: list[RunningTrial] = []
        self._epochs: Iterator[list[RunningTrial]] = iter(())

    def _start(self, jobs: Sequence[Job]) -> dict[str, TrialReport]:
        """Begin or resume the jobs as one; reports of those that cannot be."""
        failed: dict[str, TrialReport] = {}
        trials: list[RunningTrial] = []
        for job in jobs:
            try:
                self._check_code(job)
                if job is jobs[0]:  # the others need as much
                    check_memory(job, len(jobs), self._data, self._gpu_share)
                trials.append(self._start_or_resume(job))
            except (OSError, GpuMemoryError):  # some OSErrors are also ValueErrors
                raise
            except PERMANENT:
                failed[job.key] = _failure()
        try:
            self._epochs = train_trials(trials) if trials else iter(())
        except PERMANENT:
            return failed | {trial.job.key: _failure() for trial in trials}
        self._trials = trials
        return failed

    def _start_or_resume(self, job: Job) -> RunningTrial:
        """Build the job's model, and resume from its checkpoint where there is one."""
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
        if self.jobs[0].stage != "timing":  # a checkpoint takes time
            states = {trial.job.key: trial.state() for trial in self._trials}
            kept = {key: state for key, state in states.items() if state is not None}
            self._checkpoints.save(kept)


def _failure(trial: RunningTrial | None = None) -> TrialReport:
    """Of the exception that is being handled.

    Args:
        trial: where it had begun.
    """
    error = f"Failure # 1, not tried again\n{traceback.format_exc()}"
    report = TrialReport("failed", [], host=platform.node(), error=error)
    if trial is None:
        return report
    device, rows = _device_name(trial.device), list(trial.rows)
    return replace(report, rows=rows, cost=trial.cost, device=device, fused=trial.fused)


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
