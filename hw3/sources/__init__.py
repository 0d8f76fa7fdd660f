"""Shared by the loaders: reading arrays from files that may be damaged, and patients' names."""

import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from hw3.splits import DataError

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
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_array(path: Path) -> np.ndarray:
    """The array in a .npy file, of any type and shape but objects.

    Raises:
        DataError: the file is missing, unreadable, damaged, or not a .npy file of numbers.
    """
    try:
        # np.load leaves a file open where it is damaged, so it gets an open one.
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except DAMAGE as error:
        raise unreadable(path, "a whole .npy file of numbers", error) from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: must be a .npy file of numbers, got an .npz archive")
    return array


def unreadable(path: Path, kind: str, error: Exception) -> DataError:
    """The error for a file at `path` that should have been `kind`."""
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
