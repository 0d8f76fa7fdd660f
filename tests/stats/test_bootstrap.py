"""The interval over test images: against scipy's bootstrap, and how often it covers."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from benchmarks.peers.bootstrap import image_interval


def made_answers(
    first: float = 0.95, second: float = 0.90, seeds: int = 8, images: int = 400
) -> np.ndarray:
    """Whether two candidates classify each image correctly, (2, seeds, images); images differ in
    difficulty."""
    rng = np.random.default_rng(5)
    ease = rng.normal(0, 0.03, images)
    return np.array([rng.random((seeds, images)) < level + ease for level in (first, second)])


def test_image_interval_is_scipys_paired_bootstrap():
    answers = made_answers()
    shares = answers.mean(axis=1)
    expected = bootstrap(
        tuple(shares),
        lambda first, second, axis=-1: np.mean(first - second, axis=axis),
        paired=True,
        n_resamples=5000,
        method="percentile",
        rng=0,
    ).confidence_interval
    assert image_interval(answers) == pytest.approx(tuple(expected), abs=0.0015)
    assert image_interval(answers) == image_interval(answers)
    level = bootstrap((shares[0],), np.mean, n_resamples=5000, method="percentile", rng=0)
    interval = tuple(level.confidence_interval)
    assert image_interval(answers[:1]) == pytest.approx(interval, abs=0.0015)


def test_image_interval_covers_the_difference_of_other_images():
    """200 images drawn from a population of two classifiers' answers, one seed each."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(120):
        both = rng.choice(3, 200, p=(0.88, 0.08, 0.04))  # equal, only the first, only the second
        low, high = image_interval(np.array([[both != 2], [both != 1]]))
        hits += low <= 0.04 <= high
    assert hits / 120 == pytest.approx(0.95, abs=0.06)


def test_image_interval_of_answers_that_never_differ_is_a_point():
    same = made_answers()[:1].repeat(2, axis=0)
    assert image_interval(same) == (0.0, 0.0)
    assert image_interval(np.ones((1, 2, 30), bool)) == (1.0, 1.0)
