"""Synthetic phantoms as a data source: the location says how many to draw."""

import re

from hw3.phantom import make_phantoms
from hw3.splits import CLASSES, PARTS, DataError, Splits, check_memory

PHANTOM = "phantom"
SEED = 0  # of every data set of this source
DEFAULT_COUNTS = (400, 100, 200)  # images per class in train, val and test
MAX_COUNT = 100_000  # images per class; more would hardly fit in memory
COUNTS = re.compile("[0-9]{1,9}(,[0-9]{1,9}){2}")
EXAMPLE = f"{PHANTOM}:400,200,200"
TAKES = f'"{PHANTOM}", or "{PHANTOM}:TRAIN,VAL,TEST" with images per class, such as {EXAMPLE}'


def is_phantom(location: str) -> bool:
    """Whether `location` means phantoms: the word alone, or the word and a colon."""
    return location.partition(":")[0] == PHANTOM


def phantom_location(counts: tuple[int, int, int]) -> str:
    """The location of phantoms with `counts` images per class in train, val and test."""
    return f"{PHANTOM}:{','.join(map(str, counts))}"


def load_phantoms(location: str, image_size: int) -> Splits:
    """Draw the phantoms at `image_size` x `image_size` pixels; see `hw3.phantom`.

    Raises:
        DataError: what is after the colon is not three counts in range, or there is too little
            memory.
    """
    counts = _read_counts(location)
    check_memory(location, len(CLASSES) * sum(counts), (image_size, image_size))
    return make_phantoms(image_size, counts, SEED)


def _read_counts(location: str) -> tuple[int, int, int]:
    if location == PHANTOM:
        return DEFAULT_COUNTS
    given = location.removeprefix(f"{PHANTOM}:")
    counts = [int(text) for text in given.split(",")] if COUNTS.fullmatch(given) else []
    if not counts or min(counts) < 1 or max(counts) > MAX_COUNT:
        raise DataError(
            f"{PHANTOM}: after the colon there must be the images per class of {', '.join(PARTS)}, "
            f"three numbers from 1 to {MAX_COUNT}, got {given!r}; for example {EXAMPLE}"
        )
    train, val, test = counts
    return train, val, test
