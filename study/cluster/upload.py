"""What of the project goes to a cluster with a job: code, and nothing else that lies beside it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from study.spec.errors import StudyError
from study.store.provenance import handed_on, tracked_files

PACKAGES = ("hw3", "study")
PATTERNS = ("*.py", "templates/*")  # the files of the packages that are installed
LIMIT = 20 * 2**20  # bytes
NAMED = 3  # of the largest files, where it is too much


@contextmanager
def runtime_environment(folder: Path) -> Iterator[dict[str, Any]]:
    """The project as it is in the folder, for the time that it takes to upload it; empty where
    the folder is not the project's: then the hosts have it installed.

    Raises:
        StudyError: it is too large, or has a file's name that cannot be uploaded.
    """
    if not (folder / "study" / "__init__.py").exists():
        yield {}
        return
    files = files_to_upload(folder)
    _check_names(files)
    size = _check_size(folder, files)
    click.echo(f"uploading {len(files)} files of {folder}, {size / 2**20:.1f} MiB")
    with tempfile.TemporaryDirectory(prefix="study-upload-") as copy:
        for name in files:
            target = Path(copy, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, target)
        yield {"working_dir": copy, "env_vars": handed_on()}


def files_to_upload(folder: Path) -> list[Path]:
    """What git tracks in the folder, and the packages' files, a new task of one's own for example;
    paths are relative to it. Of a symbolic link git tracks no content: what it leads to is uploaded
    only where it is one of these files, too."""
    folder = folder.resolve()
    tracked = set(tracked_files(folder))
    packages = {
        path.relative_to(folder)
        for package in PACKAGES
        for pattern in PATTERNS
        for path in (folder / package).rglob(pattern)
    }
    paths = {name: folder / name for name in tracked | packages if (folder / name).is_file()}
    own = {path for path in paths.values() if path.resolve() == path}
    return sorted(name for name, path in paths.items() if path.resolve() in own)


def _check_names(files: list[Path]) -> None:
    """A job's files go into a ZIP archive, whose names are UTF-8."""
    for name in files:
        try:
            str(name).encode()
        except UnicodeEncodeError:
            raise StudyError(
                f"the names of uploaded files must be UTF-8, and {name} is not. "
                "Rename it, or: git rm --cached FILE"
            ) from None


def _check_size(folder: Path, files: list[Path]) -> int:
    """Bytes of all files."""
    sizes = {name: (folder / name).stat().st_size for name in files}
    total = sum(sizes.values())
    if total > LIMIT:
        largest = sorted(files, key=sizes.__getitem__, reverse=True)[:NAMED]
        names = ", ".join(f"{name} ({sizes[name] / 2**20:.1f} MiB)" for name in largest)
        raise StudyError(
            f"at most {LIMIT >> 20} MiB are uploaded with a job; what git tracks in {folder} has "
            f"{total / 2**20:.1f} MiB, the largest files are {names}. Data belongs on a path that "
            "all hosts share. Submit from a clone without these files, or: git rm --cached FILE"
        )
    return total
