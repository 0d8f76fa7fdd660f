"""The course's folder: normal.npy and pneumonia.npy, perhaps test files, perhaps patients."""

import csv
import io
import os
import re
from pathlib import Path

import numpy as np

from hw3.files import read_regular
from hw3.sources import name_patient, read_array
from hw3.sources.copies import make_splits_without_copies
from hw3.splits import (
    CLASSES,
    DataError,
    Split,
    Splits,
    check_images,
    join_splits,
)

TESTS = tuple(f"test_{name}" for name in CLASSES)
TAKES = "a folder with normal.npy and pneumonia.npy, uint8 (N, H, W)"
MANIFEST = "manifest.csv"
MAX_MANIFEST = 50_000_000  # bytes: half a million images
COLUMNS = ("file", "index", "patient")  # of the manifest; others are for people

Manifest = dict[str, dict[int, str]]  # file name -> index -> patient


def is_course_folder(location: str) -> bool:
    """Whether one of the two files is there; `load_course` names the one that is not."""
    return any(os.path.exists(Path(location) / f"{name}.npy") for name in CLASSES)


def load_course(location: str, image_size: int) -> Splits:
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
    folder = Path(location)
    manifest = _read_manifest(folder / MANIFEST)
    classes = _read_classes(folder, CLASSES, manifest)
    parts = {
        "train": join_splits([part.take(slice(_cut(part))) for part in classes]),
        "val": join_splits([part.take(slice(_cut(part), None)) for part in classes]),
    }
    if any((folder / f"{name}.npy").exists() for name in TESTS):
        listed = manifest and any(f"{name}.npy" in manifest for name in TESTS)
        tests = _read_classes(folder, TESTS, manifest if listed else None)
        parts["test"] = join_splits(tests)
    return make_splits_without_copies("course", location, parts)


def _cut(part: Split) -> int:
    return len(part) * 4 // 5


def _read_classes(folder: Path, names: tuple[str, ...], manifest: Manifest | None) -> list[Split]:
    """The files called `names`, one for each class in order."""
    missing = [f"{name}.npy" for name in names if not (folder / f"{name}.npy").exists()]
    if missing:
        raise DataError(
            f"{folder}: {names[0]}.npy and {names[1]}.npy must both be there, "
            f"{' and '.join(missing)} is missing"
        )
    parts = [
        _read_class(folder / f"{name}.npy", label, manifest) for label, name in enumerate(names)
    ]
    sizes = [part.images.shape[1:] for part in parts]
    if sizes[0] != sizes[1]:
        raise DataError(
            f"{folder}: {names[0]}.npy and {names[1]}.npy must hold images of one size, "
            f"got {sizes[0]} and {sizes[1]}"
        )
    return parts


def _read_class(path: Path, label: int, manifest: Manifest | None) -> Split:
    images = read_array(path)
    check_images(str(path), images)
    if len(images) < 2:
        raise DataError(f"{path}: each class needs at least 2 images, got {len(images)}")
    patients = None
    if manifest is not None:
        known = manifest.get(path.name, {})
        patients = _list_patients(path.name, len(images), known, path.parent)
    return Split(images, np.full(len(images), label, np.uint8), patients)


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


def _read_manifest(path: Path) -> Manifest | None:
    """The patients by file and index; None where there is no manifest."""
    if not os.path.lexists(path):
        return None
    manifest: Manifest = {}
    try:
        content = read_regular(path, MAX_MANIFEST).decode("utf-8-sig")
        table = csv.DictReader(io.StringIO(content, newline=""))
        absent = set(COLUMNS) - set(table.fieldnames or ())
        if absent:
            raise DataError(
                f"{path}: must have the columns {', '.join(COLUMNS)}, "
                f"{', '.join(sorted(absent))} missing; correct it or take it away"
            )
        for row in table:
            _add_row(manifest, row, f"{path}, line {table.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: must be a CSV file in UTF-8, but {error}") from error
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
