"""Files of images, or of other examples, as a model takes them: as the data was that it learnt."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from hw3.files import open_regular
from hw3.shape import Shape
from hw3.sources import DAMAGE, read_array, unreadable
from hw3.splits import (
    COLOURS,
    DataError,
    check_images,
    check_inputs,
    check_memory,
    colours_first,
    resize_images,
)

GREYS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes of 8 bits at most
OUTSIDE = ("EPS", "WMF")  # formats that Pillow hands to other programs


def read_examples(path: str | Path, shape: Shape, dtype: str = "uint8") -> np.ndarray:
    """The examples of a file as data of this shape has them.

    Args:
        path: a picture or a .npy file, see `read_pictures`; of what is not made of pixels a .npy
            file of one example or several.
        dtype: the data's, "uint8" for pixels.

    Raises:
        DataError: the file is missing, unreadable, or holds other examples.
    """
    if dtype == "uint8":
        return read_pictures(path, shape.image_size, shape.channels == COLOURS)
    examples = read_array(Path(path))
    examples = examples[None] if examples.ndim == len(shape.inputs) else examples
    if examples.shape[1:] != shape.inputs:
        examples = colours_first(str(path), examples)
    if examples.shape[1:] != shape.inputs or examples.dtype != dtype:
        raise DataError(
            f"{path}: must hold {dtype} of shape (N, {', '.join(map(str, shape.inputs))}), as the "
            f"data was that the models learnt, got {examples.dtype} of shape {examples.shape}"
        )
    check_inputs(str(path), examples)
    return examples


def read_pictures(path: str | Path, size: int, colour: bool = False) -> np.ndarray:
    """The images of a file, resized as those of the data sources are.

    Args:
        path: a file of any format that Pillow reads by itself, or a .npy file of uint8, (H, W) or
            (N, H, W), or so with three colours.
        size: side in pixels.
        colour: whether they are wanted in colours; else they are made grey.

    Returns:
        uint8 (N, size, size), or (N, size, size, 3) in colours; N is 1 for a picture.

    Raises:
        DataError: the file is missing, unreadable, or holds no images of 8 bits.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        images = read_array(path)
        alone = images.ndim == 2 or (images.ndim == 3 and colour and images.shape[2] == COLOURS)
        images = images[None] if alone else images
        check_images(str(path), images)
        if images.ndim == 3 and colour:
            images = np.repeat(images[..., None], COLOURS, axis=3)
        if images.ndim == 4 and not colour:
            raise DataError(f"{path}: the models learnt grey images, got colours {images.shape}")
        check_memory(str(path), len(images), (size, size, *images.shape[3:]))
    else:
        images = _read_picture(path, size, "RGB" if colour else "L")[None]
    return images if images.shape[1:3] == (size, size) else resize_images(images, size)


def _read_picture(path: Path, size: int, wanted: str) -> np.ndarray:
    """uint8 (H, W), or (H, W, 3) where RGB is wanted."""
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
                image.draft(wanted, (2 * size, 2 * size))
                pixels = np.asarray(image.convert(wanted))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *DAMAGE) as error:
        raise unreadable(path, "a whole image", error) from error
    if mode not in GREYS:
        raise DataError(f"{path}: images must have 8 bits per channel, got Pillow's mode {mode}")
    return pixels
