"""What the data of a run cannot show is said before it trains."""

from dataclasses import replace

import pytest
from scipy.stats import binomtest

from study.search.caveats import TOO_WIDE, describe_caveats
from study.spec.claim import Claim
from tests.made import plan_of

PLAN = plan_of()


def said(val=(200, 200), test=(200, 200), patients=9, judged=True):
    """The caveats of a run with these images of each class and so many patients in each part."""
    parts = {"train": (200, 200), "val": val, "test": test}
    counts = {
        part: dict(zip(("normal", "pneumonia"), numbers, strict=True))
        for part, numbers in parts.items()
        if numbers
    }
    of_part = patients if isinstance(patients, dict) else dict.fromkeys(counts, patients)
    data = replace(PLAN.data, counts=counts, patients=of_part)
    budget = replace(PLAN.budget, judged=judged)
    return list(describe_caveats(replace(PLAN, data=data, budget=budget)))


def test_enough_images_of_known_patients_need_no_words():
    assert said() == said(test=None) == []


@pytest.mark.parametrize(("few", "enough"), [(103, 104)])
def test_a_class_has_too_few_images_where_a_share_of_them_is_not_known_to_20_points(few, enough):
    widths = {}
    for number in (few, enough):
        interval = binomtest(number // 2, number).proportion_ci(method="exact")
        widths[number] = interval.high - interval.low
    assert widths[few] > TOO_WIDE > widths[enough]
    assert said(val=(enough, enough), test=(enough, enough)) == []
    assert said(val=(few, 200)) == [
        "only 103 “normal” validation images: specificity known to ±10 points"
    ]


def test_each_small_class_of_validation_and_test_is_named():
    lines = said(val=(16, 200), test=(200, 20))
    assert lines == [
        "only 16 “normal” validation images: specificity known to ±25 points",
        "only 20 “pneumonia” test images: sensitivity known to ±23 points",
    ]
    assert said(val=(16, 16), judged=False) == []


def test_claims_on_a_test_part_that_is_not_there_are_named():
    claims = (Claim("a", "small", "test_loss", above=0.0),)
    study = replace(PLAN.study, claims=claims)
    counts = {"train": {"normal": 200, "pneumonia": 200}}
    data = replace(PLAN.data, counts=counts, patients={"train": 9})
    (line,) = describe_caveats(replace(PLAN, study=study, data=data))
    assert line == "no test part, which a reads: the validation part stands in"


def test_unknown_patients_are_named_with_what_follows():
    assert said(patients=None, test=None) == [
        "patients unknown in train, val: one may have images in two parts",
        "verdicts that generalise count each image of val as a patient",
    ]
    assert len(said(patients={"train": None, "val": 3, "test": 3})) == 1


def test_a_line_is_enough_for_each():
    lines = said(val=(103, 103), test=(103, 103), patients=None)
    assert len(lines) == 6
    assert max(len(f"warning: {line}") for line in lines) <= 80
