"""What of the project goes to a cluster with a job: code, and nothing else that lies beside it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from study.spec.errors import StudyError
from study.spec.shell import quote
from study.store.provenance import handed_on, tracked_files

PACKAGES = ("hw3", "study")
PATTERNS = ("*.py", "templates/*")  # the files of the packages that are installed
LIMIT = 20 * 2**20  # bytes
NAMED = 3  # of the largest files, where it is too much


@contextmanager
def runtime_environment(folder: Path, study: Path | None = None) -> Iterator[dict[str, Any]]:
    """The code that the job needs as it is in the folder, for the time that it takes to upload it;
    empty where the folder is not the project's, and the study no file of somebody's own: then the
    hosts have it installed.

    Args:
        study: the file of a study of somebody's own.

    Raises:
        StudyError: it is too large, has a file's name that cannot be uploaded, or the study's file
            is not in the folder.
    """
    has_project = (folder / "study" / "__init__.py").exists()
    files = {*files_to_upload(folder)} if has_project else set[Path]()
    if study is not None:
        files |= set(own_code(folder, study))
    files = sorted(files)
    if not files:
        yield {}
        return
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


def own_code(folder: Path, study: Path) -> Iterator[Path]:
    """A study's file, the modules that lie beside it, and the packages, with all that git tracks
    there; paths are relative to the folder.

    Raises:
        StudyError: the study does not lie in the folder.
    """
    folder, home = folder.resolve(), study.resolve().parent
    if not home.is_relative_to(folder):
        raise StudyError(
            f"{study} is not in the working directory, from which a job's code is uploaded. "
            f"Submit it from there: cd {quote(str(home))}"
        )
    inits = [path for path in home.glob("*/__init__.py") if path.parent.name not in PACKAGES]
    found = [*home.glob("*.py"), *(file for one in inits for file in one.parent.rglob("*.py"))]
    tracked = [home / name for name in tracked_files(home)]
    for path in (*found, *tracked):
        if path.is_file() and path.resolve() == path:  # no link: it may lead anywhere
            yield path.relative_to(folder)


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
            f"at most {LIMIT >> 20} MiB are uploaded with a job; those of {folder} have "
            f"{total / 2**20:.1f} MiB, the largest files are {names}. Data belongs on a path that "
            "all hosts share. Submit from a clone without these files, or: git rm --cached FILE"
        )
    return total
