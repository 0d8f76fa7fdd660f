"""Folders of pictures, one for each class: train|val|test/CLASS/*.png, or CLASS/*.png alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hw3.own import hold_out
from hw3.sources.copies import make_splits_without_copies
from hw3.sources.manifest import MANIFEST, read_manifest
from hw3.sources.pictures import (
    holds_pictures,
    list_folders,
    list_pictures,
    notes_among,
    read_pictures,
)
from hw3.splits import PARTS, DataError, Split, Splits, check_classes

TAKES = "a folder of pictures, train|val|test/CLASS/*.png, or CLASS/*.png alone"
COLUMNS = ("file", "patient")  # of the manifest; others are for people
VALIDATION_SHARE = 0.2  # of the training pictures, where no folder val is there


def is_folder_tree(location: str) -> bool:
    """Whether there are folders of pictures, in a folder train or by themselves."""
    root = Path(location)
    folders = list_folders(root)
    if "train" in folders:
        return any(holds_pictures(root / "train" / name) for name in list_folders(root / "train"))
    return sum(holds_pictures(root / name) for name in folders) > 1


def load_folders(location: str, image_size: int, classes: Sequence[str] = ()) -> Splits:
    """Read the pictures, resized to `image_size` one by one; grey where none has colours.

    Where no folder val is there, a fifth of the training pictures of each class validate, drawn
    once and for all; without a folder train there is no test part. `manifest.csv` (columns file,
    train/CLASS/1.png for example, and patient) says which patient each picture is of; patients
    stay in one part then.

    Args:
        classes: names of the folders, in the order of the labels; all in their alphabetical order
            if none are given.

    Raises:
        DataError: a folder of a class is missing or holds something that is not an image, an image
            cannot be read or has more than 8 bits, the manifest does not list each picture, or the
            parts share patients or many pictures.
    """
    root = Path(location)
    has_parts = (root / "train").is_dir()
    folders = {name: root / name for name in PARTS if (root / name).is_dir()} if has_parts else {}
    folders = folders or {"train": root}
    names = tuple(classes) or tuple(list_folders(folders["train"]))
    check_classes(location, names)
    listed = {
        part: [list_pictures(_folder_of(folder, name)) for name in names]
        for part, folder in folders.items()
    }
    patients = _read_patients(root)
    pictures = [path for of_part in listed.values() for paths in of_part for path in paths]
    images = read_pictures(location, pictures, image_size, colour=True)
    parts, first = {}, 0
    for part, of_classes in listed.items():
        paths = [path for paths in of_classes for path in paths]
        labels = np.repeat(np.arange(len(names)), [len(paths) for paths in of_classes])
        parts[part] = Split(
            images[first : first + len(paths)],
            labels.astype(np.uint8 if len(names) <= 256 else np.uint16),
            None if patients is None else np.array([_patient(root, p, patients) for p in paths]),
        )
        first += len(paths)
    if "val" not in parts:
        parts["train"], parts["val"] = hold_out(
            location, parts["train"], VALIDATION_SHARE, names, "val"
        )
    read = location + notes_among(folder / name for folder in folders.values() for name in names)
    return make_splits_without_copies("folders", read, parts, classes=names)


def _folder_of(part: Path, name: str) -> Path:
    if not (part / name).is_dir():
        there = ", ".join(list_folders(part)) or "none"
        raise DataError(f"{part / name}: each class must have a folder; those there are {there}")
    return part / name


def _patient(root: Path, path: Path, patients: dict[str, str]) -> str:
    name = path.relative_to(root).as_posix()
    if name not in patients:
        raise DataError(
            f"{root / MANIFEST}: must list each picture, but {name} is missing; correct it or take "
            "it away"
        )
    return patients[name]


def _read_patients(root: Path) -> dict[str, str] | None:
    """The patient of each picture; None where there is no manifest."""
    rows = read_manifest(root, COLUMNS)
    if rows is None:
        return None
    patients = {row["file"]: row["patient"] for _, row in rows}
    if not all(patients.values()):
        nobody = next(name for name, patient in patients.items() if not patient)
        raise DataError(f"{root / MANIFEST}: each picture must have a patient, {nobody} has none")
    return patients
