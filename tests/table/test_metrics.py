"""Claims whose metric or bounds cannot be."""

import pytest

from study.spec.claim import Claim
from study.table.metrics import metric_mistakes


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
