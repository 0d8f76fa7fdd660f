"""The connection to Ray, and what is asked of its hosts before a study runs there."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from study.cluster.resources import Resources
from study.spec.errors import StudyError

T = TypeVar("T")

# Read by Ray when it starts; what the user has set stays.
QUIET_AND_PRIVATE = {
    "RAY_USAGE_STATS_ENABLED": "0",  # medical images: nothing leaves the machine
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths keep their meaning in workers
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the records hold what they would write
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # nothing is ever restored from Tune's snapshots
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the command line ends the run, and says how to go on
}


@contextmanager
def connect(address: str | None, verbose: bool) -> Iterator[list[Mapping[str, float]]]:
    """A connection to Ray, started here where no address is given; yields each node's resources.

    Raises:
        StudyError: no Ray answers at the address, or it does not let us in.
    """
    for name, value in QUIET_AND_PRIVATE.items():
        os.environ.setdefault(name, value)
    level = logging.INFO if verbose else logging.CRITICAL  # the report tells of failures
    import ray
    from ray.exceptions import RayError

    # Without an address ray.init would join any cluster that anybody started on this machine.
    wanted = address or os.environ.get("RAY_ADDRESS") or "local"
    if wanted.startswith("ray://"):
        raise StudyError(
            f"a study must run on the cluster, not through Ray Client; got {wanted}. Submit it: "
            "ray job submit --address http://127.0.0.1:8265 --working-dir . -- python -m study.…"
        )
    on_sigterm = signal.getsignal(signal.SIGTERM)  # Ray puts its own in its place
    umask = os.umask(0o077)  # Ray writes its token under the umask: for its owner's eyes only
    try:
        ray.init(
            address=wanted,
            include_dashboard=False if wanted == "local" else None,
            log_to_driver=verbose,
            logging_level=level,
        )
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise StudyError(
            f"no Ray answers at {wanted}: {error}\n"
            "Start a cluster (ray up cluster.yaml), or leave out --address to run here."
        ) from error
    finally:
        os.umask(umask)
    logging.getLogger("ray.tune").setLevel(level)
    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield [node["Resources"] for node in alive_nodes()]
    finally:
        ray.shutdown()


def on_a_worker(resources: Resources, function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns on a host that can run a trial; waits until there is one."""
    import ray

    task = ray.remote(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial)
    return ray.get(task(function).remote(*arguments))


def alive_nodes() -> list[dict[str, Any]]:
    """What Ray knows about each host that is alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]
