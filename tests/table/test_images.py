import numpy as np
import pytest

from hw3.metrics import METRICS, Metric, log_loss
from study.table.images import (
    format_numbers,
    image_losses,
    measure,
    read_correct,
    read_numbers,
)


def test_logits_are_read_as_they_were_written():
    logits = [0.25, -1e-07, 12.0, -3.4028235e38]
    assert read_numbers(format_numbers(logits)).tolist() == logits
    assert format_numbers([]) is None
    assert format_numbers(None) is None


def test_losses_of_images_have_the_parts_loss_as_their_mean():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 30, 50), rng.integers(0, 2, 50)
    losses = image_losses(logits, (logits > 0) == labels)
    assert losses.mean() == pytest.approx(log_loss(logits, labels))
    assert losses[:5] == pytest.approx([log_loss(logits[[i]], labels[[i]]) for i in range(5)])


def test_losses_of_several_seeds_at_once():
    logits = np.array([read_numbers("0.5 -2.0"), read_numbers("0.0 1.0")])
    correct = np.array([read_correct("10"), read_correct("11")])
    expected = np.log1p(np.exp([[-0.5, 2.0], [0.0, -1.0]]))
    assert image_losses(logits, correct) == pytest.approx(expected)


def test_a_part_is_measured_by_every_metric_of_the_registry(monkeypatch):
    monkeypatch.setitem(METRICS, "mine", Metric("mine", lambda logits, labels: labels.mean()))
    logits = np.array([2.0, 0.5, -1.0, 1.0, -3.0, 0.0, -0.5])
    measured = measure(logits, np.array([1, 1, 1, 0, 0, 0, 0]))
    assert measured.keys() == METRICS.keys()
    assert measured["mine"] == pytest.approx(3 / 7)
    assert measured["sensitivity"] == pytest.approx(2 / 3)
    assert measured["specificity"] == pytest.approx(3 / 4)  # a logit of 0 is an answer "normal"
    assert measured["balanced_accuracy"] == pytest.approx((2 / 3 + 3 / 4) / 2)


def test_a_metric_that_raises_is_missing_and_costs_no_other(monkeypatch, caplog):
    monkeypatch.setitem(METRICS, "broken", Metric("broken", lambda logits, labels: 1 / 0))
    for logits in ([1.0, -1.0], [1.0, -2.0]):
        measured = measure(np.array(logits), np.array([True, False]))
        assert np.isnan(measured["broken"]) and measured["accuracy"] == 1.0
    assert [record.message for record in caplog.records] == [
        "the metric broken is missing where it raises: ZeroDivisionError: division by zero"
    ]


def test_read_correct_takes_one_digit_per_image():
    assert read_correct("0110").tolist() == [False, True, True, False]
