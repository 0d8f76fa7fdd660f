"""The phantoms: drawn from their seed alone, and neither trivial nor hopeless to tell apart."""

import numpy as np
import pytest

from hw3.engine import recipe_for, start_training, train_epochs
from hw3.metrics import auroc
from hw3.models import make_architecture
from hw3.numerics import Numerics
from hw3.phantom import make_phantoms
from hw3.splits import CLASSES, DataError


@pytest.fixture(scope="module")
def phantoms():
    """Enough images to measure on, at the size of the quick profile."""
    return make_phantoms(32, (200, 100, 10), seed=0)


def image_of(part, label, index):
    """Image `index` of a class, whatever the order of the part."""
    return part.images[part.labels == label][index]


def test_images_must_follow_the_seed():
    first, again, other = (make_phantoms(16, (3, 2, 2), seed) for seed in (7, 7, 8))
    for name, part in first.parts().items():
        np.testing.assert_array_equal(part.images, again.parts()[name].images)
        assert not (part.images == other.parts()[name].images).all(axis=(1, 2)).any()
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_first_images_must_stay_when_more_are_asked_for():
    few, many = make_phantoms(16, (5, 5, 5), 3), make_phantoms(16, (9, 6, 12), 3)
    for name, part in few.parts().items():
        longer = many.parts()[name]
        for label in range(len(CLASSES)):
            for index in range(5):
                np.testing.assert_array_equal(
                    image_of(part, label, index), image_of(longer, label, index)
                )


@pytest.mark.parametrize("size", [16, 21, 24, 64, 256])
def test_parts_must_have_the_size_and_counts_asked_for(size):
    splits = make_phantoms(size, (3, 2, 1), seed=0)
    assert splits.source == "phantom"
    for part, count in zip(splits.parts().values(), (3, 2, 1), strict=True):
        assert part.images.dtype == np.uint8
        assert part.images.shape == (2 * count, size, size)
        assert part.counts() == dict.fromkeys(CLASSES, count)


def test_patients_must_be_apart_between_parts():
    splits = make_phantoms(16, (4, 4, 4), seed=0)
    seen: set[str] = set()
    for part in splits.parts().values():
        assert part.patients is not None
        assert len(part.patients) == len(part)
        assert seen.isdisjoint(part.patients)
        seen.update(part.patients)


def test_anatomy_must_be_the_same_at_every_size():
    small, large = (make_phantoms(size, (6, 1, 1), seed=0).train.images for size in (32, 128))
    shrunk = large.reshape(len(large), 32, 4, 32, 4).mean(axis=(2, 4))
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(small, shrunk, strict=True)]
    assert min(same) > 0.9


def test_images_must_use_the_grey_scale(phantoms):
    grey = phantoms.train.images.astype(np.float64)
    assert grey.std(axis=(1, 2)).min() > 20
    assert 60 < grey.mean() < 180


def test_brightness_alone_must_not_separate_the_classes(phantoms):
    brightness = phantoms.train.images.mean(axis=(1, 2))
    score = auroc(brightness, phantoms.train.labels)
    assert max(score, 1 - score) < 0.75


def test_classes_must_be_learnable(phantoms):
    architecture = make_architecture("conv", {}, 32)
    training = start_training(architecture, recipe_for(12), 0, Numerics())
    rows = list(train_epochs(training, phantoms))
    assert rows[-1].val_auroc > 0.75


def test_empty_parts_must_be_refused():
    with pytest.raises(DataError, match="val"):
        make_phantoms(16, (2, 0, 2), seed=0)


@pytest.mark.parametrize("size", [0, -8, 16.5])
def test_sizes_that_are_no_positive_whole_numbers_must_be_refused(size):
    with pytest.raises(DataError, match=str(size)):
        make_phantoms(size, (2, 2, 2), seed=0)
