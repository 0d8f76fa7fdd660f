"""What the process does with memory that is freed."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LIMIT = 2**30


def keep_freed_memory() -> None:
    """Have this process use freed memory again instead of giving it back to the system.

    A training step frees and takes the same activations and gradients, some MiB each, again and
    again; glibc gives such blocks back to Linux, which maps and clears every page anew. The
    process stays as large as its largest moment. Does nothing where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, LIMIT)
        mallopt(M_MMAP_THRESHOLD, LIMIT)
