"""Model families from outside `hw3`, on their way to the workers, which know only its own.

Ray's cloudpickle takes them by reference, so that a worker imports the module that defines them;
those of a script that is run itself, or of a notebook, by value.
"""

import platform

import hw3
from hw3.models import FAMILIES


def pack_families() -> bytes:
    """The families that were added to `hw3.models.FAMILIES` from outside `hw3`; empty where there
    are none."""
    from ray import cloudpickle

    added = {
        name: family
        for name, family in FAMILIES.items()
        if family.build.__module__.partition(".")[0] != hw3.__name__
    }
    return cloudpickle.dumps(added) if added else b""  # pyright: ignore[reportPrivateImportUsage]


def came_by_value(family: str) -> bool:
    """Whether this process has the very code of the driver, and no module of its own that could be
    another version."""
    entry = FAMILIES.get(family)
    return entry is not None and entry.build.__module__ == "__main__"


def unpack_families(packed: bytes) -> None:
    """Add these to the families of this process.

    Raises:
        ImportError: the module that defines one cannot be imported here.
    """
    if not packed:
        return
    from ray import cloudpickle

    try:
        FAMILIES.update(cloudpickle.loads(packed))
    except ImportError as error:
        raise ImportError(
            f"{platform.node()} cannot import {error.name or 'a module'}, which the study's models "
            f"need ({error}). Install it on every host, or submit from the folder that holds it: "
            "python -m study submit my_study.py"
        ) from error
