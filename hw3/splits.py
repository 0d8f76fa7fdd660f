"""What every data source returns: examples, labels and patients, in parts that were checked.

Most data sets are of images, after which the examples are named here; they may be anything else.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TypeVar

import numpy as np
from PIL import Image

from hw3.memory import memory_here
from hw3.shape import Shape

CLASSES = ("normal", "pneumonia")  # of the homework's sources; a label is an index into this
MAX_CLASSES = 1000
COLOURS = 3
PARTS = ("train", "val", "test")  # of a data set; the last is locked until the end

Key = TypeVar("Key", str, bytes)


class DataError(ValueError):
    """Data that cannot be used; the message names the file or split, the rule and the fact."""


@dataclass(frozen=True)
class Split:
    """Examples of one part of a data set.

    Attributes:
        images: uint8 (N, H, W), grey levels 0 to 255, or (N, H, W, 3), colours; or examples that a
            model takes as they are: float32 (N, ...), or int64 (N, ...) such as the ids of tokens.
        labels: whole numbers (N,), an index into the classes of the data set.
        patients: str (N,), one name per image, or None where the source does not say. A patient is
            whoever several examples are of: all of them must be in one part.
    """

    images: np.ndarray
    labels: np.ndarray
    patients: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: Sequence[str] = CLASSES) -> dict[str, int]:
        """Number of images in each class."""
        return {name: int((self.labels == label).sum()) for label, name in enumerate(classes)}

    @property
    def is_pixels(self) -> bool:
        """Whether the examples are images of pixels, which can be resized."""
        return self.images.dtype == np.uint8

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape in which a model takes one example; of pixels (channels, height, width)."""
        shape = self.images.shape[1:]
        return (*(shape[2:] or (1,)), *shape[:2]) if self.is_pixels else shape

    def take(self, rows: np.ndarray | slice) -> "Split":
        """The images at `rows`: indices, a bool mask (N,), or a slice."""
        patients = None if self.patients is None else self.patients[rows]
        return Split(self.images[rows], self.labels[rows], patients)


@dataclass(frozen=True)
class Splits:
    """A data set: training and validation, and a locked test part where the source has one.

    Attributes:
        source: the name of the data source, a key of `hw3.data.SOURCES`.
        location: where it was read from, for the report.
        fingerprint: hash of every image and label, hexadecimal.
        classes: their names, in the order of the labels.
    """

    source: str
    location: str
    train: Split
    val: Split
    test: Split | None
    fingerprint: str
    classes: tuple[str, ...] = CLASSES

    @property
    def shape(self) -> Shape:
        """What a model takes and gives."""
        whole = self.train.images.dtype == np.int64
        return Shape(self.train.inputs, len(self.classes), whole)

    @property
    def image_size(self) -> int:
        """Side of the images in pixels; 0 where examples are no images."""
        return self.shape.image_size

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by part and class."""
        return {name: part.counts(self.classes) for name, part in self.parts().items()}

    def parts(self) -> dict[str, Split]:
        """The parts that exist, by name: train, val and perhaps test."""
        named = zip(PARTS, (self.train, self.val, self.test), strict=True)
        return {name: part for name, part in named if part is not None}

    def without_test(self) -> "Splits":
        """The same data with the test part locked away."""
        return replace(self, test=None)


def join_splits(parts: Sequence[Split]) -> Split:
    """The images of all `parts`, in order; patients are known only where every part knows them."""
    patients = [part.patients for part in parts if part.patients is not None]
    return Split(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate(patients) if len(patients) == len(parts) else None,
    )


def digest_images(images: np.ndarray) -> list[bytes]:
    """One hash per image, equal where the pixels are."""
    return [hashlib.sha256(image.tobytes()).digest() for image in images]


def make_splits(
    source: str,
    location: str,
    train: Split,
    val: Split,
    test: Split | None,
    classes: Sequence[str] = CLASSES,
) -> Splits:
    """Check the parts against the rules below and fingerprint them.

    Raises:
        DataError: examples are not as `Split` says, a label is none of a class, a class is empty in
            a part, the parts differ in shape or type, an image has two labels, or a patient or an
            image is in two parts. Examples that are no images may be equal by chance, and may
            differ in their labels then.
    """
    check_classes(location, classes)
    splits = Splits(source, location, train, val, test, "", tuple(classes))
    for name, part in splits.parts().items():
        _check_part(f"{location} ({name})", part, splits.classes)
    kinds = {(part.images.shape[1:], str(part.images.dtype)) for part in splits.parts().values()}
    if len(kinds) > 1:
        found = " and ".join(f"{shape} of {dtype}" for shape, dtype in sorted(kinds))
        raise DataError(f"{location}: all parts must have one image size and type, got {found}")
    _check_apart(splits)
    return replace(splits, fingerprint=_fingerprint(splits))


def resize_splits(splits: Splits, size: int) -> Splits:
    """The same data at `size` x `size` pixels; area averaging down, bicubic up. What is not made of
    pixels stays as it is.

    Raises:
        DataError: size is not a positive whole number, there is too little memory, or an image is
            in two parts, or in both classes, at this size.
    """
    check_size(size)
    if not splits.train.is_pixels or splits.train.images.shape[1:3] == (size, size):
        return splits
    shape = (size, size, *splits.train.images.shape[3:])
    check_memory(splits.location, sum(map(len, splits.parts().values())), shape)
    parts = {
        name: replace(part, images=resize_images(part.images, size))
        for name, part in splits.parts().items()
    }
    resized = replace(splits, **parts)
    # images that differed in details only may be equal now
    _check_apart(replace(resized, location=f"{splits.location} at {size}x{size} pixels"))
    return replace(resized, fingerprint=_fingerprint(resized))


def check_size(size: int) -> None:
    """Raise DataError unless images can have `size` x `size` pixels."""
    if not isinstance(size, Integral) or size < 1:
        raise DataError(f"image size must be a whole number of pixels from 1, got {size!r}")


def check_memory(where: str, count: int, shape: tuple[int, ...], itemsize: int = 1) -> None:
    """Raise DataError unless the memory here is enough for reading `count` images, before any of
    it is taken; joining, sorting and resizing them takes as much again.

    Args:
        shape: of one image.
        itemsize: bytes of a pixel.
    """
    size, memory = count * math.prod(shape) * itemsize, memory_here()
    if 2 * size > memory:
        raise DataError(
            f"{where}: {count} images of {'x'.join(map(str, shape))} pixels take "
            f"{size / 1e9:.1f} GB, and as much again while they are read, but this machine has "
            f"{memory / 1e9:.1f} GB of memory. Choose a smaller --image-size, or fewer images"
        )


def resize_images(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 (N, H, W) -> uint8 (N, size, size), and so in colours."""
    shrinks = images.shape[1] >= size and images.shape[2] >= size
    resample = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    resized = np.empty((len(images), size, size, *images.shape[3:]), np.uint8)
    for index, image in enumerate(images):
        resized[index] = np.asarray(Image.fromarray(image).resize((size, size), resample))
    return resized


def check_images(where: str, images: np.ndarray) -> None:
    """Raise DataError unless `images` is uint8, (N, H, W) or (N, H, W, 3), with at least one pixel
    per image."""
    if images.dtype != np.uint8:
        raise DataError(
            f"{where}: images must be uint8, grey levels 0 to 255, got {_describe_values(images)}"
        )
    flat = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == COLOURS)
    if not flat or 0 in images.shape[1:]:
        raise DataError(
            f"{where}: images must be flat, grey of shape (N, H, W) or in colours of shape "
            f"(N, H, W, {COLOURS}), got {images.shape}; uint8 is for pixels alone"
        )


def colours_first(where: str, inputs: np.ndarray) -> np.ndarray:
    """Pictures of float32 whose colours stand last, (N, S, S, 1 or 3), as models take them,
    (N, 1 or 3, S, S); anything else as it is.

    Raises:
        DataError: the last length is 3 and the others differ, (N, H, W, 3): that may be pictures,
            or anything else of three numbers.
    """
    is_last = inputs.ndim == 4 and inputs.shape[3] in (1, COLOURS) and inputs.dtype == np.float32
    if not is_last or inputs.shape[1] in (1, COLOURS):
        return inputs
    if inputs.shape[1] == inputs.shape[2]:
        return np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))
    if inputs.shape[3] == 1:
        return inputs
    _, height, width, _ = inputs.shape
    raise DataError(
        f"{where}: float32 of shape (N, {height}, {width}, {COLOURS}) may be pictures or not; give "
        f"pictures with their colours first, (N, {COLOURS}, {height}, {width}), or as uint8, and "
        f"anything else with one more length, (N, 1, {height}, {width}, {COLOURS})"
    )


def check_inputs(where: str, inputs: np.ndarray) -> None:
    """Raise DataError unless `inputs` is as `Split.images` says."""
    if inputs.dtype == np.uint8:
        check_images(where, inputs)
        return
    if inputs.dtype not in (np.float32, np.int64):
        raise DataError(
            f"{where}: examples must be uint8 images, float32 numbers or int64 ids, "
            f"got {_describe_values(inputs)}"
        )
    if inputs.ndim < 2 or 0 in inputs.shape[1:]:
        raise DataError(
            f"{where}: examples must have a shape, (N, features) for example, got {inputs.shape}"
        )
    if inputs.dtype == np.float32 and not np.isfinite(inputs).all():
        rows = np.flatnonzero(~np.isfinite(inputs.reshape(len(inputs), -1)).all(axis=1))
        raise DataError(
            f"{where}: numbers must be finite, but {len(rows)} examples hold NaN or infinity, the "
            f"first is example {rows[0]}"
        )


def check_labels(
    where: str, labels: np.ndarray, count: int, classes: Sequence[str] = CLASSES
) -> None:
    """Raise DataError unless `labels` is (count,), of whole numbers, each that of a class."""
    if labels.shape != (count,):
        raise DataError(
            f"{where}: there must be one label per image, "
            f"got labels of shape {labels.shape} for {count} images"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(f"{where}: labels must be whole numbers, got {labels.dtype}")
    strange = sorted(set(np.unique(labels).tolist()) - set(range(len(classes))))
    if strange:
        some = ", ".join(map(str, strange[:5])) + (", ..." if len(strange) > 5 else "")
        raise DataError(f"{where}: labels must be {_name_labels(classes)}, got {some}")


def _name_labels(classes: Sequence[str]) -> str:
    if len(classes) > 4:
        return f"from 0 ({classes[0]}) to {len(classes) - 1} ({classes[-1]})"
    *others, last = (f"{label} ({name})" for label, name in enumerate(classes))
    return f"{', '.join(others)} or {last}"


def check_classes(where: str, classes: Sequence[str]) -> None:
    """Raise DataError unless these are two or more different names."""
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DataError(
            f"{where}: there must be 2 to {MAX_CLASSES} classes, got {', '.join(classes) or 'none'}"
        )
    if len(set(classes)) < len(classes) or not all(classes):
        raise DataError(
            f"{where}: each class must have a name of its own, got {', '.join(map(repr, classes))}"
        )


def _describe_values(images: np.ndarray) -> str:
    if images.dtype.kind != "f" or not images.size:
        return str(images.dtype)
    missing = int(np.isnan(images).sum())
    if missing:
        return f"{images.dtype} with {missing} values that are NaN"
    return f"{images.dtype} from {images.min():g} to {images.max():g}"


def _check_part(where: str, part: Split, classes: Sequence[str]) -> None:
    check_inputs(where, part.images)
    check_labels(where, part.labels, len(part.images), classes)
    if part.patients is not None and part.patients.shape != part.labels.shape:
        raise DataError(
            f"{where}: there must be one patient per image, "
            f"got patients of shape {part.patients.shape} for {len(part)} images"
        )
    empty = [name for name, count in part.counts(classes).items() if not count]
    if empty:
        raise DataError(
            f"{where}: each class must have an image, but {' and '.join(empty)} has none"
        )


def _check_apart(splits: Splits) -> None:
    """No patient and no image may be in two parts: models would be scored on what they learnt."""
    patients: dict[str, str] = {}
    images: dict[bytes, str] = {}
    for name, part in splits.parts().items():
        if part.patients is not None:
            _add_unseen(f"{splits.location}: no patient", part.patients.tolist(), patients, name)
        if splits.shape.is_image:
            digests = digest_images(part.images)
            where = f"{splits.location} ({name})"
            _check_one_label(where, digests, part.labels, splits.classes)
            _add_unseen(f"{splits.location}: no image", digests, images, name)


def _add_unseen(rule: str, keys: Sequence[Key], seen: dict[Key, str], name: str) -> None:
    """Add `keys`, which are in the part `name`, to `seen`; none may be in it already."""
    shared = sorted({key for key in keys if key in seen})
    if shared:
        example = f", for example {shared[0]}" if isinstance(shared[0], str) else ""
        raise DataError(
            f"{rule} may be in two parts, {len(shared)} in {name} also in "
            f"{seen[shared[0]]}{example}"
        )
    seen.update(dict.fromkeys(keys, name))


def _check_one_label(
    where: str, digests: list[bytes], labels: np.ndarray, classes: Sequence[str]
) -> None:
    """No image may have two labels: a file was copied over another, or somebody disagreed."""
    first: dict[bytes, int] = {}
    for index, digest in enumerate(digests):
        other = first.setdefault(digest, index)
        if labels[other] != labels[index]:
            raise DataError(
                f"{where}: no image may be in {'both' if len(classes) == 2 else 'two'} classes, "
                f"image {other} "
                f"({classes[labels[other]]}) and image {index} ({classes[labels[index]]}) are equal"
            )


def _fingerprint(splits: Splits) -> str:
    digest = hashlib.sha256()
    number = np.uint8 if len(splits.classes) <= 256 else np.uint16
    for name, part in splits.parts().items():
        kind = "" if part.is_pixels else f" {part.images.dtype}"
        digest.update(f"{name} {part.images.shape}{kind}".encode())
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels, dtype=number).data)
    return digest.hexdigest()[:20]
