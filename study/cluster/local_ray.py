"""Ray on this machine alone: nobody else reaches it, and it asks nobody."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from subprocess import Popen
from types import ModuleType
from typing import Any

from study.cluster.orphans import DRIVER, this_process
from study.spec.errors import StudyError

PATIENCE = 180.0  # seconds that Ray may take to start; on two idle cores it takes three
SERVERS = {"gcs_server": "GCS server", "raylet": "raylet"}  # Ray's names: ours
Servers = dict[str, Popen[Any]]  # those that were started, by name
LOOKED_EVERY_MS = 1000  # whether they live
# Read by Ray's processes when they start.
SETTINGS = {
    "RAY_gcs_server_port_wait_time_s": f"{PATIENCE:.0f}",
    "RAY_worker_register_timeout_seconds": f"{PATIENCE:.0f}",
    "SPT_NOENV": "1",  # the names that Ray gives its processes would overwrite their environment
}


def check_places() -> None:
    """Find out what Ray would fail at when it is told where it is.

    Raises:
        StudyError: the name of the working directory, or of that for temporary files, is not UTF-8.
    """
    for place in (os.getcwd(), tempfile.gettempdir()):
        if place != place.encode(errors="replace").decode():
            raise StudyError(
                f"Ray runs only in folders whose names are UTF-8, and that of {place} is not. Run "
                "in another folder (TMPDIR names that of temporary files), or train without Ray, "
                "with --workers inline."
            )


@contextmanager
def starts_alone() -> Iterator[None]:
    """Ray that is started in this context listens on loopback only, has no dashboard process, and
    may take `PATIENCE` to start, but no longer than its servers live.

    Ray has no settings for these. Told to leave the dashboard out it starts the process all the
    same, for usage statistics: also where they are off it asks the network in which cloud it is.
    """
    from ray._private import node, ray_constants, services

    servers: Servers = {}

    def replaced_by(module: ModuleType, name: str, ours: Any) -> AbstractContextManager[None]:
        return replaced(module, name, partial(ours, servers, getattr(module, name)))

    settings = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    settings[DRIVER] = this_process()
    os.environ.update(settings)
    try:
        with (
            replaced(ray_constants, "ENABLE_RAY_CLUSTER", False),  # as on macOS and Windows
            replaced(services, "start_api_server", lambda *_, **__: (None, None)),
            replaced_by(services, "start_ray_process", _start_server),
            replaced_by(node, "wait_for_persisted_port", _wait_for_port),
            replaced_by(services, "get_node", _get_node),
        ):
            yield
    finally:
        for name in settings:
            del os.environ[name]


@contextmanager
def replaced(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    """Another value in the module for the time of the context."""
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


def _start_server(servers: Servers, start: Any, command: Any, kind: str, **named: Any) -> Any:
    """Start one of Ray's processes, and note it if nothing goes on without it."""
    info = start(command, kind, **named)
    if kind in SERVERS:
        servers[SERVERS[kind]] = info.process
    return info


def _wait_for_port(servers: Servers, wait: Any, *asked: Any, timeout_ms: int) -> Any:
    """What Ray waits for first, without a look at who is to answer."""
    briefly = partial(wait, *asked, timeout_ms=min(timeout_ms, LOOKED_EVERY_MS))
    return _ask(servers, timeout_ms / 1000, briefly)


def _get_node(servers: Servers, get_node: Any, *asked: Any) -> Any:
    """What Ray asks after each start, for half a minute: whether its raylet is there."""
    return _ask(servers, PATIENCE, partial(get_node, *asked))


def _ask(servers: Servers, patience: float, ask: Callable[[], Any]) -> Any:
    """The answer, which may take some seconds.

    Raises:
        ChildProcessError: one of the servers has ended. Ray asks again after a RuntimeError.
        RuntimeError: there is no answer.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return ask()
        except RuntimeError as error:
            ended = [name for name, process in servers.items() if process.poll() is not None]
            if ended:
                raise ChildProcessError(f"its {ended[0]} ended while it started.") from error
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
