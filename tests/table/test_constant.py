"""What a constant answer scores, in words."""

from study.table.constant import constant_predictor

COUNTS = {
    "train": {"normal": 10, "pneumonia": 30},
    "val": {"normal": 10, "pneumonia": 10},
}
CONSTANT = constant_predictor(COUNTS)


def test_accuracies_and_nothing_else_are_described():
    columns = ("val_accuracy", "val_loss", "val_balanced_accuracy", "val_accuracy_max")
    assert CONSTANT.describe(columns) == (
        "always answering “pneumonia”: validation accuracy 50.0 %, validation balanced accuracy "
        "50.0 %, best validation accuracy of all epochs 50.0 %"
    )
    assert CONSTANT.describe(("gap_accuracy", "val_loss", "parameters")) == ""


def test_a_part_that_the_data_lacks_is_left_out():
    assert CONSTANT.accuracy("test_accuracy") is None
    assert CONSTANT.describe(("test_accuracy",)) == ""


def test_a_name_with_a_comma_does_not_read_as_two():
    said = CONSTANT.describe(("train_accuracy", "val_accuracy"))
    assert said.endswith("training accuracy as logged 75.0 %, validation accuracy 50.0 %")
