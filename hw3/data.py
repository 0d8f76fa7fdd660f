"""The data sources: which one a location belongs to, and loading it as Splits."""

import difflib
import os
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from hw3.memory import memory_here
from hw3.own import splits_from_arrays, splits_from_dataset
from hw3.sources import course, folders, kaggle, medmnist, phantom
from hw3.sources.phantom import PHANTOM, is_phantom, phantom_location
from hw3.splits import DataError, Splits, check_classes, check_size, resize_splits

__all__ = [
    "PHANTOM",
    "SOURCES",
    "Source",
    "find_source",
    "is_phantom",
    "load_splits",
    "phantom_location",
    "splits_from_arrays",
    "splits_from_dataset",
]


@dataclass(frozen=True)
class Source:
    """One kind of data.

    Attributes:
        title: its name for people.
        takes: what to give as the location, for help and errors; its own name if empty.
        recognises: whether a location is of this kind; looks at names only and never raises. If
            None, the location is the source's own name in SOURCES.
        load: (location, image size) -> the data, read and checked, `hw3.own` helps with it. A
            loader whose images differ in size resizes them to the image size; the others may
            return the size they have, and what is not made of pixels stays as it is.
        named: whether `load` takes the names of the classes as a third argument, a sequence in the
            order of the labels: those of files or folders, or what labels are to be called.
        bibtex: entries of what is to be cited where the data are used.
    """

    title: str
    takes: str = ""
    recognises: Callable[[str], bool] | None = None
    _: KW_ONLY
    load: Callable[..., Splits]
    named: bool = False
    bibtex: str = ""


SOURCES = {
    PHANTOM: Source("Synthetic phantoms", phantom.TAKES, is_phantom, load=phantom.load_phantoms),
    "course": Source(
        "The course's arrays",
        course.TAKES,
        course.is_course_folder,
        load=course.load_course,
        named=True,
    ),
    "medmnist": Source(
        "MedMNIST",
        medmnist.TAKES,
        medmnist.is_medmnist,
        load=medmnist.load_medmnist,
        named=True,
        bibtex=medmnist.BIBTEX,
    ),
    "kaggle": Source(
        "Kaggle's chest X-rays",
        kaggle.TAKES,
        kaggle.is_kaggle_tree,
        load=kaggle.load_kaggle,
        bibtex=kaggle.BIBTEX,
    ),
    "folders": Source(
        "Folders of pictures",
        folders.TAKES,
        lambda location: folders.is_folder_tree(location) and not kaggle.is_kaggle_tree(location),
        load=folders.load_folders,
        named=True,
    ),
    "arrays": Source(
        "Arrays by class",
        course.ARRAYS_TAKE,
        course.is_array_folder,
        load=course.load_arrays,
        named=True,
    ),
}


def load_splits(location: str, image_size: int, classes: Sequence[str] = ()) -> Splits:
    """The data at `location`, checked, at `image_size` x `image_size` pixels where it is pixels.

    Args:
        location: "phantom" or "phantom:TRAIN,VAL,TEST", the path of a folder or an .npz file, a
            MedMNIST flag, or the name of a source that a study's file has added. A path that exists
            is never taken for a flag.
        image_size: side in pixels, from 1; families of models have rules of their own for it.
        classes: names of the classes' files or folders, or of the labels, in the order of the
            labels; the source's own if none are given.

    Raises:
        DataError: no source recognises the location, or the data cannot be used.
    """
    check_size(image_size)  # first, since reading can take a minute
    location = location if is_phantom(location) else os.path.expanduser(location)
    name = find_source(location)
    arguments = _class_arguments(location, SOURCES[name], classes)
    try:
        loaded = _load(location, SOURCES[name], image_size, *arguments)
        named = replace(loaded, source=name, location=loaded.location or location)
        return resize_splits(named, image_size)
    except MemoryError as error:  # of what images need besides themselves while they are made
        raise DataError(
            f"{location}: reading the images at {image_size}x{image_size} pixels takes more than "
            f"the {memory_here() / 1e9:.1f} GB of memory of this machine ({error}). Choose a "
            "smaller --image-size, or fewer images"
        ) from error


def _class_arguments(location: str, source: Source, classes: Sequence[str]) -> list[Any]:
    if not classes:
        return []
    if not source.named:
        takers = ", ".join(each.title for each in SOURCES.values() if each.named)
        raise DataError(
            f"{location}: --classes names the files, folders or labels of {takers}; "
            f"{source.title} have names of their own"
        )
    check_classes(f"{location}: --classes", classes)
    return [tuple(classes)]


def _load(location: str, source: Source, image_size: int, *classes: Any) -> Splits:
    """What the source gives; whatever somebody's own function raises is a DataError."""
    try:
        loaded = source.load(location, image_size, *classes)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        if source.load.__module__.partition(".")[0] == __package__:
            raise
        raise DataError(
            f"{location}: the function of the source {source.title} raised "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, Splits):
        raise DataError(
            f"{location}: the function of the source {source.title} must return Splits, as "
            f"hw3.data.splits_from_arrays makes them; got {type(loaded).__name__}"
        )
    return loaded


def find_source(location: str) -> str:
    """The name of the source that recognises `location`, a key of SOURCES.

    Raises:
        DataError: none does.
    """
    for name, source in SOURCES.items():
        if location == name if source.recognises is None else source.recognises(location):
            return name
    exists = os.path.exists(location)
    fact = "is none of them" if exists else "does not exist"
    if os.path.isdir(location) and not os.access(location, os.R_OK | os.X_OK):
        fact = "is a folder that you have no permission to read"
    own = [name for name, source in SOURCES.items() if source.recognises is None]
    near = difflib.get_close_matches(location, (PHANTOM, *own, *medmnist.FLAGS), n=1, cutoff=0.7)
    choices = "\n".join(
        f"  {source.title}: {source.takes or name}" for name, source in SOURCES.items()
    )
    raise DataError(
        f"data must come from one of the sources below, but {location!r} {fact}"
        f"{f' (did you mean {near[0]}?)' if near and not exists else ''}:\n{choices}\n"
        f"Check the path, or try --data {PHANTOM}, which needs no files."
    )
