"""Where trials are trained: EXECUTORS has the choices of --workers."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw3.gpu_memory import memory_share
from hw3.numerics import Device, Numerics, choose_numerics
from hw3.splits import Splits
from study.cli.options import Options
from study.cluster.local_ray import check_places
from study.cluster.resources import NO_GPU, Resources, trial_resources
from study.spec.errors import StudyError
from study.store.checkpoints import CheckpointStore

if TYPE_CHECKING:
    from study.pool.session import Session  # imports Ray, a second that a plan does not need
    from study.pool.weights import WeightsKeeper


@dataclass(frozen=True)
class Executor:
    """Where trials are trained.

    Attributes:
        resources: what a trial gets.
        numerics: how its numbers are computed there.
        run: trains what the session hands out.
        gpu_memory: bytes of GPU memory that a trial may take; None where it has none, or that is
            not known.
    """

    resources: Resources
    numerics: Numerics
    run: "Callable[[Session, Splits, CheckpointStore, WeightsKeeper], None]"
    gpu_memory: int | None = None


@contextmanager
def on_ray(options: Options) -> Iterator[Executor]:
    """Ray's workers: on the cluster at the address, or on this machine for the time of training."""
    from study.cluster.ray import wanted_address

    address = wanted_address(options.address)
    if address is None:
        yield _ray_here(options)
        return
    with _ray_at(address, options) as executor:
        yield executor


def _ray_here(options: Options) -> Executor:
    """Ray is started when there is something to train, and ended with it."""
    from study.cluster.ray import connect
    from study.pool.tuner import run_on_ray

    def run(
        session: "Session", data: Splits, checkpoints: CheckpointStore, weights: "WeightsKeeper"
    ) -> None:
        with connect(None, options.verbose) as nodes:
            resources = trial_resources(nodes, *_asked(options))
            run_on_ray(session, data, checkpoints, resources, options.epoch_timeout, weights)

    numerics = choose_numerics(device_here(options), options.precision)
    return Executor(resources_here(options), numerics, run, memory_here(options))


@contextmanager
def _ray_at(address: str, options: Options) -> Iterator[Executor]:
    from study.cluster.ray import connect, on_a_worker
    from study.cluster.shared_results import check_every_host_sees
    from study.pool.tuner import run_on_ray

    with connect(address, options.verbose) as nodes:
        resources = trial_resources(nodes, *_asked(options), grows=True)
        if len(nodes) > 1:
            check_every_host_sees(options.results)
        device: Device = "cuda" if resources.gpus_per_trial else "cpu"
        # The workers' hosts may have other processors than this one.
        numerics = on_a_worker(resources, choose_numerics, device, options.precision)
        memory = None
        if resources.gpus_per_trial:
            memory = on_a_worker(resources, memory_share, resources.gpus_per_trial)

        def run(
            session: "Session", data: Splits, checkpoints: CheckpointStore, weights: "WeightsKeeper"
        ) -> None:
            run_on_ray(session, data, checkpoints, resources, options.epoch_timeout, weights)

        yield Executor(resources, numerics, run, memory)


def _asked(options: Options) -> tuple[float | None, float | None, int | None]:
    """What `trial_resources` takes of the options."""
    return options.cpus_per_trial, options.gpus_per_trial, options.max_concurrent


@contextmanager
def inline(options: Options) -> Iterator[Executor]:
    """This process, one trial after the other."""
    from study.pool.inline import run_inline

    resources = _one_at_a_time(options)

    def run(
        session: "Session",
        data: Splits,
        checkpoints: CheckpointStore,
        weights: "WeightsKeeper",
    ) -> None:
        run_inline(session, data, checkpoints, resources.threads, weights, resources.gpus_per_trial)

    numerics = choose_numerics(device_here(options), options.precision)
    yield Executor(resources, numerics, run, memory_here(options))


EXECUTORS = {"ray": on_ray, "inline": inline}


def check_executor(options: Options) -> None:
    """Find out before anything is spent what the executor cannot do.

    Raises:
        StudyError: with the options that do not go together.
    """
    if options.workers == "ray":
        check_places()
        return
    import torch

    if options.address is not None or (options.max_concurrent or 1) > 1:
        raise StudyError(
            "--workers inline trains one trial at a time in this process, so it takes no --address "
            "and no --max-concurrent above 1. Leave these out, or choose --workers ray."
        )
    if options.gpus_per_trial and not torch.cuda.is_available():
        raise StudyError(NO_GPU)


def planned_resources(options: Options) -> Resources:
    """What a run would give its trials, as far as that can be known without Ray: of a cluster's
    trials as many are taken to run at a time as fit on this machine.

    Raises:
        StudyError: a trial would need more than this machine has, and no cluster is asked for.
    """
    from study.cluster.ray import wanted_address

    if options.workers == "inline":
        return _one_at_a_time(options)
    if wanted_address(options.address) is not None:
        concurrent = options.max_concurrent or _cpus()
        return Resources(options.cpus_per_trial or 1.0, gpus_of_trial(options), concurrent)
    return resources_here(options)


def _one_at_a_time(options: Options) -> Resources:
    """In this process."""
    on_gpu = device_here(options) == "cuda"
    gpus = (_gpus(),) if on_gpu else ()
    return Resources(options.cpus_per_trial or 1.0, float(on_gpu), 1, gpus)


def gpus_of_trial(options: Options) -> float:
    """How many GPUs a trial has, or which share of one, as far as that can be known without Ray; of
    a cluster what is asked for, else as on this machine."""
    if options.workers == "inline" or options.gpus_per_trial is None:
        return float(device_here(options) == "cuda")
    return options.gpus_per_trial


def gpus_here(options: Options) -> range:
    """The GPUs of this machine on which a trial may be trained, by number; none where that is up to
    a cluster."""
    import torch

    from study.cluster.ray import wanted_address

    if not torch.cuda.is_available() or not gpus_of_trial(options):
        return range(0)
    if options.workers == "inline":
        return range(1)
    return range(torch.cuda.device_count() if wanted_address(options.address) is None else 0)


def memory_here(options: Options) -> int | None:
    """Bytes of memory that a trial may take of this machine's GPUs, of the smallest where they
    differ; None where it is trained on none of them."""
    share = gpus_of_trial(options)
    return min((memory_share(share, device) or 0 for device in gpus_here(options)), default=None)


def resources_here(options: Options) -> Resources:
    """What a trial gets of this machine.

    Raises:
        StudyError: it would need more than this machine has.
    """
    here = {"CPU": float(_cpus()), "GPU": float(_gpus())}
    return trial_resources([here], *_asked(options))


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()


def device_here(options: Options) -> Device:
    """The device on which a study would train on this machine."""
    import torch

    gpus = options.gpus_per_trial
    uses_gpu = torch.cuda.is_available() if gpus is None else gpus > 0
    return "cuda" if uses_gpu else "cpu"
