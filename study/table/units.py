"""How the table's columns are called and written for people: names, units, numbers."""

import math

from study.table.columns import COLUMNS

NOTHING = "–"  # where there is no number
NAMES = {
    "train_loss": "training loss, as logged",
    "train_accuracy": "training accuracy, as logged",
    "train_eval_loss": "training loss, evaluation mode",
    "train_eval_accuracy": "training accuracy, evaluation mode",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "val_auroc": "validation AUROC",
    "gap_loss": "generalisation gap",
    "gap_accuracy": "training minus validation accuracy",
    "gap_accuracy_logged": "logged training minus validation accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "test_auroc": "test AUROC",
    "elapsed": "training time",
    "seconds_to_converge": "training time to converge",
    "converged_share": "share of the epochs to converge",
    "config_hidden": "hidden units",
    "config_dropout_conv": "dropout rate after the convolution",
    "config_dropout_hidden": "dropout rate after the hidden layer",
    "multiply_adds": "multiply-adds, forward, an image",
    "activation_bytes": "activations, forward, an image",
}


def column_name(column: str) -> str:
    """What a column is called, without its unit."""
    return NAMES.get(column, column.removeprefix("config_").replace("_", " "))


def column_unit(column: str) -> str:
    """The unit that people read: % for a share, percentage points for a difference of shares."""
    unit = COLUMNS[column][1] if column in COLUMNS else ""
    if unit == "share":
        return "percentage points" if is_difference(column) else "%"
    return "s" if unit == "seconds" else unit


def axis_label(column: str) -> str:
    """Name and unit, for an axis."""
    unit = column_unit(column)
    return f"{column_name(column)} ({unit})" if unit else column_name(column)


def display_factor(column: str) -> float:
    """What a value is multiplied by before it is shown: 100 for a share."""
    return 100.0 if column in COLUMNS and COLUMNS[column][1] == "share" else 1.0


def is_difference(column: str) -> bool:
    """Whether the column is a gap between two scores."""
    return column.startswith("gap_")


def more_is_better(column: str) -> bool:
    """Whether a greater value is the better one: accuracy and AUROC, not losses, gaps or costs."""
    return column.endswith(("accuracy", "auroc"))


def format_value(column: str, value: float, difference: bool = False) -> str:
    """A number of the column with its unit; a difference of two carries its sign.

    A share is given in percent, a difference of shares in percentage points.
    """
    if math.isnan(value):
        return NOTHING
    return f"{_number(column, value, difference)} {_unit(column, difference)}".rstrip()


def format_range(
    column: str, low: float, high: float, difference: bool = False, with_unit: bool = True
) -> str:
    """Two numbers of the column with their common unit."""
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    ends = (_number(column, low, difference), _number(column, high, difference))
    unit = _unit(column, difference) if with_unit else ""
    return f"{' to '.join(ends)} {unit}".rstrip()


def _unit(column: str, difference: bool) -> str:
    unit = column_unit(column)
    return "percentage points" if unit == "%" and difference else unit


def _number(column: str, value: float, difference: bool) -> str:
    """The number alone: one decimal of a percentage, three of a loss, whole counts; no -0."""
    sign = "+" if difference or is_difference(column) else ""
    unit = COLUMNS[column][1] if column in COLUMNS else ""
    if unit == "share":
        text = f"{100 * value:{sign}z.1f}"
    elif unit == "nats":
        text = f"{value:{sign}z.3f}"
    elif unit == "seconds":
        text = f"{value:{sign}.3g}" if abs(value) < 1000 else f"{value:{sign},.0f}"
    elif abs(value) >= 1e6:
        text = f"{value / 1e6:{sign},.1f} M"
    elif value == round(value):
        text = f"{value:{sign},.0f}"
    else:
        text = f"{value:{sign}.3g}"
    return text.replace("-", "−")
