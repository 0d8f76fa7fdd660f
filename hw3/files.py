"""Files that others may have put there: opened without waiting, and only regular ones."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | Path, folder: int | None = None) -> BinaryIO:
    """Open a regular file, or a link to one, for reading bytes. A named pipe, at which a reader
    would wait for a writer, is refused at once.

    Args:
        folder: descriptor of the folder that a relative path starts from; the working directory's
            if None.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """

    def open_at(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK, dir_fd=folder)

    file = open(path, "rb", opener=open_at)  # noqa: SIM115 - the caller's to close
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file
