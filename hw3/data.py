"""The data sources: which one a location belongs to, and loading it as Splits."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass

from hw3.memory import memory_here
from hw3.sources import course, kaggle, medmnist, phantom
from hw3.sources.phantom import PHANTOM, is_phantom, phantom_location
from hw3.splits import DataError, Splits, check_size, resize_splits

__all__ = [
    "PHANTOM",
    "SOURCES",
    "Source",
    "find_source",
    "is_phantom",
    "load_splits",
    "phantom_location",
]


@dataclass(frozen=True)
class Source:
    """One kind of data.

    Attributes:
        title: its name for people.
        takes: what to give as the location, for help and errors.
        recognises: whether a location is of this kind; looks at names only and never raises.
        load: (location, image size) -> the data, read and checked. A loader whose images differ
            in size resizes them to the image size; the others may return the size they have.
    """

    title: str
    takes: str
    recognises: Callable[[str], bool]
    load: Callable[[str, int], Splits]


SOURCES = {
    PHANTOM: Source("Synthetic phantoms", phantom.TAKES, is_phantom, phantom.load_phantoms),
    "course": Source(
        "The course's arrays", course.TAKES, course.is_course_folder, course.load_course
    ),
    "medmnist": Source("MedMNIST", medmnist.TAKES, medmnist.is_medmnist, medmnist.load_medmnist),
    "kaggle": Source(
        "Kaggle's chest X-rays", kaggle.TAKES, kaggle.is_kaggle_tree, kaggle.load_kaggle
    ),
}


def load_splits(location: str, image_size: int) -> Splits:
    """The data at `location`, checked, at `image_size` x `image_size` pixels.

    Args:
        location: "phantom" or "phantom:TRAIN,VAL,TEST", the path of a folder or an .npz file, or
            a MedMNIST flag. A path that exists is never taken for a flag.
        image_size: side in pixels, from 1; models need a multiple of 8.

    Raises:
        DataError: no source recognises the location, or the data cannot be used.
    """
    check_size(image_size)  # first, since reading can take a minute
    location = location if is_phantom(location) else os.path.expanduser(location)
    source = SOURCES[find_source(location)]
    try:
        return resize_splits(source.load(location, image_size), image_size)
    except MemoryError as error:  # of what images need besides themselves while they are made
        raise DataError(
            f"{location}: reading the images at {image_size}x{image_size} pixels takes more than "
            f"the {memory_here() / 1e9:.1f} GB of memory of this machine ({error}). Choose a "
            "smaller --image-size, or fewer images"
        ) from error


def find_source(location: str) -> str:
    """The name of the source that recognises `location`, a key of SOURCES.

    Raises:
        DataError: none does.
    """
    for name, source in SOURCES.items():
        if source.recognises(location):
            return name
    exists = os.path.exists(location)
    fact = "is none of them" if exists else "does not exist"
    if os.path.isdir(location) and not os.access(location, os.R_OK | os.X_OK):
        fact = "is a folder that you have no permission to read"
    near = difflib.get_close_matches(location, (PHANTOM, *medmnist.FLAGS), n=1, cutoff=0.7)
    choices = "\n".join(f"  {source.title}: {source.takes}" for source in SOURCES.values())
    raise DataError(
        f"data must come from one of the sources below, but {location!r} {fact}"
        f"{f' (did you mean {near[0]}?)' if near and not exists else ''}:\n{choices}\n"
        f"Check the path, or try --data {PHANTOM}, which needs no files."
    )
