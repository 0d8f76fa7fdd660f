"""Folders in which a file appears whole or not at all, and one on a mounted file system."""

import errno
import fcntl
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal, TypeVar

from hw3.files import read_regular
from hw3.memory import memory_here
from study.spec.errors import StudyError

T = TypeVar("T")

FULL = (errno.ENOSPC, errno.EDQUOT)
TEMPORARY = ".writing-"  # prefix of a file's name while it is not whole yet
ATTEMPTS = 3  # at a write whose temporary file somebody removes

Label = Literal["damaged", "other-version"]  # of files that are set aside


class Folder(ABC):
    """Files by name. Every one is written in one go, by one writer, and never appended to.

    Objects are small, can be sent to other processes, and hold no open file.
    """

    @abstractmethod
    def __truediv__(self, name: str) -> "Folder":
        """The folder of that name inside this one."""

    @abstractmethod
    def __str__(self) -> str:
        """Where it is, as `open_folder` takes it but for passwords, which are masked."""

    def without_waiting(self) -> "Folder":
        """This folder, for what is not worth a wait where a store does not answer."""
        return self

    @abstractmethod
    def read(self, name: str, limit: int | None = None) -> bytes | None:
        """The content of a file, None where there is none.

        Args:
            limit: bytes that it may have at most; what fits the memory here if None.

        Raises:
            hw3.files.UnusableFile: it is larger, or no regular file.
        """

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether anything has that name, a file or not."""

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
    def folders(self) -> list[str]:
        """The names of the folders inside, in their order; none where there is no folder. Links
        are none, nor are those whose names start with a dot."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of one that has it."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a file where there is one."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove what writers left that died while they wrote, and nothing of one that lives."""

    @abstractmethod
    def check_access(self) -> None:
        """Find out early that nothing can be written here; leaves nothing behind.

        Raises:
            StudyError: with the reason.
        """

    def set_aside(self, name: str, label: Label) -> str:
        """Rename a file that cannot be used to `name.label`, or to `name.label-2` and so on where
        there are earlier ones; the new name.

        Raises:
            FileNotFoundError: there is none; another driver did it.
        """
        for number in count(1):
            aside = f"{name}.{label}" if number == 1 else f"{name}.{label}-{number}"
            if not self.has(aside):
                self.rename(name, aside)
                return aside
        raise AssertionError

    def each(self, suffix: str, act: Callable[[str], T]) -> Iterator[T]:
        """What `act` makes of the name of each file that ends so, in the order of the names."""
        return map(act, self.names(suffix))


class LocalFolder(Folder):
    """A folder of a file system that is mounted here, a shared one perhaps.

    Others may write into it. Symbolic links are followed on the way to the results folder, not
    inside it, where they could lead a write or a deletion anywhere: they are looked for before
    every change.
    """

    def __init__(self, path: Path, shown: Path | None = None, inner: tuple[Path, ...] = ()):
        """`shown` is the path as messages name it, as given if None; `inner` are this folder and
        those around it that lie inside the results folder."""
        self.path = path.expanduser()
        with suppress(
            FileNotFoundError
        ):  # the working directory was removed; the first use says so
            self.path = self.path.absolute()  # workers have working directories of their own
        self._shown = shown or path
        self._inner = inner

    def __truediv__(self, name: str) -> "LocalFolder":
        path = self.path / name
        return LocalFolder(path, self._shown / name, (*self._inner, path))

    def __str__(self) -> str:
        return str(self._shown)

    def read(self, name: str, limit: int | None = None) -> bytes | None:
        try:
            return read_regular(self.path / name, memory_here() if limit is None else limit)
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        return os.path.lexists(self.path / name)

    def make(self) -> Path:
        """Make the folder where there is none; its path, on which there is no link.

        Raises:
            OSError: it cannot be made, or there is a link.
        """
        self._unlinked().mkdir(parents=True, exist_ok=True)
        return self.path

    def _unlinked(self) -> Path:
        """The path, after a look that no folder on it inside the results folder is a link."""
        for folder in self._inner:
            if folder.is_symlink():
                raise NotADirectoryError(
                    errno.ENOTDIR,
                    "a symbolic link, and those inside a results folder are not followed",
                    str(folder),
                )
        return self.path

    def write(self, name: str, *pieces: bytes | memoryview, durable: bool = True) -> None:
        """Keeps the temporary file locked, which tells `sweep` that its writer lives; where a file
        system has no locks and another driver removes it, it is written again."""
        path = self._unlinked() / name
        try:
            self.make()
            for _ in range(ATTEMPTS - 1):
                with suppress(FileNotFoundError):
                    return _write_whole(path, pieces, durable)
            _write_whole(path, pieces, durable)
        except OSError as error:
            raise _explained(error, path, sum(map(len, pieces))) from error

    def names(self, suffix: str = "") -> list[str]:
        try:
            with os.scandir(self.path) as entries:
                found = [entry.name for entry in entries if entry.is_file()]
        except FileNotFoundError:
            return []
        return sorted(n for n in found if n.endswith(suffix) and not n.startswith(TEMPORARY))

    def folders(self) -> list[str]:
        try:
            with os.scandir(self.path) as entries:
                found = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        return sorted(name for name in found if not name.startswith("."))

    def rename(self, old: str, new: str) -> None:
        folder = self._unlinked()
        os.replace(folder / old, folder / new)

    def delete(self, name: str) -> None:
        (self._unlinked() / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Goes by the locks of living writers, not by the clock, which may jump, and not by
        process numbers, which mean nothing on another host or in another container."""
        for path in self._unlinked().glob(f"{TEMPORARY}*"):
            with suppress(OSError):  # it has its name by now, or nobody's lock can be had
                _remove_abandoned(path)

    def check_access(self) -> None:
        try:
            nearest = self._unlinked()
        except OSError as error:
            raise StudyError(
                f"results cannot be written to {error.filename}: {error.strerror}. Remove it, or "
                "choose another --results."
            ) from error
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


def _write_whole(path: Path, pieces: Sequence[bytes | memoryview], durable: bool) -> None:
    temporary = path.with_name(f"{TEMPORARY}{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for piece in pieces:
                file.write(piece)
            file.flush()
            if durable:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_abandoned(path: Path) -> None:
    """Remove a temporary file whose writer no longer holds its lock.

    Raises:
        OSError: it holds it, or the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)


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
