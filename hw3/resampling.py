"""Other splits of the same data: which images are trained on and which validate, drawn anew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw3.splits import DataError, Split, Splits, digest_images, join_splits

FIXED = "choose --splits fixed"


def resample_splits(splits: Splits, seed: int) -> Splits:
    """The data with its training and validation images split anew, at random.

    Each part has as many images of each class as the source's own. Images of one patient stay
    together, and so do equal images. Where that allows no exact fit, the validation part has
    fewer: by less than the images of any patient who is not in it. The test part stays as it is.

    Args:
        seed: from 0; equal seeds give equal splits, on every machine.

    Returns:
        Copies of the images, in the source's order, under the source's fingerprint.

    Raises:
        DataError: the draw leaves no image of a class for validation, which can happen where
            patients have images of both classes.
    """
    validates = _draw(splits, _find_groups(splits), seed)
    train, val = _take(splits, ~validates), _take(splits, validates)
    return replace(splits, train=train, val=val)


def check_resampling(splits: Splits, seeds: Sequence[int]) -> None:
    """Draw the split of each seed, without taking the images.

    Raises:
        DataError: a draw leaves no image of a class for validation, or two draws are equal.
    """
    groups = _find_groups(splits)
    draws = {_draw(splits, groups, seed).tobytes() for seed in seeds}
    if len(draws) < len(seeds):
        known = splits.train.patients is not None or splits.val.patients is not None
        raise DataError(
            f"{splits.location}: resampled splits must differ from seed to seed, but the "
            f"{groups.max() + 1} {'patients' if known else 'images'} for training and validation "
            f"give only {len(draws)} splits for {len(seeds)} seeds; {FIXED}, or fewer seeds"
        )


def _find_groups(splits: Splits) -> np.ndarray:
    """Numbers from 0, int (N,), of the training and then the validation images: equal ones stay in
    one part, since the images are of one patient, or equal."""
    parts = (splits.train, splits.val)
    digests = [digest.hex() for part in parts for digest in digest_images(part.images)]
    patients = [
        f"image {number} {row}" if part.patients is None else f"patient {part.patients[row]}"
        for number, part in enumerate(parts)
        for row in range(len(part))
    ]
    return join_links(patients, digests)


def join_links(*names: Sequence[str] | np.ndarray) -> np.ndarray:
    """Numbers from 0, int (N,), equal for two examples that have an equal name in any of the lists,
    directly or by way of others.

    Args:
        names: lists of N names.
    """
    links = [np.unique(each, return_inverse=True)[1] for each in names]
    groups, before = np.arange(len(links[0])), np.empty(0)
    while not np.array_equal(groups, before):  # until no link leads to a smaller number
        before = groups
        for link in links:
            least = np.full(link.max() + 1, len(groups))
            np.minimum.at(least, link, groups)
            groups = least[link]
    return np.unique(groups, return_inverse=True)[1]


def _draw(splits: Splits, groups: np.ndarray, seed: int) -> np.ndarray:
    """Which images validate, bool (N,)."""
    labels = np.concatenate([splits.train.labels, splits.val.labels])
    room = np.bincount(splits.val.labels, minlength=len(splits.classes))
    drawn = draw_groups(labels, groups, room, seed)
    for label in np.setdiff1d(np.arange(len(room)), labels[drawn]):
        raise DataError(
            f"{splits.location}: resampled splits need images of each class for validation, but "
            f"no patient with {splits.classes[label]} fits into the split of seed {seed}; {FIXED}"
        )
    return drawn


def draw_groups(labels: np.ndarray, groups: np.ndarray, room: np.ndarray, seed: int) -> np.ndarray:
    """Which examples are drawn, bool (N,): groups in random order, each one that fits.

    Args:
        labels: from 0, int (N,).
        groups: of `join_links`; drawn whole or not at all.
        room: for how many examples of each class there is room, int (classes,).
    """
    counts = np.zeros((groups.max() + 1, len(room)), dtype=int)
    np.add.at(counts, (groups, labels), 1)
    chosen = np.zeros(len(counts), dtype=bool)
    for group in np.random.default_rng(seed).permutation(len(counts)):
        chosen[group] = (counts[group] <= room).all()
        room = room - counts[group] * chosen[group]
    return chosen[groups]


def _take(splits: Splits, rows: np.ndarray) -> Split:
    """The images at these rows, bool (N,), of the training and then the validation images."""
    first, second = np.split(rows, [len(splits.train)])
    return join_splits([splits.train.take(first), splits.val.take(second)])
