"""Folders with an array for each class, the course's among them; perhaps a test part, patients."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hw3.sources import name_patient, read_array
from hw3.sources.copies import make_splits_without_copies
from hw3.sources.manifest import MANIFEST, read_manifest
from hw3.splits import (
    CLASSES,
    DataError,
    Split,
    Splits,
    check_classes,
    check_images,
    check_inputs,
    colours_first,
    join_splits,
)

TEST = "test_"  # before the names of the files of the test part
TAKES = "a folder with normal.npy and pneumonia.npy, uint8 (N, H, W)"
ARRAYS_TAKE = "a folder with CLASS.npy for each class, uint8 (N, H, W) or (N, H, W, 3)"
COLUMNS = ("file", "index", "patient")  # of the manifest; others are for people

Manifest = dict[str, dict[int, str]]  # file name -> index -> patient
Check = Callable[[str, np.ndarray], None]


def is_course_folder(location: str) -> bool:
    """Whether one of the two files is there; `load_course` names the one that is not."""
    return any(os.path.exists(Path(location) / f"{name}.npy") for name in CLASSES)


def is_array_folder(location: str) -> bool:
    """Whether there are arrays of two or more classes, none of them the course's."""
    return not is_course_folder(location) and len(_list_classes(location)) > 1


def load_arrays(location: str, image_size: int, classes: Sequence[str] = ()) -> Splits:
    """Read a folder as `load_course` does, with a file for each class, of images in colours, or of
    float32 or int64 examples that a model takes as they are.

    Args:
        classes: names of the files, in the order of the labels; all in their alphabetical order if
            none are given.

    Raises:
        DataError: as `load_course`.
    """
    del image_size  # the images have one size already
    return _load("arrays", location, classes or _list_classes(location), check_inputs)


def _list_classes(location: str) -> list[str]:
    try:
        names = [path.stem for path in Path(location).iterdir() if path.suffix == ".npy"]
    except (OSError, ValueError):  # a name that no file can have
        return []
    return sorted(name for name in names if not name.startswith(TEST))


def load_course(location: str, image_size: int, classes: Sequence[str] = CLASSES) -> Splits:
    """Read the folder; the first 80 % of each file train, the rest validate.

    Images keep the size they have. The split is the homework's own rule, images 0-799 and 800-999
    of 1000, in proportion for files of another length. `test_normal.npy` and `test_pneumonia.npy`,
    where both are there, are the locked test part. `manifest.csv` (columns file, index, patient,
    perhaps source_path) says which patient each image is of. A stray training image that is also
    in a later part is left out, and the location says so.

    Raises:
        DataError: a file is missing, unreadable or damaged, its images are not uint8 (N, H, W)
            with N > 1 and of one size, the manifest does not cover it, or the parts share
            patients or many images.
    """
    del image_size  # the images have one size already
    return _load("course", location, classes or CLASSES, check_images)


def _load(source: str, location: str, classes: Sequence[str], check: Check) -> Splits:
    check_classes(location, classes)
    folder, tests = Path(location), [f"{TEST}{name}" for name in classes]
    manifest = _read_patients(folder)
    read = _read_classes(folder, classes, manifest, check)
    parts = {
        "train": join_splits([part.take(slice(_cut(part))) for part in read]),
        "val": join_splits([part.take(slice(_cut(part), None)) for part in read]),
    }
    if any((folder / f"{name}.npy").exists() for name in tests):
        listed = manifest and any(f"{name}.npy" in manifest for name in tests)
        parts["test"] = join_splits(
            _read_classes(folder, tests, manifest if listed else None, check)
        )
    return make_splits_without_copies(source, location, parts, classes=classes)


def _cut(part: Split) -> int:
    return len(part) * 4 // 5


def _read_classes(
    folder: Path, names: Sequence[str], manifest: Manifest | None, check: Check
) -> list[Split]:
    """The files called `names`, one for each class in order."""
    missing = [f"{name}.npy" for name in names if not (folder / f"{name}.npy").exists()]
    if missing:
        *others, last = (f"{name}.npy" for name in names)
        there = _list_classes(str(folder))
        raise DataError(
            f"{folder}: {', '.join(others)} and {last} must {'both' * (len(names) == 2) or 'all'} "
            f"be there, {' and '.join(missing)} is missing"
            + f"; the arrays that are there are chosen with --classes {','.join(there)}"
            * (len(there) > 1)
        )
    parts = [
        _read_class(folder / f"{name}.npy", label, manifest, check)
        for label, name in enumerate(names)
    ]
    for name, part in zip(names, parts, strict=True):
        first, here = ((one.images.shape[1:], str(one.images.dtype)) for one in (parts[0], part))
        if first != here:
            raise DataError(
                f"{folder}: {names[0]}.npy and {name}.npy must hold images of one size and type, "
                f"got {first[0]} of {first[1]} and {here[0]} of {here[1]}"
            )
    return parts


def _read_class(path: Path, label: int, manifest: Manifest | None, check: Check) -> Split:
    images = read_array(path)
    check(str(path), images)
    images = colours_first(str(path), images)
    if len(images) < 2:
        raise DataError(f"{path}: each class needs at least 2 images, got {len(images)}")
    patients = None
    if manifest is not None:
        known = manifest.get(path.name, {})
        patients = _list_patients(path.name, len(images), known, path.parent)
    return Split(
        images, np.full(len(images), label, np.uint8 if label < 256 else np.uint16), patients
    )


def _list_patients(name: str, count: int, known: dict[int, str], folder: Path) -> np.ndarray:
    """str (count,), one patient per image."""
    if set(known) != set(range(count)):
        missing = len(set(range(count)) - set(known))
        extra = len(set(known) - set(range(count)))
        raise DataError(
            f"{folder / MANIFEST}: must list each of the {count} images of {name}, "
            f"but {missing} are missing and {extra} do not exist; correct it or take it away"
        )
    return np.array([known[index] for index in range(count)])


def _read_patients(folder: Path) -> Manifest | None:
    """The patients by file and index; None where there is no manifest."""
    rows = read_manifest(folder, COLUMNS)
    if rows is None:
        return None
    manifest: Manifest = {}
    for where, row in rows:
        _add_row(manifest, row, where)
    return manifest


def _add_row(manifest: Manifest, row: dict[str, str], where: str) -> None:
    index, patient = row["index"] or "", row["patient"]
    if not re.fullmatch(r"\d{1,9}", index) or not patient:
        raise DataError(
            f"{where}: must have a whole index and a patient, got {index!r} and {patient!r}"
        )
    known = manifest.setdefault(row["file"], {})
    if int(index) in known:
        raise DataError(
            f"{where}: each image must be listed once, {row['file']} {index} is listed twice"
        )
    known[int(index)] = name_patient(patient, (row.get("source_path") or "").split("/")[0])
