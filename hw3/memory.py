"""Memory: how much there is; what is freed the process keeps for the next training step."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LIMIT = 2**30
CGROUPS = (  # where Linux tells a container its limit, in version 2 and 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def keep_freed_memory() -> None:
    """Have this process use freed memory again instead of giving it back to the system.

    Every training step allocates and frees the same activations and gradients, some MiB each.
    By default glibc returns such blocks to Linux, which maps and clears every page again. With
    this, the process stays at its peak size. Does nothing where the C library is not glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, LIMIT)
        mallopt(M_MMAP_THRESHOLD, LIMIT)


def memory_here() -> int:
    """Bytes of memory of this machine, or of the container if that may use less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in CGROUPS:
        with suppress(OSError, ValueError):  # not there; "max"
            sizes.append(int(limit.read_text()))
    return min(sizes)
