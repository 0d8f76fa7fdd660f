"""Shared by the loaders: reading arrays from files that may be damaged, and patients' names."""

import lzma
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from hw3.files import open_regular
from hw3.splits import DataError, check_memory

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# Grey images shrink to a half or a third; nothing but a trap shrinks to a hundredth.
MAX_EXPANSION = 100
SMALL = 10_000_000  # bytes that any array may take

# What NumPy, zipfile and Pillow were seen to raise on files cut off or with bytes changed. A
# damaged header can ask for any shape, hence MemoryError and OverflowError.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    OverflowError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_array(path: Path) -> np.ndarray:
    """The array in a .npy file, of any type and shape but objects.

    Raises:
        DataError: the file is missing, unreadable, damaged, too large for the memory here, or not
            a .npy file of numbers.
    """
    try:
        with open_regular(path) as file:
            _check_header(path, file, os.fstat(file.fileno()).st_size)
            file.seek(0)
            return npy.read_array(file, allow_pickle=False)
    except DataError:
        raise
    except DAMAGE as error:
        raise unreadable(path, "a whole .npy file of numbers", error) from error


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Those of the arrays of these names that a .npz archive has.

    Raises:
        DataError: as `read_array`, or an array would expand more than images ever do.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            held = set(archive.namelist())
            return {
                name: _read_member(path, archive, archive.getinfo(f"{name}.npy"))
                for name in names
                if f"{name}.npy" in held
            }
    except DataError:
        raise
    except DAMAGE as error:
        raise unreadable(path, "an .npz archive of whole arrays of numbers", error) from error


def _read_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    if info.file_size > max(SMALL, MAX_EXPANSION * info.compress_size):
        raise DataError(
            f"{path}: images must not expand more than {MAX_EXPANSION} times, as no picture does, "
            f"but {info.filename} is {info.compress_size / 1e6:.1f} MB that would become "
            f"{info.file_size / 1e6:.1f} MB"
        )
    where = path / info.filename
    with archive.open(info) as member:
        _check_header(where, member, info.file_size)
    with archive.open(info) as member:
        return npy.read_array(member, allow_pickle=False)


def _check_header(where: Path, file: IO[bytes], size: int) -> None:
    """What the file's header declares must be there, and must fit: nothing is allocated yet.

    Args:
        size: of the whole file in bytes, not compressed.
    """
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the format")
    shape, _, dtype = HEADERS[version](file)
    missing = file.tell() + math.prod(shape) * dtype.itemsize - size
    if missing > 0 and not dtype.hasobject:
        raise ValueError(f"{missing} bytes are missing")
    check_memory(str(where), shape[0] if shape else 1, shape[1:], dtype.itemsize)


def unreadable(path: Path, kind: str, error: Exception) -> DataError:
    """The error for a file at `path` that should have been `kind`."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: there is no such file; it must be {kind}")
    if isinstance(error, PermissionError):
        return DataError(f"{path}: must be {kind}, but you have no permission to read it")
    if isinstance(error, OSError) and error.strerror:
        fact = error.strerror.lower()
    else:
        fact = " ".join(f"{type(error).__name__}: {error}".split())
    return DataError(f"{path}: must be {kind}, but could not be read ({fact}); copy it again")


def name_patient(patient: str, folder: str) -> str:
    """The patient's name among all parts, given the Kaggle folder the image lay in.

    The publisher's test folder holds other patients, yet numbers them from 1 again: person1 has
    bacterial pneumonia in train and viral pneumonia in test. Without the prefix, equal numbers
    would make the published split look leaky. Its val folder continues train's numbers.
    """
    return f"test/{patient}" if folder == "test" else patient
