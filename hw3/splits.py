"""What every data source returns: images, labels and patients, in parts that were checked."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TypeVar

import numpy as np
from PIL import Image

from hw3.memory import memory_here

CLASSES = ("normal", "pneumonia")  # a label is an index into this
PARTS = ("train", "val", "test")  # of a data set; the last is locked until the end

Key = TypeVar("Key", str, bytes)


class DataError(ValueError):
    """Data that cannot be used; the message names the file or split, the rule and the fact."""


@dataclass(frozen=True)
class Split:
    """Images of one part of a data set.

    Attributes:
        images: uint8 (N, H, W), grey levels 0 to 255.
        labels: uint8 (N,), an index into CLASSES.
        patients: str (N,), one name per image, or None where the source does not say.
    """

    images: np.ndarray
    labels: np.ndarray
    patients: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """Number of images in each class."""
        return {name: int((self.labels == label).sum()) for label, name in enumerate(CLASSES)}

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
    """

    source: str
    location: str
    train: Split
    val: Split
    test: Split | None
    fingerprint: str

    @property
    def image_size(self) -> int:
        """Side of the square images in pixels."""
        return self.train.images.shape[1]

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


def make_splits(source: str, location: str, train: Split, val: Split, test: Split | None) -> Splits:
    """Check the parts against the rules below and fingerprint them.

    Raises:
        DataError: images are not uint8 (N, H, W), a label is not 0 or 1, a class is empty in a
            part, the parts differ in image size, an image has both labels, or a patient or an
            image is in two parts.
    """
    splits = Splits(source, location, train, val, test, fingerprint="")
    for name, part in splits.parts().items():
        _check_part(f"{location} ({name})", part)
    sizes = {part.images.shape[1:] for part in splits.parts().values()}
    if len(sizes) > 1:
        raise DataError(f"{location}: all parts must have one image size, got {sorted(sizes)}")
    _check_apart(splits)
    return replace(splits, fingerprint=_fingerprint(splits))


def resize_splits(splits: Splits, size: int) -> Splits:
    """The same data at `size` x `size` pixels; area averaging down, bicubic up.

    Raises:
        DataError: size is not a positive whole number, there is too little memory, or an image is
            in two parts, or in both classes, at this size.
    """
    check_size(size)
    if splits.train.images.shape[1:] == (size, size):
        return splits
    check_memory(splits.location, sum(map(len, splits.parts().values())), (size, size))
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
    """uint8 (N, H, W) -> uint8 (N, size, size)."""
    shrinks = images.shape[1] >= size and images.shape[2] >= size
    resample = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    resized = np.empty((len(images), size, size), np.uint8)
    for index, image in enumerate(images):
        resized[index] = np.asarray(Image.fromarray(image).resize((size, size), resample))
    return resized


def check_images(where: str, images: np.ndarray) -> None:
    """Raise DataError unless `images` is uint8 (N, H, W) with at least one pixel per image."""
    if images.dtype != np.uint8:
        raise DataError(
            f"{where}: images must be uint8, grey levels 0 to 255, got {_describe_values(images)}"
        )
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise DataError(
            f"{where}: images must be grey and flat, shape (N, H, W), got {images.shape}"
        )


def check_labels(where: str, labels: np.ndarray, count: int) -> None:
    """Raise DataError unless `labels` is (count,), of whole numbers, only 0 and 1."""
    if labels.shape != (count,):
        raise DataError(
            f"{where}: there must be one label per image, "
            f"got labels of shape {labels.shape} for {count} images"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(f"{where}: labels must be whole numbers, got {labels.dtype}")
    strange = sorted(set(np.unique(labels).tolist()) - {0, 1})
    if strange:
        some = ", ".join(map(str, strange[:5])) + (", ..." if len(strange) > 5 else "")
        raise DataError(f"{where}: labels must be 0 (normal) or 1 (pneumonia), got {some}")


def _describe_values(images: np.ndarray) -> str:
    if images.dtype.kind != "f" or not images.size:
        return str(images.dtype)
    missing = int(np.isnan(images).sum())
    if missing:
        return f"{images.dtype} with {missing} values that are NaN"
    return f"{images.dtype} from {images.min():g} to {images.max():g}"


def _check_part(where: str, part: Split) -> None:
    check_images(where, part.images)
    check_labels(where, part.labels, len(part.images))
    if part.patients is not None and part.patients.shape != part.labels.shape:
        raise DataError(
            f"{where}: there must be one patient per image, "
            f"got patients of shape {part.patients.shape} for {len(part)} images"
        )
    empty = [name for name, count in part.counts().items() if not count]
    if empty:
        raise DataError(
            f"{where}: each class must have an image, but {' and '.join(empty)} has none"
        )


def _check_apart(splits: Splits) -> None:
    """No patient and no image may be in two parts: models would be scored on what they learnt."""
    patients: dict[str, str] = {}
    images: dict[bytes, str] = {}
    for name, part in splits.parts().items():
        digests = digest_images(part.images)
        _check_one_label(f"{splits.location} ({name})", digests, part.labels)
        if part.patients is not None:
            _add_unseen(f"{splits.location}: no patient", part.patients.tolist(), patients, name)
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


def _check_one_label(where: str, digests: list[bytes], labels: np.ndarray) -> None:
    """No image may have both labels: a file was copied over another, or somebody disagreed."""
    first: dict[bytes, int] = {}
    for index, digest in enumerate(digests):
        other = first.setdefault(digest, index)
        if labels[other] != labels[index]:
            raise DataError(
                f"{where}: no image may be in both classes, image {other} "
                f"({CLASSES[labels[other]]}) and image {index} ({CLASSES[labels[index]]}) are equal"
            )


def _fingerprint(splits: Splits) -> str:
    digest = hashlib.sha256()
    for name, part in splits.parts().items():
        digest.update(f"{name} {part.images.shape}".encode())
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels, dtype=np.uint8).data)
    return digest.hexdigest()[:20]
