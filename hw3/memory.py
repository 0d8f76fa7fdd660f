"""Freed memory: the process keeps it for the next training step."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LIMIT = 2**30


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
