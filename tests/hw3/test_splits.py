"""The rules that every data set must keep, whatever its source."""

from dataclasses import replace

import numpy as np
import pytest

from hw3.sources.copies import make_splits_without_copies
from hw3.splits import (
    DataError,
    Split,
    join_splits,
    make_splits,
    resize_images,
    resize_splits,
)


def make_part(seed, count=4, size=16, patients=False):
    """`count` images of noise in each class."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2 * count, size, size), dtype=np.uint8)
    labels = np.repeat(np.arange(2, dtype=np.uint8), count)
    names = np.array([f"{seed}-{index}" for index in range(2 * count)]) if patients else None
    return Split(images, labels, names)


def make(train=None, val=None, test=None):
    train = make_part(0) if train is None else train
    val = make_part(1) if val is None else val
    return make_splits("made", "here", train, val, test)


def with_image(part, row, image):
    images = part.images.copy()
    images[row] = image
    return replace(part, images=images)


def with_patient(part, row, name):
    patients = part.patients.astype("U9")
    patients[row] = name
    return replace(part, patients=patients)


BAD_PARTS = {
    "float images": lambda p: replace(p, images=p.images / np.float32(255)),
    "NaN images": lambda p: replace(p, images=np.full(p.images.shape, np.nan)),
    "colour images": lambda p: replace(p, images=np.stack([p.images] * 3, axis=-1)),
    "flat images": lambda p: replace(p, images=p.images.reshape(len(p), -1)),
    "images without pixels": lambda p: replace(p, images=p.images[:, :0]),
    "no images": lambda p: p.take(slice(0)),
    "other image size": lambda p: replace(p, images=p.images[:, :8]),
    "label out of range": lambda p: replace(p, labels=p.labels + np.uint8(1)),
    "negative label": lambda p: replace(p, labels=p.labels.astype(np.int8) - np.int8(1)),
    "float labels": lambda p: replace(p, labels=p.labels.astype(np.float32)),
    "label short": lambda p: replace(p, labels=p.labels[1:]),
    "labels as column": lambda p: replace(p, labels=p.labels[:, None]),
    "patient short": lambda p: replace(p, patients=np.array(["one"])),
    "normal empty": lambda p: p.take(p.labels == 1),
    "pneumonia empty": lambda p: p.take(p.labels == 0),
    "image in both classes": lambda p: with_image(p, 0, p.images[-1]),
}


@pytest.mark.parametrize("spoil", BAD_PARTS.values(), ids=BAD_PARTS)
@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_bad_part_must_be_refused_by_place(name, spoil):
    parts = {"train": make_part(0), "val": make_part(1), "test": make_part(2)}
    parts[name] = spoil(parts[name])
    with pytest.raises(DataError, match="here"):
        make(**parts)


@pytest.mark.parametrize("pair", [("train", "val"), ("train", "test"), ("val", "test")])
def test_patient_in_two_parts_must_be_refused_by_name(pair):
    parts = {name: make_part(i, patients=True) for i, name in enumerate(("train", "val", "test"))}
    parts[pair[1]] = with_patient(parts[pair[1]], 3, parts[pair[0]].patients[0])
    with pytest.raises(DataError, match=str(parts[pair[0]].patients[0])):
        make(**parts)


@pytest.mark.parametrize("pair", [("train", "val"), ("train", "test"), ("val", "test")])
def test_image_in_two_parts_must_be_refused(pair):
    parts = {"train": make_part(0), "val": make_part(1), "test": make_part(2)}
    parts[pair[1]] = with_image(parts[pair[1]], 3, parts[pair[0]].images[0])
    with pytest.raises(DataError, match=f"(?s){pair[1]}.*{pair[0]}"):
        make(**parts)


def test_one_patient_with_several_images_must_be_accepted():
    assert (
        make(train=with_patient(make_part(0, patients=True), 1, "0-0")).train.patients[1] == "0-0"
    )


def test_fingerprint_must_be_stable_and_see_each_pixel_label_and_part():
    splits = make(test=make_part(2))
    assert make(test=make_part(2)).fingerprint == splits.fingerprint
    pixel = with_image(make_part(0), 0, make_part(0).images[0] ^ np.eye(16, dtype=np.uint8))
    label = replace(make_part(0), labels=make_part(0).labels[::-1])
    others = [
        make(train=pixel, test=make_part(2)),
        make(train=label, test=make_part(2)),
        make(train=make_part(1), val=make_part(0), test=make_part(2)),
        make(),
    ]
    assert len({splits.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_fingerprint_must_not_depend_on_the_location():
    here, there = (make_splits("made", at, make_part(0), make_part(1), None) for at in "ab")
    assert here.fingerprint == there.fingerprint


def test_resize_must_change_images_and_fingerprint_and_nothing_else():
    splits = make(train=make_part(0, patients=True), test=make_part(2))
    small = resize_splits(splits, 8)
    assert small.fingerprint != splits.fingerprint
    for name, part in small.parts().items():
        assert part.images.dtype == np.uint8 and part.images.shape[1:] == (8, 8)
        np.testing.assert_array_equal(part.labels, splits.parts()[name].labels)
    np.testing.assert_array_equal(small.train.patients, splits.train.patients)


def test_resize_to_the_same_size_must_return_the_same_data():
    splits = make()
    assert resize_splits(splits, 16) is splits


def test_resize_down_must_average_areas():
    images = np.arange(16, dtype=np.uint8).reshape(1, 4, 4) * 4
    np.testing.assert_array_equal(resize_images(images, 2), [[[10, 18], [42, 50]]])


def test_resize_must_make_oblong_images_square():
    oblong = replace(make_part(0), images=make_part(0, size=24).images[:, :, :16])
    part = replace(make_part(1), images=make_part(1, size=24).images[:, :, :16])
    assert resize_splits(make(oblong, part), 32).train.images.shape == (8, 32, 32)


@pytest.mark.parametrize("size", [-8, 0, 16.5, "16"])
def test_size_that_is_no_positive_whole_number_must_be_refused(size):
    with pytest.raises(DataError, match=str(size)):
        resize_splits(make(), size)


def test_without_test_must_lock_the_test_part_away():
    locked = make(test=make_part(2)).without_test()
    assert locked.test is None and list(locked.parts()) == ["train", "val"]


def test_join_must_keep_order_and_forget_patients_that_are_not_all_known():
    both = join_splits([make_part(0, patients=True), make_part(1, patients=True)])
    np.testing.assert_array_equal(both.images[8:], make_part(1).images)
    assert both.patients[8] == "1-0"
    assert join_splits([make_part(0, patients=True), make_part(1)]).patients is None


def drop_copies(max_share=0.5, within=False, **parts):
    return make_splits_without_copies("made", "here", parts, max_share, within)


def test_copies_must_go_from_the_less_locked_part():
    train, val, test = (make_part(seed) for seed in range(3))
    train = with_image(train, 5, test.images[6])
    val = with_image(val, 1, test.images[2])
    train = with_image(train, 0, val.images[3])
    splits = drop_copies(train=train, val=val, test=test)
    np.testing.assert_array_equal(splits.train.images, np.delete(train.images, [0, 5], 0))
    np.testing.assert_array_equal(splits.val.images, np.delete(val.images, 1, 0))
    np.testing.assert_array_equal(splits.test.images, test.images)
    assert "2 of train" in splits.location and "1 of val" in splits.location


def test_copies_must_be_refused_beyond_the_allowed_share():
    val = make_part(1)
    train = with_image(make_part(0, count=50), 0, val.images[0])
    assert len(drop_copies(max_share=0.01, train=train, val=val).train) == 99
    with pytest.raises(DataError, match=r"here.*train"):
        drop_copies(max_share=0.01, train=with_image(train, 1, val.images[1]), val=val)


def test_copies_within_a_part_must_stay_unless_asked():
    train = with_image(make_part(0), 2, make_part(0).images[1])
    splits = drop_copies(train=train, val=make_part(1))
    assert len(splits.train) == 8 and splits.location == "here"
    splits = drop_copies(train=train, val=make_part(1), within=True)
    np.testing.assert_array_equal(splits.train.images, np.delete(train.images, 2, 0))
    assert "1 of train" in splits.location


@pytest.mark.parametrize("row", [-1, 0], ids=["another part", "its own part"])
def test_copies_with_another_label_must_be_refused(row):
    val = make_part(1)
    images = val.images if row else make_part(0).images[::-1]
    train = with_image(make_part(0), 0, images[row])
    with pytest.raises(DataError, match="here"):
        drop_copies(max_share=1.0, within=True, train=train, val=val)


def test_images_that_are_equal_once_they_are_resized_must_be_refused():
    train, val = make_part(0), make_part(1)
    train.images[0, 0, :2] = 100
    image = train.images[0].copy()
    image[0, :2] = 99, 101  # the same mean: at half the size there is no difference
    splits = make(train, with_image(val, 0, image))
    with pytest.raises(DataError, match="at 8x8 pixels: no image may be in two parts"):
        resize_splits(splits, 8)
