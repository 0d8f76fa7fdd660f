"""Image files as a model takes them: grey, and of the size that its data had."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from hw3.files import open_regular
from hw3.sources import DAMAGE, read_array, unreadable
from hw3.splits import DataError, check_images, check_memory, resize_images

GREYS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes of 8 bits at most
OUTSIDE = ("EPS", "WMF")  # formats that Pillow hands to other programs


def read_pictures(path: str | Path, size: int) -> np.ndarray:
    """The images of a file, in grey and resized as those of the data sources are.

    Args:
        path: a file of any format that Pillow reads by itself, or a .npy file of uint8, (H, W) or
            (N, H, W).
        size: side in pixels.

    Returns:
        uint8 (N, size, size); N is 1 for a picture.

    Raises:
        DataError: the file is missing, unreadable, or holds no images of 8 bits.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        images = read_array(path)
        images = images[None] if images.ndim == 2 else images
        check_images(str(path), images)
        check_memory(str(path), len(images), (size, size))
    else:
        images = _read_picture(path, size)[None]
    return images if images.shape[1:] == (size, size) else resize_images(images, size)


def _read_picture(path: Path, size: int) -> np.ndarray:
    """uint8 (H, W)."""
    Image.init()
    formats = [name for name in Image.OPEN if name not in OUTSIDE]
    try:
        with warnings.catch_warnings(), open_regular(path) as file:
            warnings.simplefilter("ignore")  # of what is beside the pixels, such as EXIF data
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=formats) as image:
                mode = image.mode
                # As the sources read a JPEG: at a half or a quarter of its size where that is
                # still twice the wanted one.
                image.draft("L", (2 * size, 2 * size))
                grey = np.asarray(image.convert("L"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *DAMAGE) as error:
        raise unreadable(path, "a whole image", error) from error
    if mode not in GREYS:
        raise DataError(f"{path}: images must have 8 bits per channel, got Pillow's mode {mode}")
    return grey
