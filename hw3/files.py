"""Files that others may have put there: opened without waiting, and only such as can be read."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class UnusableFile(OSError):
    """What has the name is not a regular file, or larger than what is read."""


def open_regular(path: str | Path, folder: int | None = None) -> BinaryIO:
    """Open a regular file, or a link to one, for reading bytes. A named pipe, at which a reader
    would wait for a writer, is refused at once.

    Args:
        folder: descriptor of the folder that a relative path starts from; the working directory's
            if None.

    Raises:
        UnusableFile: it is no regular file.
        OSError: it cannot be opened.
    """

    def open_at(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK, dir_fd=folder)

    try:
        file = open(path, "rb", opener=open_at)  # noqa: SIM115 - the caller's to close
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.ENXIO):  # a folder, a socket
            raise
    else:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise UnusableFile(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: str | Path, limit: int, folder: int | None = None) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Args:
        folder: as for `open_regular`.

    Raises:
        UnusableFile: it is larger, or no regular file.
        OSError: it cannot be read.
    """
    with open_regular(path, folder) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            reason = f"too large: {size / 1e6:.1f} MB, at most {limit / 1e6:.1f} MB are read"
            raise UnusableFile(errno.EFBIG, reason, str(path))
        return file.read(size)
