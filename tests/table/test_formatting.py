import pytest

from study.figures.axis_labels import axis_label
from study.table.formatting import format_range, format_value


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("val_accuracy", "validation accuracy (%)"),
        ("gap_accuracy", "training minus validation accuracy (percentage points)"),
        ("val_loss", "validation loss (nats)"),
        ("elapsed", "training time (s)"),
        ("config_channels", "channels"),
    ],
)
def test_axis_label_has_name_and_unit(column, label):
    assert axis_label(column) == label


def test_numbers_carry_units_and_differences_carry_signs():
    assert format_value("val_accuracy", 0.9312) == "93.1 %"
    assert format_value("val_accuracy", -0.012, difference=True) == "−1.2 percentage points"
    assert format_value("val_accuracy", -0.0004, difference=True) == "+0.0 percentage points"
    assert format_value("gap_loss", 0.0123) == "+0.012 nats"
    assert format_value("parameters", 33_754_369) == "33.8 M"
    assert format_value("parameters", 18_849) == "18,849"
    assert format_value("elapsed", 12.34) == "12.3 s"
    assert format_value("test_accuracy", float("nan")) == "–"
    assert format_range("val_accuracy", 0.9, 0.95) == "90.0 to 95.0 %"
    assert format_range("val_accuracy", float("nan"), 0.95) == "–"
