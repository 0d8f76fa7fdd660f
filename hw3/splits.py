"""What every data source returns: images, labels and patients, split and checked."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

CLASSES = ("normal", "pneumonia")  # a label is an index into this


class DataError(ValueError):
    """Data that cannot be used; the message names the file or split, the rule and the fact."""


@dataclass(frozen=True)
class Split:
    """Images of one part of a data set.

    Attributes:
        images: uint8 (N, H, W), grey levels 0 to 255.
        labels: uint8 (N,), an index into CLASSES.
        patients: str (N,), one name for each image, or None where the source does not say.
    """

    images: np.ndarray
    labels: np.ndarray
    patients: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """Number of images in each class."""
        return {name: int((self.labels == label).sum()) for label, name in enumerate(CLASSES)}


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
        named = {"train": self.train, "val": self.val, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    def without_test(self) -> "Splits":
        """The same data with the test part locked away."""
        return replace(self, test=None)


def make_splits(source: str, location: str, train: Split, val: Split, test: Split | None) -> Splits:
    """Check the parts against the rules below and fingerprint them.

    Raises:
        DataError: an image is not uint8 (N, H, W), a label is not 0 or 1, a class is empty in a
            part, the parts differ in image size, or a patient or an image is in two parts.
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
        DataError: size is not a positive multiple of 8 (three 2x2 pools halve it three times).
    """
    check_image_size(size)
    if splits.train.images.shape[1:] == (size, size):
        return splits
    parts = {
        name: replace(part, images=resize_images(part.images, size))
        for name, part in splits.parts().items()
    }
    resized = replace(splits, **parts)
    return replace(resized, fingerprint=_fingerprint(resized))


def check_image_size(size: int) -> None:
    """Raise DataError unless three 2x2 pools divide `size`."""
    if size < 8 or size % 8:
        nearest = max(8, round(size / 8) * 8)
        raise DataError(
            f"image size must be a positive multiple of 8 (three 2x2 pools), got {size}; "
            f"the nearest is {nearest}"
        )


def resize_images(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 (N, H, W) -> uint8 (N, size, size)."""
    shrinks = images.shape[1] >= size and images.shape[2] >= size
    resample = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    resized = np.empty((len(images), size, size), np.uint8)
    for index, image in enumerate(images):
        resized[index] = Image.fromarray(image).resize((size, size), resample)
    return resized


def _check_part(where: str, part: Split) -> None:
    if part.images.dtype != np.uint8 or part.images.ndim != 3:
        raise DataError(
            f"{where}: images must be uint8 with shape (N, H, W), "
            f"got {part.images.dtype} {part.images.shape}"
        )
    if part.labels.shape != part.images.shape[:1]:
        raise DataError(
            f"{where}: there must be one label an image, "
            f"got {part.labels.shape} labels for {len(part.images)} images"
        )
    strange = sorted(set(np.unique(part.labels).tolist()) - {0, 1})
    if strange:
        raise DataError(f"{where}: labels must be 0 (normal) or 1 (pneumonia), got {strange}")
    empty = [name for name, count in part.counts().items() if not count]
    if empty:
        raise DataError(f"{where}: each class must have an image, {' and '.join(empty)} has none")


def _check_apart(splits: Splits) -> None:
    """No patient and no image may stand in two parts: it would be learnt, then scored."""
    seen_patients: dict[str, str] = {}
    seen_images: dict[bytes, str] = {}
    for name, part in splits.parts().items():
        patients = [] if part.patients is None else np.unique(part.patients).tolist()
        images = {hashlib.sha256(image.tobytes()).digest() for image in part.images}
        for kind, keys, seen in (
            ("patient", patients, seen_patients),
            ("image", images, seen_images),
        ):
            shared = [key for key in keys if key in seen]
            if shared:
                example = f", for example {shared[0]}" if kind == "patient" else ""
                raise DataError(
                    f"{splits.location}: no {kind} may be in two parts, "
                    f"{len(shared)} are in both {seen[shared[0]]} and {name}{example}"
                )
            seen.update(dict.fromkeys(keys, name))


def _fingerprint(splits: Splits) -> str:
    digest = hashlib.sha256()
    for name, part in splits.parts().items():
        digest.update(f"{name} {part.images.shape}".encode())
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels, dtype=np.uint8).data)
    return digest.hexdigest()[:20]
