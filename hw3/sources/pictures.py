"""Pictures in folders, one folder for each class: found, decoded and resized."""

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from hw3.files import open_regular
from hw3.sources import DAMAGE, unreadable
from hw3.splits import COLOURS, DataError, check_memory, resize_images

SUFFIXES = (".jpeg", ".jpg", ".png")
# What such a file may hold, whatever its name says: Pillow hands other formats to other programs.
FORMATS = ("JPEG", "PNG")
SYSTEM_FILES = ("thumbs.db", "desktop.ini")  # beside those that start with a dot
EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes, at most


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in a class's folder, by file name.

    Raises:
        DataError: it has none, or holds something else.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not _is_system_file(path.name))
    except OSError as error:
        raise unreadable(folder, "a folder of images", error) from error
    if not paths:
        raise DataError(f"{folder}: each class must have an image, the folder is empty")
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise DataError(
                f"{path}: each file must be an image ({', '.join(SUFFIXES)}), "
                f"got {'a folder' if path.is_dir() else path.suffix or 'no suffix'}; move it away"
            )
    return paths


def list_folders(folder: Path) -> list[str]:
    """Names of the folders in a folder, in their order; empty where it cannot be read."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and _is_shown(path))
    except (OSError, ValueError):  # a name that no file can have
        return []


def holds_pictures(folder: Path) -> bool:
    """Whether a picture lies in the folder itself."""
    try:
        return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
    except (OSError, ValueError):
        return False


def read_pictures(where: str, paths: Sequence[Path], size: int, colour: bool) -> np.ndarray:
    """The pictures at `size` x `size` pixels, resized one by one.

    Args:
        where: for errors.
        colour: whether colours stay. Where no picture has any, all are grey.

    Returns:
        uint8 (N, size, size), or (N, size, size, 3).

    Raises:
        DataError: one cannot be read or has more than 8 bits, or memory is too small for all.
    """
    check_memory(where, len(paths), (size, size, COLOURS) if colour else (size, size))
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # of what is beside the pixels, such as EXIF data
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # Pillow decodes outside the interpreter lock.
        images = list(pool.map(partial(_read_picture, size=size, colour=colour), paths))
    if any(image.ndim == 3 for image in images):
        images = [_in_colours(image) for image in images]
    return np.stack(images)


def _in_colours(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 3 else np.repeat(image[..., None], COLOURS, axis=2)


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".")


def _is_system_file(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def _read_picture(path: Path, size: int, colour: bool) -> np.ndarray:
    """uint8 (size, size), or (size, size, 3) of a picture in colours."""
    try:
        with open_regular(path) as file, Image.open(file, formats=FORMATS) as image:
            mode = image.mode
            colour = colour and mode not in ("1", "L", "LA")
            # A JPEG decodes faster at half or a quarter of its size; twice the wanted size is
            # left for our own averaging.
            image.draft("RGB" if colour else "L", (2 * size, 2 * size))
            pixels = np.asarray(image.convert("RGB" if colour else "L"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *DAMAGE) as error:
        raise unreadable(path, "a whole image", error) from error
    if mode not in EIGHT_BITS:
        raise DataError(f"{path}: images must have 8 bits per channel, got Pillow's mode {mode}")
    if colour and (pixels == pixels[..., :1]).all():  # grey, stored in three equal channels
        pixels = pixels[..., 0]
    return resize_images(pixels[None], size)[0]
