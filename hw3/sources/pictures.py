"""Pictures in folders, one folder for each class: found, decoded and resized."""

import os
import warnings
from collections.abc import Iterable, Sequence
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
# Beside those that start with a dot. Windows, Synology and zip archives of macOS leave them.
SYSTEM_FILES = (
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
    *("@eadir", "__macosx"),
)
# Of files that are no pictures. Any other may be one of a format that is not read, or a folder of
# pictures: a data set without them would be another one than is meant.
NOTES = (
    *(".txt", ".md", ".rst", ".log", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".ini"),
    *(".html", ".pdf", ".doc", ".docx", ".xlsx", ".py", ".sh", ".db"),
)
NAMED = 3  # of the files that are left out
EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes, at most


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in a class's folder, by file name; what systems and people leave beside them is
    passed over, see `notes_among`.

    Raises:
        DataError: it has none, or holds something else.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not _is_passed_over(path))
    except OSError as error:
        raise unreadable(folder, "a folder of images", error) from error
    if not paths:
        raise DataError(f"{folder}: each class must have an image, the folder has none")
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise DataError(
                f"{path}: each file must be an image ({', '.join(SUFFIXES)}), "
                f"got {'a folder' if path.is_dir() else path.suffix or 'no suffix'}; move it away"
            )
    return paths


def notes_among(folders: Iterable[Path]) -> str:
    """Which files that are no pictures were passed over, for the location of the data; empty where
    there are none, and of those that no person has made."""
    names = sorted(
        str(path.relative_to(folder.parent))
        for folder in folders
        for path in folder.iterdir()
        if _is_passed_over(path) and not _is_system_file(path.name)
    )
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" (no pictures, left out: {', '.join(names[:NAMED])}{more})" if names else ""


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
    return not _is_system_file(path.name)


def _is_system_file(name: str) -> bool:
    # Windows' streams come with the name of their file: Thumbs.db:encryptable
    return name.startswith(".") or name.lower().partition(":")[0] in SYSTEM_FILES


def _is_passed_over(path: Path) -> bool:
    if _is_system_file(path.name):
        return True
    return path.suffix.lower() in NOTES and path.is_file()


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
