"""Folders in which a file appears whole or not at all: on a disk, or at any URI that pyarrow or
fsspec knows, S3 for example.
"""

import errno
import os
import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from study.spec.errors import StudyError

T = TypeVar("T")

TEMPORARY = ".writing-"  # how the name of a file begins that is not whole yet
PROBE = "access-probe"  # written and removed to see whether a store can be written to
PATIENCE = 60.0  # seconds in which a store that does not answer is asked again
PYARROW_ALONE = ("abfss", "viewfs")  # what pyarrow knows and fsspec does not
CONNECTIONS = 16  # files read at a time from a store that answers slowly


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


def open_folder(location: str | Path) -> Folder:
    """The folder at a path, relative or not, or at a URI. Nothing is asked of a store yet.

    Raises:
        StudyError: the URI is of no kind that pyarrow or fsspec knows.
    """
    location = str(location)
    if "://" not in location or location.startswith("file://"):
        return LocalFolder(Path(location.removeprefix("file://")))
    from fsspec import available_protocols

    scheme = location.partition("://")[0].rpartition("::")[2]
    if scheme not in {*available_protocols(), *PYARROW_ALONE}:
        raise StudyError(
            f"results must be a folder, or a URI that pyarrow or fsspec knows; got {location}"
        )
    return RemoteFolder(location)


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
            raise StudyError(f"results must be a folder: {nearest} is a file. Choose --results.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise StudyError(
                f"results must be written, and {nearest} cannot be written to. "
                "Give access, or choose another --results."
            )


class RemoteFolder(Folder):
    """A folder at a URI. An object store shows a file only when it is whole; what another store
    may show of a writer that died, readers know by its checksum.

    The store is asked for the first time when a file of it is: whoever submits a study to a
    cluster need not reach what the cluster reaches.
    """

    def __init__(self, uri: str):
        self.uri = uri.rstrip("/")

    @cached_property
    def _store(self) -> tuple[Any, str]:
        return _filesystem_of(self.uri)

    @property
    def _filesystem(self) -> Any:
        return self._store[0]

    @property
    def _path(self) -> str:
        return self._store[1]

    def __truediv__(self, name: str) -> "RemoteFolder":
        base, _, options = self.uri.partition("?")
        return RemoteFolder(f"{base}/{name}?{options}" if options else f"{base}/{name}")

    def __str__(self) -> str:
        return self.uri

    def read(self, name: str) -> bytes | None:
        def read() -> bytes:
            with self._filesystem.open_input_stream(self._at(name)) as stream:
                return stream.read()

        try:
            return self._patiently(name, read)
        except FileNotFoundError:
            return None

    def write(self, name: str, *pieces: bytes | memoryview, durable: bool = True) -> None:
        content = b"".join(pieces)  # in one go: a stream that is closed early is a file, too
        self._patiently(name, lambda: self._put(name, content))

    def _put(self, name: str, content: bytes) -> None:
        if not self._filesystem.type_name.startswith(("s3", "gcs", "abfs")):
            self._filesystem.create_dir(self._path, recursive=True)
        with self._filesystem.open_output_stream(self._at(name)) as stream:
            stream.write(content)

    def _patiently(self, name: str, act: Callable[[], T]) -> T:
        """Act, again and again while the store does not answer, up to PATIENCE."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except FileNotFoundError:
                raise
            except OSError as error:
                if time.monotonic() > deadline:
                    raise OSError(f"{self.uri}/{name}: {error}") from error
                time.sleep(PATIENCE / 30)

    def names(self, suffix: str = "") -> list[str]:
        from pyarrow.fs import FileSelector, FileType

        def look() -> Any:
            return self._filesystem.get_file_info(FileSelector(self._path, allow_not_found=True))

        found = self._patiently("", look)
        files = [info.base_name for info in found if info.type == FileType.File]
        return sorted(name for name in files if name.endswith(suffix))

    def rename(self, old: str, new: str) -> None:
        def move() -> None:
            if not self._filesystem.get_file_info(self._at(old)).is_file:
                raise FileNotFoundError(errno.ENOENT, "no such file", f"{self.uri}/{old}")
            self._filesystem.move(self._at(old), self._at(new))

        self._patiently(old, move)

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._patiently(name, lambda: self._filesystem.delete_file(self._at(name)))

    def sweep(self, older_than: float = 0.0) -> None:
        """Nothing is ever left: no temporary names are used."""

    def check_access(self) -> None:
        try:
            self._put(PROBE, b"")
            self._filesystem.delete_file(self._at(PROBE))
        except OSError as error:
            raise StudyError(
                f"results must be written, and {self.uri} cannot be written to: {error}. "
                "Check address, bucket and credentials, or choose another --results."
            ) from error

    def read_all(self, suffix: str) -> list[tuple[str, bytes]]:
        names = self.names(suffix)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            contents = list(pool.map(self.read, names))
        return [(n, c) for n, c in zip(names, contents, strict=True) if c is not None]

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"


def _filesystem_of(uri: str) -> tuple[Any, str]:
    """pyarrow's file system for a URI, its own or fsspec's, and the path in it."""
    from pyarrow import ArrowInvalid
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    try:
        return FileSystem.from_uri(quote(uri, safe=":/?&=%"))
    except ArrowInvalid as own_error:
        import fsspec

        try:
            filesystem, path = fsspec.core.url_to_fs(uri)
        except (ValueError, ImportError) as error:
            raise StudyError(
                f"results must be a folder, or a URI that pyarrow or fsspec knows; got {uri}: "
                f"{own_error}; {error}"
            ) from error
        return PyFileSystem(FSSpecHandler(filesystem)), path


def _explained(error: OSError, path: Path, size: int) -> OSError:
    """The error with the file that could not be written and, on a full disk, with what is
    missing."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return OSError(error.errno, error.strerror, str(path))
    free = shutil.disk_usage(path.parent).free
    missing = f", {_size(size - free)} are missing" if size > free else " by the disk's count"
    return OSError(
        error.errno,
        f"no room: {_size(size)} are to be written, {_size(free)} are free{missing}",
        str(path),
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
