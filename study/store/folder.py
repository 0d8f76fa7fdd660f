"""Folders in which a file appears whole or not at all, and one on a mounted file system."""

import errno
import os
import shutil
import time
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from tempfile import TemporaryFile

from study.spec.errors import StudyError

FULL = (errno.ENOSPC, errno.EDQUOT)
TEMPORARY = ".writing-"  # prefix of a file's name while it is not whole yet


class Folder(ABC):
    """Files by name. Every one is written in one go, by one writer, and never appended to.

    Objects are small, can be sent to other processes, and hold no open file.
    """

    @abstractmethod
    def __truediv__(self, name: str) -> "Folder":
        """The folder of that name inside this one."""

    @abstractmethod
    def __str__(self) -> str:
        """Where it is, as `open_folder` takes it."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""

    @abstractmethod
    def write(self, name: str, *pieces: bytes | memoryview, durable: bool = True) -> None:
        """Write a file of these pieces, in the place of an earlier one; makes the folder.

        Args:
            durable: whether it must survive the loss of power, not only the death of this process.

        Raises:
            OSError: with the file's name; where there is no room, with how much is missing.
        """

    @abstractmethod
    def names(self, suffix: str = "") -> list[str]:
        """The names of the whole files that end so, in their order; none where there is no
        folder."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of one that has it."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a file where there is one."""

    @abstractmethod
    def sweep(self, older_than: float = 0.0) -> None:
        """Remove what writers left that died while they wrote, unless it is younger (seconds)."""

    @abstractmethod
    def check_access(self) -> None:
        """Find out early that nothing can be written here; leaves nothing behind.

        Raises:
            StudyError: with the reason.
        """

    def read_all(self, suffix: str) -> list[tuple[str, bytes]]:
        """Name and content of all files that end so, in the order of their names."""
        names = self.names(suffix)
        contents = map(self.read, names)
        return [(n, c) for n, c in zip(names, contents, strict=True) if c is not None]


class LocalFolder(Folder):
    """A folder of a file system that is mounted here, a shared one perhaps."""

    def __init__(self, path: Path, shown: Path | None = None):
        """`shown` is the path as messages name it; as given if None."""
        self.path = path.expanduser().absolute()  # workers have working directories of their own
        self._shown = shown or path

    def __truediv__(self, name: str) -> "LocalFolder":
        return LocalFolder(self.path / name, self._shown / name)

    def __str__(self) -> str:
        return str(self._shown)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, *pieces: bytes | memoryview, durable: bool = True) -> None:
        path = self.path / name
        temporary = self.path / f"{TEMPORARY}{name}.{uuid.uuid4().hex}"
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _explained(error, path, sum(len(piece) for piece in pieces)) from error
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def names(self, suffix: str = "") -> list[str]:
        try:
            with os.scandir(self.path) as entries:
                found = [entry.name for entry in entries if entry.is_file()]
        except FileNotFoundError:
            return []
        return sorted(n for n in found if n.endswith(suffix) and not n.startswith(TEMPORARY))

    def rename(self, old: str, new: str) -> None:
        os.replace(self.path / old, self.path / new)

    def delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def sweep(self, older_than: float = 0.0) -> None:
        latest = time.time() - older_than
        for path in self.path.glob(f"{TEMPORARY}*"):
            try:
                if path.stat().st_mtime <= latest:
                    path.unlink()
            except FileNotFoundError:
                continue  # its writer was alive and has given it its name

    def check_access(self) -> None:
        nearest = self.path
        while not nearest.exists():
            nearest = nearest.parent
        if not nearest.is_dir():
            raise StudyError(
                f"results must be a folder, and {nearest} is a file. Choose another --results."
            )
        try:
            TemporaryFile(prefix=TEMPORARY, dir=nearest).close()
        except OSError as error:
            if error.errno not in FULL:  # with room the same command resumes
                raise StudyError(
                    f"results cannot be written to {self}: {error.strerror}. Choose another "
                    "--results, or change the permissions."
                ) from error


def _explained(error: OSError, path: Path, size: int) -> OSError:
    """The error with the file that could not be written and, on a full disk, with what is
    missing."""
    if error.errno not in FULL:
        return OSError(error.errno, error.strerror, str(path))
    free = shutil.disk_usage(path.parent).free
    missing = f", {_size(size - free)} missing" if size > free else " according to the disk"
    return OSError(
        error.errno,
        f"disk full: {_size(size)} to be written, {_size(free)} free{missing}",
        str(path),
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
