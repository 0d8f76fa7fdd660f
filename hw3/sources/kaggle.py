"""The Kaggle folder tree: train|val|test/NORMAL|PNEUMONIA/*.jpeg, patients from file names."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hw3.seeds import derive_seed
from hw3.sources import name_patient
from hw3.sources.copies import make_splits_without_copies
from hw3.sources.pictures import list_folders, list_pictures, notes_among, read_pictures
from hw3.splits import DataError, Split, Splits
from hw3.text import printable

TAKES = "Kaggle's chest_xray folder, train|test/NORMAL|PNEUMONIA/*.jpeg"
CLASS_FOLDERS = ("NORMAL", "PNEUMONIA")  # in the order of the labels
NESTED = "chest_xray"
VALIDATION_SHARE = 0.2  # of the training patients
BIBTEX = """
@article{kermany,
  author = {Kermany, Daniel S. and Goldbaum, Michael and Cai, Wenjia and others},
  title = {Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep Learning},
  journal = {Cell},
  volume = {172},
  number = {5},
  pages = {1122--1131.e9},
  year = {2018},
  doi = {10.1016/j.cell.2018.02.010}
}
"""

# person123_bacteria_45, IM-0115-0001, NORMAL2-IM-1422-0001; BACTERIA-1008087-0001 elsewhere
PATIENT = re.compile(r"(person\d+)_|((?:[A-Z]+\d*-)+\d+)-\d")


def is_kaggle_tree(location: str) -> bool:
    """Whether a train or test folder is there, or in a chest_xray folder there, whose classes are
    not others than these two."""
    root = _find_root(Path(location))
    if root is None:
        return False
    named = {name for part in ("train", "test") for name in list_folders(root / part)}
    return not named or not named.isdisjoint(CLASS_FOLDERS)


def load_kaggle(location: str, image_size: int) -> Splits:
    """Read the tree; images turned grey and resized to `image_size` one by one.

    The publisher's test folder is the locked test part. Its val folder, 16 images, is too small
    to tune by and is not read; instead a fifth of the training patients of each class are
    the validation part, chosen by a hash of their names. Copies of an image are left out, also
    within a part; the one in the most locked part stays. The location tells how many.

    Raises:
        DataError: a folder is missing or holds something that is not an image, an image cannot
            be read or has more than 8 bits, a class is left without images, or copies of one
            image have different labels.
    """
    root = _find_root(Path(location))
    if root is None:
        raise DataError(f"{location}: must hold a folder train and a folder test")
    train = _read_part(root, "train", image_size)
    test = _read_part(root, "test", image_size)
    validates = _choose_validation(train)
    parts = {"train": train.take(~validates), "val": train.take(validates), "test": test}
    folders = (root / part / name for part in ("train", "test") for name in CLASS_FOLDERS)
    read = location + notes_among(folders)
    return make_splits_without_copies("kaggle", read, parts, max_share=1.0, within=True)


def read_patient(name: str) -> str:
    """The patient in an image's file name; the name itself where it follows no known pattern,
    printable where it is not UTF-8."""
    match = PATIENT.match(name)
    return next(filter(None, match.groups())) if match else printable(Path(name).stem)


def _find_root(folder: Path) -> Path | None:
    for root in (folder, folder / NESTED):
        if any(os.path.isdir(root / part) for part in ("train", "test")):
            return root
    return None


def _read_part(root: Path, part: str, size: int) -> Split:
    """The images of one part: uint8 (N, size, size), NORMAL first, by file name."""
    listed = [list_pictures(root / part / name) for name in CLASS_FOLDERS]
    paths = [path for paths in listed for path in paths]
    return Split(
        images=read_pictures(str(root / part), paths, size, colour=False),
        labels=np.repeat(np.arange(2, dtype=np.uint8), [len(paths) for paths in listed]),
        patients=np.array([name_patient(read_patient(path.name), part) for path in paths]),
    )


def _choose_validation(train: Split) -> np.ndarray:
    """bool (N,): whether the image's patient validates.

    A fifth of the patients of each class, at least one, in the order of a hash of their names, so
    that the choice depends neither on the order of the files nor on the image size. Patients with
    images in both classes are a third group, so that each goes to one side whole.
    """
    assert train.patients is not None  # file names always give one
    labels: dict[str, set[int]] = {}
    for patient, label in zip(train.patients.tolist(), train.labels.tolist(), strict=True):
        labels.setdefault(patient, set()).add(label)
    chosen: set[str] = set()
    for group in ({0}, {1}, {0, 1}):
        names = [name for name, own in labels.items() if own == group]
        chosen.update(_first_by_hash(names))
    return np.array([patient in chosen for patient in train.patients.tolist()])


def _first_by_hash(names: Sequence[str]) -> list[str]:
    count = max(round(len(names) * VALIDATION_SHARE), min(1, len(names)))
    return sorted(names, key=lambda name: derive_seed(0, "validation", name))[:count]
