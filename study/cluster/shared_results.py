"""Whether all hosts of a cluster see the same results folder."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from study.cluster.ray import alive_nodes
from study.spec.errors import StudyError
from study.store.folder import Folder

PATIENCE = 120.0  # seconds within which a host of the cluster must answer


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
        hosts = {node["NodeID"]: node["NodeManagerHostname"] for node in alive_nodes()}
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
            if node not in {other["NodeID"] for other in alive_nodes()}:
                return True
            if isinstance(error, GetTimeoutError):
                return False
            time.sleep(1)
            answer = ask(node)


def _sees(results: Folder, name: str) -> bool:
    try:
        return results.read(name) is not None
    except (OSError, StudyError):
        return False
