"""Families and metrics from outside `hw3` on their way to workers, which know only its own.

Ray's cloudpickle takes them by reference, so that a worker imports the module that defines them;
those of a script that is run itself, or of a notebook, by value.
"""

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hw3
from hw3.metrics import METRICS, Metric
from hw3.models import FAMILIES


@dataclass(frozen=True)
class Packed:
    """A family or metric that is on its way.

    Attributes:
        content: what cloudpickle made of it.
        folder: from which its module is imported, seen from the working directory, which is the
            workers' as well: of a submitted study they have a copy. Empty for a folder elsewhere.
    """

    content: bytes
    folder: str = ""


def pack_families() -> dict[str, Packed]:
    """The families that were added to `hw3.models.FAMILIES` from outside `hw3`, each by itself."""
    return {name: _pack(one, one.build) for name, one in FAMILIES.items() if _is_added(one.build)}


def pack_metrics() -> dict[str, Packed]:
    """The metrics that were added to `hw3.metrics.METRICS` from outside, each by itself."""
    return {name: _pack(one, one.score) for name, one in METRICS.items() if _is_added(one.score)}


def _is_added(function: Any) -> bool:
    return function.__module__.partition(".")[0] != hw3.__name__


def _pack(one: Any, function: Any) -> Packed:
    from ray import cloudpickle

    dumps = cloudpickle.dumps  # pyright: ignore[reportPrivateImportUsage]
    return Packed(dumps(one), _folder_of(function.__module__))


def _folder_of(module: str) -> str:
    """See `Packed`."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return ""
    path = Path(file).resolve()
    folder = path.parents[module.count(".") + (path.name == "__init__.py")]
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else ""


def came_by_value(family: str) -> bool:
    """Whether this process has the very code of the driver, and no module of its own that could be
    another version."""
    entry = FAMILIES.get(family)
    return entry is not None and entry.build.__module__ == "__main__"


def unpack_family(packed: Mapping[str, Packed], name: str) -> None:
    """Add the family of that name to those of this process, where it is from outside `hw3`.

    Raises:
        ImportError: the module that defines it cannot be imported here.
    """
    if name in packed:
        FAMILIES[name] = _unpack(packed[name])


def unpack_metric(packed: Mapping[str, Packed], name: str) -> None:
    """Add the metric of that name to those of this process, where it is from outside `hw3`.

    Raises:
        ImportError: the module that defines it cannot be imported here.
    """
    if name in packed:
        METRICS[name] = _unpack(packed[name])


def is_by_value(metric: Metric | None) -> bool:
    """Whether this process has the very function of the driver, see `came_by_value`."""
    return metric is not None and metric.score.__module__ == "__main__"


def _unpack(packed: Packed) -> Any:
    from ray import cloudpickle

    folder = str(Path.cwd() / packed.folder)
    if packed.folder and folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return cloudpickle.loads(packed.content)
    except ImportError as error:
        raise ImportError(
            f"{platform.node()} cannot import {error.name or 'a module'}, which the study's models "
            f"need ({error}). Install it on every host, or submit from the folder that holds it: "
            "python -m study submit my_study.py"
        ) from error
