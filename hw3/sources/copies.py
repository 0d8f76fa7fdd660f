"""Copies of an image: the one that would leak is left out, and the location says so."""

from collections.abc import Mapping, Sequence

import numpy as np

from hw3.blank import blank_images, blank_images_named
from hw3.splits import CLASSES, DataError, Split, Splits, digest_images, make_splits

# Published sets hold a few pictures twice (10 of PneumoniaMNIST's 4708 training images are also in
# its validation part). Many more than that is somebody's mistake.
STRAY = 0.01
LOCKED_FIRST = ("test", "val", "train")


def make_splits_without_copies(
    source: str,
    location: str,
    parts: Mapping[str, Split],
    max_share: float = STRAY,
    within: bool = False,
    classes: Sequence[str] = CLASSES,
) -> Splits:
    """`make_splits` of the parts (train, val and perhaps test) without copies of images.

    An image of two parts stays in the more locked one: test before val before train. Copies with
    different labels stay, for `make_splits` to refuse: nobody knows which is true.

    Args:
        max_share: the largest share of a part that may be copies of another part's images, 0 to 1.
        within: also leave out the second copy of an image in its own part.
        classes: names, in the order of the labels.

    Raises:
        DataError: more than `max_share` of a part are also in another, or `make_splits` refuses
            the rest.
    """
    with blank_images_named(location, parts):
        return _without_copies(source, location, parts, max_share, within, classes)


def _without_copies(
    source: str,
    location: str,
    parts: Mapping[str, Split],
    max_share: float,
    within: bool,
    classes: Sequence[str],
) -> Splits:
    kept = _keep_first(location, parts, max_share, within)
    lost = {name: len(parts[name]) - len(part) for name, part in kept.items()}
    counts = ", ".join(f"{count} of {name}" for name, count in lost.items() if count)
    note = f" ({_kind_lost(parts, kept)} left out: {counts})" if counts else ""
    train, val, test = kept["train"], kept["val"], kept.get("test")
    return make_splits(source, location + note, train, val, test, classes)


def _kind_lost(parts: Mapping[str, Split], kept: Mapping[str, Split]) -> str:
    """What was left out, in words."""
    before, after = (sum(blank_images(p.images).sum() for p in of.values()) for of in (parts, kept))
    return "copies of images" + ", blank ones among them," * bool(before > after)


def _keep_first(
    location: str, parts: Mapping[str, Split], max_share: float, within: bool
) -> dict[str, Split]:
    """The parts, the most locked first, without the images of those before."""
    kept: dict[str, Split] = {}
    locked: set[tuple[bytes, int]] = set()
    for name in (name for name in LOCKED_FIRST if name in parts):
        part = parts[name]
        keys = list(zip(digest_images(part.images), part.labels.tolist(), strict=True))
        leaks = np.array([key in locked for key in keys], dtype=bool)
        _check_stray(f"{location} ({name})", leaks, max_share)
        drop = leaks | _repeats(keys) if within else leaks
        kept[name] = part.take(~drop) if drop.any() else part
        locked.update(keys)
    return kept


def _check_stray(where: str, leaks: np.ndarray, max_share: float) -> None:
    if leaks.sum() > max_share * len(leaks):
        raise DataError(
            f"{where}: no image may be in two parts, but {leaks.sum()} of {len(leaks)} are also in "
            f"a part that scores these; at most {max_share:.0%} are taken for strays and left out"
        )


def _repeats(keys: Sequence[tuple[bytes, int]]) -> np.ndarray:
    """bool (N,): whether an earlier key is equal."""
    seen: set[tuple[bytes, int]] = set()
    repeats = np.zeros(len(keys), dtype=bool)
    for index, key in enumerate(keys):
        repeats[index] = key in seen
        seen.add(key)
    return repeats
