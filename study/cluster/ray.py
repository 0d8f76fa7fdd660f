"""The connection to Ray, and what is asked of its hosts before a study runs there."""

import logging
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from study.cluster.resources import Resources
from study.spec.errors import StudyError
from study.store.folder import Folder

T = TypeVar("T")
PATIENCE = 120.0  # seconds within which a host of the cluster must answer

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
        yield [node["Resources"] for node in _alive()]
    finally:
        ray.shutdown()


def on_a_worker(resources: Resources, function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns on a host that can run a trial; waits until there is one."""
    import ray

    task = ray.remote(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial)
    return ray.get(task(function).remote(*arguments))


def check_every_host_sees(results: Folder) -> None:
    """Find out before anything is trained that a host does not share the results.

    Raises:
        StudyError: with the hosts that do not find there what was just written here.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    probe = f"seen-{uuid.uuid4().hex}"
    results.write(probe, b"seen", durable=False)
    sees = ray.remote(num_cpus=0, max_retries=0)(_sees)

    def ask(node: str) -> Any:
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        return sees.options(scheduling_strategy=there).remote(results, probe)

    try:
        hosts = {node["NodeID"]: node["NodeManagerHostname"] for node in _alive()}
        asked = {node: ask(node) for node in hosts}
        deadline = time.monotonic() + PATIENCE
        blind = [node for node in hosts if not _found(node, asked[node], ask, deadline)]
    finally:
        results.delete(probe)
    if blind:
        names = ", ".join(sorted(hosts[node] for node in blind))
        raise StudyError(
            f"--results {results} is not shared: of {len(hosts)} hosts, {names} cannot see what "
            "this host wrote there. Mount the same file system at that path on every host, or use "
            "s3://bucket/folder. To test it: python -m study cluster check --results PATH"
        )


def _found(node: str, answer: Any, ask: Callable[[str], Any], deadline: float) -> bool:
    """Whether the node found it, or is no longer there.

    Hosts may be lost while they are asked: spot instances, and those that an autoscaler removes.
    The answer is lost first; Ray marks the node as dead some seconds later, and until then it is
    asked again.
    """
    import ray
    from ray.exceptions import GetTimeoutError, RayError, RayTaskError

    while True:
        try:
            return ray.get(answer, timeout=max(0.0, deadline - time.monotonic()))
        except RayTaskError:  # it is alive, and cannot read there at all
            return False
        except RayError as error:
            if node not in {other["NodeID"] for other in _alive()}:
                return True
            if isinstance(error, GetTimeoutError):
                return False
            time.sleep(1)
            answer = ask(node)


def _alive() -> list[dict[str, Any]]:
    """What Ray knows about each host that is alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def _sees(results: Folder, name: str) -> bool:
    try:
        return results.read(name) is not None
    except (OSError, StudyError):
        return False
