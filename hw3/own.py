"""Data of one's own: plain arrays, or a PyTorch data set, as parts that were checked.

A study's file makes a data source of it:

    def load(location, image_size):
        return splits_from_arrays(inputs, labels, classes=("cat", "dog", "fox"))

    SOURCES["animals"] = Source("Animals", load=load)
"""

from collections.abc import Sequence, Sized
from typing import Any, cast

import numpy as np

from hw3.blank import blank_images_named
from hw3.resampling import draw_groups, join_links
from hw3.seeds import derive_seed
from hw3.splits import (
    COLOURS,
    DataError,
    Split,
    Splits,
    check_inputs,
    colours_first,
    digest_images,
    make_splits,
)

OWN = "own"  # what a data set is called that no source has named


def splits_from_arrays(
    inputs: Any,
    labels: Any,
    classes: Sequence[str] | None = None,
    patients: Any = None,
    *,
    test: tuple[Any, ...] | None = None,
    val_share: float = 0.2,
    test_share: float = 0.2,
    seed: int = 0,
    location: str = "",
) -> Splits:
    """The examples in parts, split at random: each class in the same shares, the examples of a
    patient in one part, and equal ones as well.

    Args:
        inputs: (N, ...). uint8 is for images, (N, H, W), (N, H, W, 3) or (N, 1 or 3, H, W), which
            may be resized; whatever else a model takes as it is: floats become float32, whole
            numbers int64. Floats of shape (N, S, S, 1 or 3) are pictures, too, and get their
            colours first.
        labels: (N,), from 0, or the names of the classes.
        classes: names in the order of the labels; if None, the labels' own in their order.
        patients: (N,), whom each example is of; None where it does not matter.
        test: a test part of its own, (inputs, labels) or (inputs, labels, patients); if None, it is
            drawn as well.
        val_share: share of all examples for validation, above 0.
        test_share: for the test part, 0 for none; not used where `test` is given.
        seed: of the draw, from 0.
        location: where the data is from, for reports; the source's location if empty.

    Raises:
        DataError: see `hw3.splits.make_splits`; or a class has too few examples, or too few
            patients, for all parts.
    """
    where = location or OWN
    names, numbers = _number_labels(where, labels, classes)
    train = _make_split(where, inputs, numbers, patients)
    held: Split | None = None
    if test is not None:
        own_inputs, own_labels, own_patients = (*test, None)[:3]
        _, own_numbers = _number_labels(f"{where} (test)", own_labels, names)
        held = _make_split(f"{where} (test)", own_inputs, own_numbers, own_patients)
    elif test_share > 0:
        train, held = hold_out(where, train, test_share, names, "test", seed)
        val_share = val_share / (1 - test_share)
    train, val = hold_out(where, train, val_share, names, "val", seed)
    parts = {"train": train, "val": val} | ({} if held is None else {"test": held})
    with blank_images_named(location, parts):
        return make_splits(OWN, location, train, val, held, names)


def splits_from_dataset(
    dataset: Any, classes: Sequence[str] | None = None, *, test: Any = None, **options: Any
) -> Splits:
    """The examples of a `torch.utils.data.Dataset`, or of any other sequence of (input, label).

    Args:
        classes: as `splits_from_arrays` takes them; the data set's own if None and it has some.
        test: another data set, the test part; if None, it is drawn.
        options: more of `splits_from_arrays`.

    Raises:
        DataError: the examples differ in shape, or as `splits_from_arrays`.
    """
    where = options.get("location") or OWN
    inputs, labels = _collect(where, dataset)
    classes = classes or getattr(dataset, "classes", None)
    held = None if test is None else _collect(f"{where} (test)", test)
    return splits_from_arrays(inputs, labels, classes, test=held, **options)


def hold_out(
    where: str, part: Split, share: float, classes: Sequence[str], name: str, seed: int = 0
) -> tuple[Split, Split]:
    """The part without what is held out, and that: of each class this share, at least one example.

    Args:
        where: for errors.
        share: above 0, below 1.
        classes: their names.
        name: of the part that is held out.

    Raises:
        DataError: that would leave a part without a class.
    """
    if not 0 < share < 1:
        raise DataError(f"{where}: the share of {name} must be above 0 and below 1, got {share:g}")
    people = part.patients if part.patients is not None else np.arange(len(part))
    equal = [digest.hex() for digest in digest_images(part.images)]
    labels = part.labels.astype(np.int64)
    counts = np.bincount(labels, minlength=len(classes))
    room = np.maximum(1, np.round(share * counts).astype(int))
    drawn = draw_groups(labels, join_links(people, equal), room, derive_seed(seed, "part", name))
    for side, rows in ((name, drawn), ("the rest", ~drawn)):
        empty = np.setdiff1d(np.arange(len(classes)), labels[rows])
        if empty.size:
            raise DataError(
                f"{where}: each class needs examples in every part, and those of a patient, or "
                f"equal ones, stay together; {classes[empty[0]]} has none left for {side} of its "
                f"{counts[empty[0]]}. Give more of it, or choose another share or seed"
            )
    return part.take(~drawn), part.take(drawn)


def _number_labels(
    where: str, labels: Any, classes: Sequence[str] | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes' names, and the labels as indices into them."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind in "OUS":
        labels = labels.astype(str)
        names = tuple(classes or np.unique(labels).tolist())
        strange = sorted(set(labels.tolist()) - set(names))
        if strange:
            raise DataError(
                f"{where}: labels must be one of {', '.join(names)}, got {', '.join(strange[:5])}"
            )
        return names, np.array([names.index(label) for label in labels.tolist()])
    if classes is None:
        values, labels = np.unique(labels, return_inverse=True)
        classes = [str(value) for value in values.tolist()]
    return tuple(classes), labels


def _make_split(where: str, inputs: Any, labels: np.ndarray, patients: Any) -> Split:
    images = colours_first(where, _as_inputs(np.asarray(inputs)))
    check_inputs(where, images)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{where}: there must be one whole label per example, got {labels.dtype} of shape "
            f"{labels.shape} for {len(images)} examples"
        )
    if patients is not None:
        patients = np.asarray(patients).astype(str)
        if patients.shape != labels.shape:
            raise DataError(
                f"{where}: there must be one patient per example, got patients of shape "
                f"{patients.shape} for {len(images)} examples"
            )
    if labels.size and labels.min() < 0:
        raise DataError(f"{where}: labels must be from 0, got {labels.min()}")
    return Split(
        images, labels.astype(np.uint8 if labels.max(initial=0) < 256 else np.uint16), patients
    )


def _as_inputs(inputs: np.ndarray) -> np.ndarray:
    """In a type that a model takes; pixels with their colours last."""
    if inputs.dtype == np.uint8:
        if inputs.ndim == 4 and inputs.shape[1] in (1, COLOURS) and inputs.shape[3] > COLOURS:
            inputs = inputs.transpose(0, 2, 3, 1)
        grey = inputs.ndim == 4 and inputs.shape[3] == 1
        return np.ascontiguousarray(inputs[..., 0] if grey else inputs)
    if inputs.dtype.kind in "iu":
        return inputs.astype(np.int64)
    return inputs.astype(np.float32) if inputs.dtype.kind in "fb" else inputs


def _collect(where: str, dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """All examples and labels, one after the other."""
    inputs, labels = [], []
    for index in range(len(cast(Sized, dataset))):
        example, label = dataset[index]
        inputs.append(np.asarray(example))
        labels.append(np.asarray(label).item())
    shapes = {one.shape for one in inputs}
    if len(shapes) != 1:
        raise DataError(
            f"{where}: a data set's examples must be of one shape, got "
            f"{', '.join(map(str, sorted(shapes)[:3])) or 'none'}; resize them in its transform"
        )
    return np.stack(inputs), np.array(labels)
