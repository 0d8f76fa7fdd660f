"""Folders at a URI that pyarrow or fsspec knows, S3 for example."""

import errno
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

from hw3.files import UnusableFile
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.store.folder import Folder

T = TypeVar("T")

PROBE = "access-probe"  # written and removed to see whether a store can be written to
PATIENCE = 60.0  # seconds for which a store that does not answer is asked again
CONNECTIONS = 16  # files read at a time from a store that answers slowly


class RemoteFolder(Folder):
    """A folder at a URI. An object store shows a file only when it is whole; what another store
    may show of a writer that died, readers know by its checksum.

    The store is asked for the first time when a file of it is: whoever submits a study to a
    cluster need not reach what the cluster reaches.
    """

    def __init__(self, uri: str, waits: bool = True):
        """`waits` says whether a store that does not answer is asked again."""
        self.uri = uri.rstrip("/")
        self._waits = waits

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
        inner = f"{base}/{name}?{options}" if options else f"{base}/{name}"
        return RemoteFolder(inner, self._waits)

    def without_waiting(self) -> "RemoteFolder":
        return RemoteFolder(self.uri, waits=False)

    def __str__(self) -> str:
        return mask(self.uri)

    def read(self, name: str, limit: int | None = None) -> bytes | None:
        def read() -> bytes:
            with self._filesystem.open_input_stream(self._at(name)) as stream:
                return stream.read(None if limit is None else limit + 1)

        try:
            content = self._patiently(name, read)
        except FileNotFoundError:
            return None
        if limit is not None and len(content) > limit:
            reason = f"too large: at most {limit / 1e6:.1f} MB are read"
            raise UnusableFile(errno.EFBIG, reason, f"{self.uri}/{name}")
        return content

    def has(self, name: str) -> bool:
        from pyarrow.fs import FileType

        info = self._patiently(name, lambda: self._filesystem.get_file_info(self._at(name)))
        return info.type != FileType.NotFound

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
        deadline = time.monotonic() + (PATIENCE if self._waits else 0.0)
        while True:
            try:
                return act()
            except FileNotFoundError:
                raise
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise OSError(mask(f"{self}/{name}: {error}")) from error
                time.sleep(PATIENCE / 30)

    def names(self, suffix: str = "") -> list[str]:
        from pyarrow.fs import FileType

        files = [info.base_name for info in self._inside() if info.type == FileType.File]
        return sorted(name for name in files if name.endswith(suffix))

    def folders(self) -> list[str]:
        from pyarrow.fs import FileType

        found = [info.base_name for info in self._inside() if info.type == FileType.Directory]
        return sorted(name for name in found if not name.startswith("."))

    def _inside(self) -> list[Any]:
        """What the store says of each file and folder in this one."""
        from pyarrow.fs import FileSelector, PyFileSystem

        def look() -> Any:
            if isinstance(self._filesystem, PyFileSystem):  # fsspec keeps what it has listed once
                self._filesystem.handler.fs.invalidate_cache()
            return self._filesystem.get_file_info(FileSelector(self._path, allow_not_found=True))

        return self._patiently("", look)

    def rename(self, old: str, new: str) -> None:
        def move() -> None:
            if not self._filesystem.get_file_info(self._at(old)).is_file:
                raise FileNotFoundError(errno.ENOENT, "no such file", f"{self}/{old}")
            self._filesystem.move(self._at(old), self._at(new))

        self._patiently(old, move)

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._patiently(name, lambda: self._filesystem.delete_file(self._at(name)))

    def sweep(self) -> None:
        """Nothing is ever left: no temporary names are used."""

    def check_access(self) -> None:
        try:
            self._put(PROBE, b"")
            self._filesystem.delete_file(self._at(PROBE))
        except OSError as error:
            raise StudyError(
                f"results cannot be written to: {self}: {error}. "
                "Check address, bucket and credentials, or choose another --results."
            ) from error

    def each(self, suffix: str, act: Callable[[str], T]) -> Iterator[T]:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return iter(list(pool.map(act, self.names(suffix))))

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"


def _filesystem_of(uri: str) -> tuple[Any, str]:
    """pyarrow's file system for a URI, its own or fsspec's, and the path in it."""
    from pyarrow import ArrowInvalid
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    try:
        return FileSystem.from_uri(quote(uri, safe=":/?&=%@"))
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
