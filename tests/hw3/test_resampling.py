"""Training and validation images split anew: by patients, class by class, from a seed alone."""

from dataclasses import replace

import numpy as np
import pytest

from hw3.resampling import check_resampling, resample_splits
from hw3.splits import DataError, Split, digest_images, make_splits
from tests.made_data import MAKERS, load


def part(rng, sizes, first=0, patients=True):
    """Noise; `sizes` has the numbers of images of each patient, by class."""
    names = [
        (label, f"{label}-{first + number}")
        for label, of_class in enumerate(sizes)
        for number, count in enumerate(of_class)
        for _ in range(count)
    ]
    images = rng.integers(0, 256, (len(names), 8, 8), dtype=np.uint8)
    labels = np.array([label for label, _ in names], np.uint8)
    return Split(images, labels, np.array([name for _, name in names]) if patients else None)


def made(train, val, patients=True):
    rng = np.random.default_rng(0)
    train, val = part(rng, train, 0, patients), part(rng, val, 1000, patients)
    return make_splits("made", "here", train, val, part(rng, [[2], [2]], 2000, patients))


def pooled(splits):
    return sorted(digest_images(splits.train.images) + digest_images(splits.val.images))


UNEVEN = [[1, 2, 3, 4] * 6, [1, 2, 5] * 10], [[4, 3, 2, 1] * 2, [5, 2, 1] * 3]


@pytest.mark.parametrize("patients", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_every_image_is_in_one_part_and_the_parts_keep_their_sizes(patients, seed):
    splits = made(*UNEVEN, patients)
    drawn = resample_splits(splits, seed)
    assert pooled(drawn) == pooled(splits)
    assert (drawn.train.counts(), drawn.val.counts()) == (
        splits.train.counts(),
        splits.val.counts(),
    )
    assert drawn.test is splits.test and drawn.fingerprint == splits.fingerprint


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_in_both_parts(seed):
    drawn = resample_splits(made(*UNEVEN), seed)
    assert not set(drawn.train.patients) & set(drawn.val.patients)


@pytest.mark.parametrize("seed", range(5))
def test_copies_of_an_image_stay_together(seed):
    """Patients are not known, and the published sets hold some pictures twice in one part."""
    splits = made([[1] * 8, [1] * 8], [[1] * 4, [1] * 4], patients=False)
    images = splits.train.images.copy()
    images[1:4] = images[0]
    drawn = resample_splits(replace(splits, train=replace(splits.train, images=images)), seed)
    make_splits("made", "here", drawn.train, drawn.val, drawn.test)


def test_copies_chain_the_patients_that_have_them():
    splits = made([[2] * 10, [2] * 10], [[2] * 10, [2] * 10])
    images = splits.train.images.copy()
    images[2], images[4] = images[1], images[3]  # of the patients 0 and 1, 1 and 2
    splits = replace(splits, train=replace(splits.train, images=images))
    for seed in range(5):
        validates = set(resample_splits(splits, seed).val.patients)
        assert len(validates & {"0-0", "0-1", "0-2"}) in (0, 3)


def test_where_patients_allow_no_exact_fit_validation_has_fewer_by_less_than_one_patient():
    splits = made([[2] * 20, [2] * 20], [[3, 2], [2, 2]])
    counts = {resample_splits(splits, seed).val.counts()["normal"] for seed in range(20)}
    assert counts == {4, 5}


def test_equal_seeds_draw_equal_splits_and_other_seeds_others():
    splits = made(*UNEVEN)
    one, again, other = (resample_splits(splits, seed).val for seed in (1, 1, 2))
    assert np.array_equal(one.images, again.images)
    assert list(one.patients) != list(other.patients)


def test_each_image_validates_about_as_often_as_its_part_is_large():
    splits = made([[1] * 30, [1] * 30], [[1] * 10, [1] * 10])
    drawn = [set(resample_splits(splits, seed).val.patients) for seed in range(400)]
    shares = [np.mean([name in one for one in drawn]) for name in splits.train.patients]
    assert np.all(np.abs(np.array(shares) - 0.25) < 0.1)  # 4.6 standard errors


@pytest.mark.parametrize("source", MAKERS)
def test_splits_of_every_source_can_be_resampled(source, tmp_path):
    """Without writing to the images: workers share them as read-only views."""
    splits = load(MAKERS[source](tmp_path))
    for one in splits.parts().values():
        one.images.flags.writeable = False
    drawn = resample_splits(splits, 0)
    make_splits(drawn.source, drawn.location, drawn.train, drawn.val, drawn.test)


def test_too_few_patients_for_a_split_of_each_seed_are_refused():
    splits = made([[1, 1], [1, 1]], [[1], [1]])
    check_resampling(splits, [0])
    with pytest.raises(DataError, match=r"only \d splits for 10 seeds; choose --splits fixed"):
        check_resampling(splits, range(10))


def test_a_draw_without_a_class_in_validation_is_refused():
    """Patients with images of both classes: not every set of them has room for both."""
    labels = np.array([1] * 5 + [0] * 9 + [1] * 9, np.uint8)
    names = np.array(["c"] * 5 + ["d"] * 18)
    rng = np.random.default_rng(0)
    train = Split(rng.integers(0, 256, (23, 8, 8), dtype=np.uint8), labels, names)
    both = np.array([0] * 5 + [1] * 5, np.uint8)
    val = Split(rng.integers(0, 256, (10, 8, 8), dtype=np.uint8), both, np.array(["a"] * 10))
    with pytest.raises(DataError, match="no patient with normal fits"):
        check_resampling(make_splits("made", "here", train, val, None), range(20))
