"""Families and metrics from outside `hw3` on their way to workers, which know only its own.

Ray's cloudpickle takes them by reference, so that a worker imports the module that defines them;
those of a script that is run itself, or of a notebook, by value.
"""

import platform
from collections.abc import Mapping
from typing import Any

import hw3
from hw3.metrics import METRICS, Metric
from hw3.models import FAMILIES


def pack_families() -> dict[str, bytes]:
    """The families that were added to `hw3.models.FAMILIES` from outside `hw3`, each by itself."""
    return _pack({name: family for name, family in FAMILIES.items() if _is_added(family.build)})


def pack_metrics() -> dict[str, bytes]:
    """The metrics that were added to `hw3.metrics.METRICS` from outside, each by itself."""
    return _pack({name: metric for name, metric in METRICS.items() if _is_added(metric.score)})


def _is_added(function: Any) -> bool:
    return function.__module__.partition(".")[0] != hw3.__name__


def _pack(added: Mapping[str, Any]) -> dict[str, bytes]:
    if not added:
        return {}
    from ray import cloudpickle

    dumps = cloudpickle.dumps  # pyright: ignore[reportPrivateImportUsage]
    return {name: dumps(one) for name, one in added.items()}


def came_by_value(family: str) -> bool:
    """Whether this process has the very code of the driver, and no module of its own that could be
    another version."""
    entry = FAMILIES.get(family)
    return entry is not None and entry.build.__module__ == "__main__"


def unpack_family(packed: Mapping[str, bytes], name: str) -> None:
    """Add the family of that name to those of this process, where it is from outside `hw3`.

    Raises:
        ImportError: the module that defines it cannot be imported here.
    """
    if name in packed:
        FAMILIES[name] = _unpack(packed[name])


def unpack_metric(packed: Mapping[str, bytes], name: str) -> None:
    """Add the metric of that name to those of this process, where it is from outside `hw3`.

    Raises:
        ImportError: the module that defines it cannot be imported here.
    """
    if name in packed:
        METRICS[name] = _unpack(packed[name])


def is_by_value(metric: Metric | None) -> bool:
    """Whether this process has the very function of the driver, see `came_by_value`."""
    return metric is not None and metric.score.__module__ == "__main__"


def _unpack(packed: bytes) -> Any:
    from ray import cloudpickle

    try:
        return cloudpickle.loads(packed)
    except ImportError as error:
        raise ImportError(
            f"{platform.node()} cannot import {error.name or 'a module'}, which the study's models "
            f"need ({error}). Install it on every host, or submit from the folder that holds it: "
            "python -m study submit my_study.py"
        ) from error
