import pytest

from study.figures.axis_labels import axis_label
from study.table.formatting import format_range, format_value


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("val_accuracy", "validation accuracy (%)"),
        ("gap_accuracy", "training minus validation accuracy (percentage points)"),
        ("val_loss", "validation loss (nats)"),
        ("elapsed_alone", "training time (s)"),
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


def test_exactly_one_point_is_singular_and_what_is_rounded_to_it_is_not():
    assert format_value("val_accuracy", 0.01, difference=True) == "+1 percentage point"
    assert format_value("gap_accuracy", -0.01) == "−1 percentage point"
    assert format_value("val_accuracy", 0.0098, difference=True) == "+1.0 percentage points"
    assert format_value("val_accuracy", 0.01) == "1.0 %"


def test_a_number_reads_the_same_wherever_it_was_computed():
    for value in (0.7815, 0.7815 + 1e-13, 0.7815 - 1e-13):
        assert format_value("val_accuracy", value) == "78.2 %"
        assert format_range("val_accuracy", value, value) == "78.2 to 78.2 %"
