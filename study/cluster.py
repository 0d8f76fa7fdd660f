"""Where Ray runs, and what one trial gets of it."""

import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from study.spec import StudyError

# Read by Ray when it is imported or started; what the user has set stays.
QUIET_AND_PRIVATE = {
    "RAY_USAGE_STATS_ENABLED": "0",  # medical images: nothing leaves the machine
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths keep their meaning in workers
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the records hold what they would write
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # nothing is ever restored from Tune's snapshots
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the command line ends the run, and says how to go on
}


@dataclass(frozen=True)
class Resources:
    """What a trial is given.

    Attributes:
        cpus_per_trial: processors of one trial, a fraction or a whole number.
        gpus_per_trial: GPUs of one trial: 0, a fraction below 1, or a whole number.
        concurrent: trials at a time.
    """

    cpus_per_trial: float
    gpus_per_trial: float
    concurrent: int

    def per_trial(self) -> dict[str, float]:
        """As Tune takes it."""
        return {"cpu": self.cpus_per_trial, "gpu": self.gpus_per_trial}


@contextmanager
def connect(address: str | None, verbose: bool) -> Iterator[Mapping[str, float]]:
    """A connection to Ray, started here where no address is given; yields its resources.

    Raises:
        StudyError: no Ray answers at the address.
    """
    for name, value in QUIET_AND_PRIVATE.items():
        os.environ.setdefault(name, value)
    level = logging.INFO if verbose else logging.CRITICAL  # failures are told by the report
    import ray  # after the environment is set, which it reads

    on_sigterm = signal.getsignal(signal.SIGTERM)  # Ray puts its own in its place
    umask = os.umask(0o077)  # Ray writes its token under the umask: for its owner's eyes only
    try:
        ray.init(
            address=address,
            include_dashboard=None if address else False,
            log_to_driver=verbose,
            logging_level=level,
            ignore_reinit_error=False,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise StudyError(
            f"no Ray answers at {address or 'this machine'}: {error}\n"
            "Start a cluster (ray up cluster.yaml), or leave --address out to run here."
        ) from error
    finally:
        os.umask(umask)
    logging.getLogger("ray.tune").setLevel(level)
    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield ray.cluster_resources()
    finally:
        ray.shutdown()


def trial_resources(
    available: Mapping[str, float],
    cpus_per_trial: float | None,
    gpus_per_trial: float | None,
    max_concurrent: int | None,
) -> Resources:
    """What each trial gets: what is asked for, else derived from what Ray has.

    By default a trial has one processor and, where there are GPUs, one of them.

    Raises:
        StudyError: a trial would need more than Ray has.
    """
    cpus, gpus = available.get("CPU", 0.0), available.get("GPU", 0.0)
    gpu_share = gpus_per_trial if gpus_per_trial is not None else float(gpus >= 1)
    if gpu_share > gpus:
        raise StudyError(
            f"a trial cannot have more GPUs than Ray has: asked for {gpu_share:g}, "
            f"Ray has {gpus:g}. Choose --gpus-per-trial from 0 to {gpus:g}."
        )
    if gpu_share > 1 and gpu_share != int(gpu_share):
        raise StudyError(
            f"--gpus-per-trial above 1 must be whole, got {gpu_share:g}; "
            f"choose {int(gpu_share)} or {int(gpu_share) + 1}."
        )
    cpu_share = cpus_per_trial or 1.0
    if cpu_share > cpus:
        raise StudyError(
            f"a trial cannot have more processors than Ray has: asked for {cpu_share:g}, "
            f"Ray has {cpus:g}. Choose --cpus-per-trial from 1 to {cpus:g}."
        )
    fitting = cpus // cpu_share if not gpu_share else min(cpus // cpu_share, gpus / gpu_share)
    return Resources(cpu_share, gpu_share, min(max_concurrent or 10**6, max(1, int(fitting))))
