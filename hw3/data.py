"""Where images come from: the list of sources, and the way from a location to Splits."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass

from hw3.phantom import make_phantoms
from hw3.sources import Request, course, kaggle, medmnist
from hw3.splits import DataError, Splits, check_image_size, resize_splits

PHANTOM = "phantom"


@dataclass(frozen=True)
class Source:
    """One kind of data.

    Attributes:
        title: its name for people.
        takes: what to give as the location, for help and errors.
        recognises: whether a location is of this kind; looks at names only and never raises.
        load: reads and checks the data.
    """

    title: str
    takes: str
    recognises: Callable[[str], bool]
    load: Callable[[Request], Splits]


def _is_phantom(location: str) -> bool:
    return location == PHANTOM


def _load_phantoms(request: Request) -> Splits:
    return make_phantoms(request.image_size, request.phantoms, request.phantom_seed)


SOURCES = {
    PHANTOM: Source("Synthetic phantoms", f'the word "{PHANTOM}"', _is_phantom, _load_phantoms),
    "course": Source(
        "The course's arrays", course.TAKES, course.is_course_folder, course.load_course
    ),
    "medmnist": Source("MedMNIST", medmnist.TAKES, medmnist.is_medmnist, medmnist.load_medmnist),
    "kaggle": Source(
        "Kaggle's chest X-rays", kaggle.TAKES, kaggle.is_kaggle_tree, kaggle.load_kaggle
    ),
}


def load_splits(
    location: str,
    image_size: int,
    phantoms: tuple[int, int, int] = (400, 100, 200),
    phantom_seed: int = 0,
) -> Splits:
    """The data at `location`, checked, at `image_size` x `image_size` pixels.

    Args:
        location: "phantom", the path of a folder or an .npz file, or a MedMNIST flag. A path that
            exists is never taken for a flag.
        image_size: side in pixels, a multiple of 8.
        phantoms: images in each class of the phantoms' train, val and test parts.
        phantom_seed: seed of the phantoms.

    Raises:
        DataError: no source recognises the location, or the data cannot be used.
    """
    check_image_size(image_size)  # first, for reading can take a minute
    location = location if location == PHANTOM else os.path.expanduser(location)
    source = SOURCES[find_source(location)]
    splits = source.load(Request(location, image_size, phantoms, phantom_seed))
    return resize_splits(splits, image_size)


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
        fact = "may not be read by you"
    near = difflib.get_close_matches(location, (PHANTOM, *medmnist.FLAGS), n=1)
    choices = "\n".join(f"  {source.title}: {source.takes}" for source in SOURCES.values())
    raise DataError(
        f"data must come from one of the sources below, but {location!r} {fact}"
        f"{f' (did you mean {near[0]}?)' if near and not exists else ''}:\n{choices}\n"
        f"Check the path, or try --data {PHANTOM}, which needs no files."
    )
