"""Ray on this machine alone: nobody else reaches it, and it asks nobody."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from study.cluster.orphans import DRIVER, this_process
from study.spec.errors import StudyError

PATIENCE = 180.0  # seconds that Ray may take to start; on two idle cores it takes three
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
    may take `PATIENCE` to start.

    Ray has no settings for these. Told to leave the dashboard out it starts the process all the
    same, for usage statistics: also where they are off it asks the network in which cloud it is.
    """
    from ray._private import ray_constants, services

    settings = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    settings[DRIVER] = this_process()
    os.environ.update(settings)
    try:
        with (
            replaced(ray_constants, "ENABLE_RAY_CLUSTER", False),  # as on macOS and Windows
            replaced(services, "start_api_server", lambda *_, **__: (None, None)),
            replaced(services, "get_node", partial(_get_node, services.get_node)),
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


def _get_node(get_node: Any, *asked: Any) -> Any:
    """What Ray asks after each start, for half a minute: whether its raylet is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return get_node(*asked)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
