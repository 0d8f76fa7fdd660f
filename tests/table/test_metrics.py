"""Claims whose metric or bounds cannot be."""

import pytest

from hw3.metrics import METRICS, Metric
from study.spec.claim import Claim
from study.table.metrics import metric_mistakes, registry_mistakes


def claim(name="right", metric="val_accuracy", above=0.5, **options):
    return Claim(name, "a", metric, above=above, **options)


@pytest.mark.parametrize("metric", ["host", "val_acuracy"])
def test_a_metric_must_be_a_numeric_column(metric):
    (mistake,) = metric_mistakes([claim("wrong", metric), claim()])
    assert mistake.startswith("claim wrong: ") and repr(metric) in mistake
    assert ("Did you mean val_accuracy?" in mistake) == (metric != "host")


@pytest.mark.parametrize(
    "options", [{"above": 90}, {"above": -5, "versus": "b"}, {"metric": "gap_accuracy", "above": 3}]
)
def test_a_share_has_no_bound_in_percent(options):
    (mistake,) = metric_mistakes([claim("wrong", **options)])
    assert "claim wrong" in mistake and "0.9 for 90 %" in mistake


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "val_f1", "above": 1.0}, "val_f1 is never above 1: it is from 0 to 1"),
        ({"metric": "test_auroc", "above": -1, "below": 0.0}, "test_auroc is never below 0"),
        ({"above": 1.5, "versus": "b"}, "a difference of two val_accuracy is never above 1"),
        ({"metric": "gap_accuracy", "above": -2, "below": -1}, "never below -1"),
    ],
)
def test_a_share_must_be_able_to_lie_between_its_bounds(options, said):
    (mistake,) = metric_mistakes([claim("wrong", **options)])
    assert said in mistake


def test_a_claim_may_be_about_a_metric_from_outside(monkeypatch):
    ours = [claim("one", "val_mine"), claim("two", "test_mine", versus="b")]
    assert len(metric_mistakes(ours)) == 2
    monkeypatch.setitem(METRICS, "mine", Metric("mine", lambda logits, labels: 0.5))
    assert metric_mistakes(ours) == registry_mistakes() == []
    (misspelt,) = metric_mistakes([claim("wrong", "val_mime")])
    assert "Did you mean val_mine?" in misspelt


@pytest.mark.parametrize(
    ("name", "metric", "said"),
    [
        ("Mine!", Metric("mine", lambda logits, labels: 0.5), "small letters, digits and _"),
        ("correct", Metric("mine", lambda logits, labels: 0.5), "has a column val_correct already"),
        ("mine", Metric("mine", lambda logits, labels: 1 / 0), "raises ZeroDivisionError"),
        ("mine", Metric("mine", lambda logits, labels: "half"), "raises ValueError"),
        ("mine", lambda logits, labels: 0.5, "must be a hw3.metrics.Metric"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_found_before_anything_is_trained(
    name, metric, said, monkeypatch
):
    monkeypatch.setitem(METRICS, name, metric)
    (mistake,) = registry_mistakes()
    assert mistake.startswith(f"metric {name}: ") and said in mistake


@pytest.mark.parametrize(
    "options",
    [
        {"above": 0.97, "below": 1.01},
        {"above": -1, "versus": "b"},
        {"above": 90, "ratio": True, "versus": "b"},
        {"metric": "gap_loss", "above": 3},
        {"metric": "parameters", "above": 50_000},
    ],
)
def test_other_bounds_are_none_of_its_business(options):
    assert metric_mistakes([claim(**options)]) == []
