"""The interval over seeds and patients: where other statistics know it, and how often it covers."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_1samp
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from benchmarks.crossed import POPULATIONS, crossed, draw, seeds_only, share_held
from study.stats.crossed import crossed_mean

RNG = np.random.default_rng(3)
SCORES = RNG.normal(0.1, 1, (5, 1)) + RNG.normal(0, 1, 24) + RNG.normal(0, 1, (5, 24))
PATIENTS = np.repeat(np.arange(9), [1, 2, 3, 4, 5, 1, 2, 3, 3])


def numbers(found):
    return [found.mean, *found.interval, found.error, found.freedom]


def test_equal_seeds_leave_the_t_interval_over_patients():
    scores = np.tile(SCORES[0], (5, 1))
    found, known = crossed_mean(scores), ttest_1samp(SCORES[0], 0).confidence_interval()
    assert found.interval == pytest.approx(tuple(known))
    assert (found.mean, found.freedom) == pytest.approx((SCORES[0].mean(), 23))


def test_equal_images_leave_the_t_interval_over_seeds():
    scores = np.tile(SCORES[:, :1], 24)
    known = ttest_1samp(SCORES[:, 0], 0).confidence_interval(0.9)
    for patients in (None, PATIENTS):
        found = crossed_mean(scores, patients, alpha=0.1)
        assert found.interval == pytest.approx(tuple(known))
        assert found.freedom == pytest.approx(4)


def test_equal_seeds_leave_the_jackknife_over_patients():
    scores = np.tile(SCORES[0], (3, 1))
    without = np.array([SCORES[0][patient != PATIENTS].mean() for patient in range(9)])
    error = math.sqrt(8 / 9 * np.square(without - without.mean()).sum())
    assert crossed_mean(scores, PATIENTS).error == pytest.approx(error)


def test_variance_is_that_of_a_two_way_analysis_with_random_effects():
    """Patients with three images each are one mean each."""
    means = SCORES.reshape(5, 8, 3).mean(axis=2)
    seeds, patients = np.indices(means.shape).reshape(2, -1)
    frame = pd.DataFrame({"score": means.ravel(), "seed": seeds, "patient": patients})
    squares = anova_lm(ols("score ~ C(seed) + C(patient)", frame).fit())["mean_sq"].to_numpy()
    found = crossed_mean(SCORES, np.repeat(np.arange(8), 3))
    variance = squares[0] + squares[1] - squares[2]
    assert found.error == pytest.approx(math.sqrt(variance / means.size))
    freedom = variance**2 / (squares**2 / [4, 7, 28]).sum()
    assert found.freedom == pytest.approx(freedom)
    half = t.isf(0.025, freedom) * found.error
    assert found.interval == pytest.approx((SCORES.mean() - half, SCORES.mean() + half))


def test_where_neither_varies_by_itself_the_interaction_is_left():
    scores = np.array([[1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]])
    found = crossed_mean(scores)
    assert (found.mean, found.freedom) == (0, 3)
    assert found.error == pytest.approx(math.sqrt(8 / 3 / 8))


def test_order_and_names_do_not_matter_and_units_do():
    found = crossed_mean(SCORES, PATIENTS)
    seeds, images = RNG.permutation(5), RNG.permutation(24)
    names = RNG.permutation(100)[:9]
    other = crossed_mean(SCORES[seeds][:, images], names[PATIENTS][images])
    assert numbers(other) == pytest.approx(numbers(found))
    assert crossed_mean(SCORES, np.arange(24)) == crossed_mean(SCORES)
    scaled = crossed_mean(3 - 2 * SCORES, PATIENTS)
    expected = 3 - 2 * np.array(found.interval)[::-1]
    assert scaled.interval == pytest.approx(tuple(expected))


def test_images_of_one_patient_do_not_count_as_many():
    scores = np.repeat(SCORES, 4, axis=1)
    alone = crossed_mean(SCORES)
    together = crossed_mean(scores, np.repeat(np.arange(24), 4))
    assert numbers(together) == pytest.approx(numbers(alone))
    assert crossed_mean(scores).error < alone.error


def test_interval_of_an_accuracy_lies_between_0_and_1():
    answers = np.ones((4, 20), bool)
    answers[0, 0] = answers[1, :2] = False
    low, high = crossed_mean(answers).interval
    assert 0 < low < answers.mean() < high < 1
    low_as_numbers, high_as_numbers = crossed_mean(answers.astype(float)).interval
    assert low < low_as_numbers and high_as_numbers > 1
    assert crossed_mean(~answers).interval == pytest.approx((1 - high, 1 - low))


def test_scores_that_are_all_equal_tell_no_spread():
    low, high = crossed_mean(np.ones((4, 20), bool), np.arange(20) // 2).interval
    assert (low**10, high) == (pytest.approx(0.025), 1.0)  # ten patients, all right
    low, high = crossed_mean(np.zeros((4, 20), bool)).interval
    assert (low, (1 - high) ** 20) == (0.0, pytest.approx(0.025))
    found = crossed_mean(np.zeros((4, 20)))
    assert (found.mean, found.error) == (0, 0)
    assert np.isnan(found.interval).all()


def test_one_seed_or_one_patient_has_a_mean_and_no_interval():
    for found in (crossed_mean(SCORES[:1]), crossed_mean(SCORES, np.zeros(24, int))):
        assert math.isfinite(found.mean)
        assert np.isnan(numbers(found)[1:]).all()


@pytest.mark.parametrize(
    ("scores", "patients", "said"),
    [(SCORES, PATIENTS[1:], "24 images"), (SCORES * np.nan, None, "finite")],
)
def test_scores_that_cannot_be_used_are_refused(scores, patients, said):
    with pytest.raises(ValueError, match=said):
        crossed_mean(scores, patients)


def test_it_covers_the_difference_on_other_patients_and_seeds_alone_do_not():
    rng = np.random.default_rng(0)
    drawn = [draw(rng, POPULATIONS["different"], (0.85, 0.85), 200, 4, 6) for _ in range(200)]
    assert share_held(crossed, drawn, "no difference", 0.0) == pytest.approx(0.95, abs=0.04)
    assert share_held(seeds_only, drawn, "no difference", 0.0) < 0.85
