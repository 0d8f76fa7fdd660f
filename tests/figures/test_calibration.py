"""The calibration's numbers, on logits of which they are known."""

import numpy as np
import pandas as pd
import pytest

from study.figures.calibration import describe_calibration, frame_of_calibration


def table_of(*trainings, part="test", what="logits"):
    """Confirmed trainings of one candidate: numbers of images, and the answers' digits."""
    rows = [
        {
            "stage": "confirm",
            "status": "complete",
            "is_final": True,
            "candidate": "one",
            "label": "One",
            "seed": seed,
            "key": f"key {seed}",
            **{
                f"{name}_{what}": None
                for name in ("val", "test")
                for what in ("logits", "correct", "confidences")
            },
            f"{part}_{what}": " ".join(map(str, values)),
            f"{part}_correct": correct,
        }
        for seed, (values, correct) in enumerate(trainings)
    ]
    return pd.DataFrame(rows)


SURE = np.log(0.9 / 0.1)  # the logit of 90 %


@pytest.mark.parametrize("part", ["test", "val"])
def test_seeds_are_taken_together_and_both_answers_count(part):
    first = ([SURE, -SURE, 0.0, 0.0], "1110")
    second = ([SURE, -SURE, 0.0, 0.0], "1010")
    frame = frame_of_calibration(table_of(first, second, part=part), bins=2)
    assert frame["images"].tolist() == [4, 4] and frame["seeds"].tolist() == [2, 2]
    np.testing.assert_allclose(frame["confidence"], [0.5, 0.9])
    np.testing.assert_allclose(frame["right"], [0.5, 0.75])
    assert set(frame["part"]) == {{"test": "test", "val": "validation"}[part]}
    assert "n = 2 seeds" in frame.attrs["note"]
    said = describe_calibration(frame)
    assert "70 % sure on average and 62 % right" in said and "7.5 percentage points" in said


@pytest.mark.parametrize("part", ["test", "val"])
def test_of_several_classes_the_greatest_probability_counts(part):
    table = table_of(([0.7, 0.6], "10"), part=part, what="confidences")
    frame = frame_of_calibration(table, bins=2)
    np.testing.assert_allclose(frame["confidence"], [0.6, 0.7])
    assert frame["right"].tolist() == [0.0, 1.0]


def test_only_the_named_candidates_are_shown():
    table = table_of(([SURE], "1"))
    assert frame_of_calibration(table, candidates=("two",)).empty
    assert len(frame_of_calibration(table, candidates=("one",))) == 1
