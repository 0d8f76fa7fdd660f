"""Blank images: all of their pixels are equal, so that they are equal to each other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from hw3.splits import DataError, Split
from hw3.text import were


def blank_images(images: np.ndarray) -> np.ndarray:
    """bool (N,): whether all pixels of an image are equal."""
    flat = images.reshape(len(images), -1)
    return (flat == flat[:, :1]).all(axis=1)


@contextmanager
def blank_images_named(where: str, parts: Mapping[str, Split]) -> Iterator[None]:
    """In this context data is refused for images that are equal and must differ: where some are
    blank, that is what is said, for none of them is a copy of another.

    Raises:
        DataError: of the context, or that there are blank images.
    """
    try:
        yield
    except DataError:
        for name, part in parts.items():
            check_not_blank(f"{where} ({name})", part)
        raise


def check_not_blank(where: str, part: Split) -> None:
    """Raise DataError if an image of the part is blank."""
    rows = np.flatnonzero(blank_images(part.images)) if part.images.size else []
    if len(rows):
        raise DataError(
            f"{where}: each image must show something, but {were(len(rows), 'image')} found whose "
            f"pixels are all equal, the first is image {rows[0]}. Take such images out of the data"
        )
