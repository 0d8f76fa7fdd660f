"""MedMNIST's files: an .npz archive, or a flag that the `medmnist` package downloads."""

import importlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hw3.sources import DAMAGE, read_arrays
from hw3.sources.copies import make_splits_without_copies
from hw3.splits import (
    CLASSES,
    PARTS,
    DataError,
    Split,
    Splits,
    check_images,
    check_labels,
)

TAKES = "a MedMNIST .npz file, or a flag such as pneumoniamnist or pneumoniamnist_64"
FLAGS = (  # the flat ones in which an image has one label
    *("pneumoniamnist", "breastmnist", "bloodmnist", "dermamnist", "octmnist", "pathmnist"),
    *("retinamnist", "tissuemnist", "organamnist", "organcmnist", "organsmnist"),
)
SIZES = (28, 64, 128, 224)  # in pixels, as published
ENTRIES = tuple(f"{part}_{kind}" for part in PARTS for kind in ("images", "labels"))
PATIENTS = tuple(f"{part}_patients" for part in PARTS)  # where a file of one's own has them
NAMES = "classes"  # so, too
FLAG = re.compile(r"([a-z]+mnist(?:3d)?)(?:_(\d+))?")
FILES_AT = "https://medmnist.com"
BIBTEX = """
@article{medmnist,
  author = {Yang, Jiancheng and Shi, Rui and Wei, Donglai and Liu, Zequan and Zhao, Lin and
    Ke, Bilian and Pfister, Hanspeter and Ni, Bingbing},
  title = {{MedMNIST} v2: A Large-Scale Lightweight Benchmark for {2D} and {3D} Biomedical Image
    Classification},
  journal = {Scientific Data},
  volume = {10},
  pages = {41},
  year = {2023},
  doi = {10.1038/s41597-022-01721-8}
}
"""


def is_medmnist(location: str) -> bool:
    """Whether `location` is an .npz file, or no file and shaped like a flag."""
    if os.path.exists(location):
        return os.path.isfile(location) and location.lower().endswith(".npz")
    return FLAG.fullmatch(location) is not None


def load_medmnist(location: str, image_size: int, classes: Sequence[str] = ()) -> Splits:
    """Read or download the archive; its own three parts.

    Its entries are train_images, train_labels and so on; a file of one's own may have
    train_patients and so on as well, and classes, their names. Training images that are also in
    val or test are left out, and the location says so.

    Args:
        classes: names in the order of the labels. If none are given, those in the file or of the
            flag; else normal and pneumonia for PneumoniaMNIST, and numbers for any other.

    Raises:
        DataError: the file is unreadable, damaged or lacks an entry, its images are not flat and
            uint8, its labels are not from 0 to the number of classes, or the flag cannot be
            downloaded.
    """
    if os.path.exists(location):
        path, known = Path(location), ()
    else:
        path, known = _download_flag(location, image_size)
    arrays = _read_entries(path)
    names = classes or _name_classes(path, arrays, known)
    parts = _take_parts(path, arrays, names)
    return make_splits_without_copies("medmnist", location, parts, classes=names)


def _name_classes(
    path: Path, arrays: Mapping[str, np.ndarray], known: Sequence[str]
) -> Sequence[str]:
    if NAMES in arrays:
        return [str(name) for name in arrays[NAMES].tolist()]
    if known:
        return known
    if path.stem.startswith("pneumoniamnist"):
        return CLASSES
    labels = [arrays[f"{part}_labels"] for part in PARTS]
    if any(each.dtype.kind not in "iu" or not each.size for each in labels):
        return CLASSES  # what is wrong with them is said where they are checked
    return [str(label) for label in range(max(2, 1 + max(int(each.max()) for each in labels)))]


def _take_parts(
    path: Path, arrays: Mapping[str, np.ndarray], classes: Sequence[str]
) -> dict[str, Split]:
    parts = {}
    for part in PARTS:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        check_images(f"{path}, {part}_images", images)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        check_labels(f"{path}, {part}_labels", labels, len(images), classes)
        patients = arrays.get(f"{part}_patients")
        parts[part] = Split(
            images,
            labels.astype(np.uint16 if len(classes) > 256 else np.uint8),
            None if patients is None else patients.astype(str),
        )
    sizes = {part.images.shape[1:] for part in parts.values()}
    if len(sizes) > 1:
        raise DataError(f"{path}: all parts must have one image size, got {sorted(sizes)}")
    return parts


def _read_entries(path: Path) -> dict[str, np.ndarray]:
    """The arrays, unchecked."""
    arrays = read_arrays(path, (*ENTRIES, *PATIENTS, NAMES))
    missing = [name for name in ENTRIES if name not in arrays]
    if missing:
        raise DataError(
            f"{path}: must be an .npz archive that holds {', '.join(ENTRIES)}; "
            f"{', '.join(missing)} missing"
        )
    return arrays


def _download_flag(location: str, image_size: int) -> tuple[Path, tuple[str, ...]]:
    """The file of the flag, downloaded unless MedMNIST's own folder has it, and the names of its
    classes; those of PneumoniaMNIST are the homework's."""
    flag, size = _read_flag(location, image_size)
    package = _import_package(location)
    try:
        maker = getattr(package, package.INFO[flag]["python_class"])
        made = maker(split="train", download=True, size=size)
        labels = package.INFO[flag].get("label", {}) if flag != "pneumoniamnist" else {}
        names = tuple(labels[key] for key in sorted(labels, key=int))
        return Path(made.root) / f"{made.flag}{made.size_flag}.npz", names
    except (AttributeError, AssertionError, *DAMAGE) as error:
        raise DataError(
            f"{location}: the package medmnist must download the file, but "
            f"could not ({' '.join(str(error).split())}). Fetch it from {FILES_AT} on another "
            f"machine and give the .npz file's path"
        ) from error


def _read_flag(location: str, image_size: int) -> tuple[str, int]:
    """The flag's name, and its size or else the least published size from `image_size` up."""
    match = FLAG.fullmatch(location)
    flag, size = match.groups() if match else (location, None)
    if flag not in FLAGS:
        raise DataError(
            f"{flag}: a MedMNIST set must be flat, with one label for an image, that is "
            f"{', '.join(FLAGS)}; give one of these flags or the path of an .npz file"
        )
    if size is None:
        return flag, next((side for side in SIZES if side >= image_size), SIZES[-1])
    if int(size) not in SIZES:
        raise DataError(f"{location}: a MedMNIST size must be one of {SIZES}, got {size}")
    return flag, int(size)


def _import_package(location: str) -> Any:
    try:
        return importlib.import_module("medmnist")
    except ImportError as error:
        raise DataError(
            f"{location}: a MedMNIST flag needs the package medmnist, which cannot be imported "
            f"({error}). Install it: pip install 'medmnist>=3'. Or fetch the .npz file from "
            f"{FILES_AT} and give its path"
        ) from error
