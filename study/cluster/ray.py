"""The connection to Ray, and what is asked of its hosts before a study runs there."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from hw3.text import printable
from study.cluster.liveness import (
    Address,
    RayDied,
    check_answers,
    check_is_gcs,
    ends_with_ray,
)
from study.cluster.local_ray import replaced, starts_alone
from study.cluster.orphans import end_orphans
from study.cluster.resources import Resources
from study.spec.errors import StudyError
from study.spec.secrets import mask

T = TypeVar("T")

MAX_PORT = 65535

# Read by Ray when it starts; what the user has set stays.
QUIET_AND_PRIVATE = {
    "RAY_USAGE_STATS_ENABLED": "0",  # medical images: nothing leaves the machine
    "RAY_USAGE_STATS_REPORT_URL": "",  # else Ray reports there that nothing is reported
    "RAY_enable_metrics_collection": "0",  # its ports are open to everybody
    "AUTOSCALER_METRIC_PORT": "-1",
    "DASHBOARD_METRIC_PORT": "-1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths keep their meaning in workers
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the records hold what they would write
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # nothing is ever restored from Tune's snapshots
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the command line ends the run, and says how to go on
}
SET_BY_RAY = {"RAY_CLIENT_MODE"}  # when it is imported


def wanted_address(given: str | None) -> str | None:
    """Of the Ray to join: the given one, else RAY_ADDRESS; None where Ray is started here. Without
    an address ray.init would join any cluster that anybody started on this machine."""
    wanted = given or os.environ.get("RAY_ADDRESS")
    return None if wanted == "local" else wanted or None


@contextmanager
def connect(address: str | None, verbose: bool) -> Iterator[list[Mapping[str, float]]]:
    """A connection to Ray, started here where there is no address; yields each node's resources.

    Args:
        address: see `wanted_address`.

    Raises:
        StudyError: no Ray answers at the address, it does not let us in, or it has died.
    """
    for name, value in QUIET_AND_PRIVATE.items():
        os.environ.setdefault(name, value)
    if address and address.startswith("ray://"):
        raise StudyError(
            f"a study must run on the cluster, not through Ray Client; got {address}. Submit it: "
            "python -m study submit TASK --results /shared/results"
        )
    on_sigterm = signal.getsignal(signal.SIGTERM)  # Ray puts its own in its place
    umask = os.umask(0o077)  # Ray writes its token under the umask: for its owner's eyes only
    try:
        _start(verbose) if address is None else _join(address, verbose)
    finally:
        os.umask(umask)
        signal.signal(signal.SIGTERM, on_sigterm)
    import ray

    died = False
    try:
        with _quiet(verbose), ends_with_ray(_servers()):
            yield [node["Resources"] for node in alive_nodes()]
    except RayDied:
        died = True
        raise
    finally:
        if not died:  # else it would be asked how it is
            ray.shutdown()


def _start(verbose: bool) -> None:
    """Start Ray on this machine."""
    set_here = [name for name in os.environ if name.startswith("RAY_")]
    end_orphans()
    try:
        with starts_alone():
            _initialize("local", verbose)
    except Exception as error:  # also Ray's bare ones
        theirs = ", ".join(sorted(set(set_here) - QUIET_AND_PRIVATE.keys() - SET_BY_RAY))
        meant = f"Is {theirs} set on purpose? Ray reads it. " if theirs else ""
        raise StudyError(
            f"Ray does not start on this machine: {_first_line(error)} {meant}Is the machine busy, "
            "or its memory short? Run the same command again later, or train without Ray, with "
            "--workers inline."
        ) from error


def _join(address: str, verbose: bool) -> None:
    """Connect to the Ray that runs at an address."""
    from ray._private.services import canonicalize_bootstrap_address

    try:
        found = canonicalize_bootstrap_address(address)
        if found is None:  # of "auto"
            raise ConnectionError("no Ray that was started here is known.")
        check_answers(*_host_and_port(found))
        check_is_gcs(found)
        _initialize(address, verbose)
    except Exception as error:  # also Ray's bare ones, of a machine that is too busy
        raise StudyError(
            f"no Ray answers at {address}: {_first_line(error)}\n"
            "Start a cluster (ray up cluster.yaml), or run here: leave out --address, and unset "
            "RAY_ADDRESS."
        ) from error


def _initialize(address: str, verbose: bool) -> None:
    import ray
    from ray._private import utils

    level = logging.INFO if verbose else logging.CRITICAL  # the report tells of failures
    # Ray names the job by this process's command line, and shows the name to whoever looks.
    name = mask(printable(utils.get_entrypoint_name()))
    with replaced(utils, "get_entrypoint_name", lambda: name):
        ray.init(
            address=address,
            include_dashboard=False if address == "local" else None,
            log_to_driver=verbose,
            logging_level=level,
        )
    logging.getLogger("ray.tune").setLevel(level)


@contextmanager
def _quiet(verbose: bool) -> Iterator[None]:
    """Keep off the terminal what raylets say of their end: log_to_driver is not asked for that."""
    from ray._private import worker

    print_lines = worker.print_to_stdstream if verbose else lambda *_, **__: None
    with replaced(worker, "print_to_stdstream", print_lines):
        yield


def _servers() -> dict[Address, str]:
    """Where those of Ray's processes listen without which nothing goes on here."""
    import ray
    from ray._private.worker import global_worker

    address = _host_and_port(ray.get_runtime_context().gcs_address)
    assert global_worker.node is not None
    return {address: "GCS server", global_worker.node.raylet_socket_name: "raylet"}


def _host_and_port(address: str) -> tuple[str, int]:
    """The parts of HOST:PORT, where an IPv6 host is in brackets.

    Raises:
        ValueError: the port is none.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > MAX_PORT:
        raise ValueError(f"an address is HOST:PORT, with a port up to {MAX_PORT}.")
    return host.strip("[]"), int(port)


def _first_line(error: Exception) -> str:
    """Ray's messages go on for many lines."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def on_a_worker(resources: Resources, function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns on a host that can run a trial; waits until there is one."""
    import ray

    task = ray.remote(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial)
    return ray.get(task(function).remote(*arguments))


def alive_nodes() -> list[dict[str, Any]]:
    """What Ray knows about each host that is alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]
