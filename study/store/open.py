"""The folder at a path or a URI."""

import os
from pathlib import Path

from study.spec.errors import StudyError
from study.store.folder import Folder, LocalFolder
from study.store.remote import RemoteFolder

PYARROW_ALONE = ("abfss", "viewfs")  # schemes that pyarrow knows and fsspec does not


def open_folder(location: str | Path) -> Folder:
    """The folder at a path, relative or not, or at a URI. Nothing is asked of a store yet.

    Raises:
        StudyError: the URI is of no kind that pyarrow or fsspec knows, or the path is of none.
    """
    location = str(location)
    if "://" not in location or location.startswith("file://"):
        return _open_local(location.removeprefix("file://"))
    from fsspec import available_protocols

    scheme = location.partition("://")[0].rpartition("::")[2]
    if scheme not in {*available_protocols(), *PYARROW_ALONE}:
        raise StudyError(
            f"results must be a folder, or a URI that pyarrow or fsspec knows; got {location}"
        )
    return RemoteFolder(location)


def _open_local(path: str) -> LocalFolder:
    if not path.strip():  # a variable that is not set, as a rule
        raise StudyError(
            "results must be a folder; got an empty path. The folder here is --results ."
        )
    try:
        os.getcwd()
        return LocalFolder(Path(path))
    except FileNotFoundError as error:  # PyTorch does not start there, either
        raise StudyError("the working directory was removed. Change to another one: cd") from error
    except RuntimeError as error:  # ~NAME
        raise StudyError(f"results must be a folder; nobody here has the home of {path}") from error
