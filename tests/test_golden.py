"""The analysis gives what it gave of the same records, number by number."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.golden import MADE, RESULTS, STUDIES, copy, do

RELATIVE, ABSOLUTE = 1e-9, 1e-12
SHOWN = 20  # differences in a message
AGAIN = "If this is meant: python -m tests.golden report (python -m tests.golden to train anew)"


def frames(folder: Path) -> dict[str, pd.DataFrame]:
    """The table, the verdicts and every figure's frame of a study's folder, by file."""
    verdicts = json.loads((folder / "verdicts.json").read_text())
    figures = {
        f"figures/{path.name}": pd.read_csv(path)
        for path in sorted((folder / "figures").glob("*.csv"))
    }
    return {
        "table.parquet": pd.read_parquet(folder / "table.parquet"),
        "verdicts.json": pd.DataFrame(verdicts, dtype=object),
    } | figures


def differences(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Where and how two frames differ; all of their shape, or else each cell."""
    for name, of in {
        "columns": lambda frame: list(frame.columns),
        "dtypes": lambda frame: [str(dtype) for dtype in frame.dtypes],
        "rows": len,
    }.items():
        if of(expected) != of(found):
            return [f"{name}: {of(found)}, must be {of(expected)}"]
    return [
        f"row {row}, column {column}: {value!r}, must be {wanted!r}"
        for column in expected.columns
        for row, (wanted, value) in enumerate(zip(expected[column], found[column], strict=True))
        if not is_same(wanted, value)
    ]


def is_same(wanted, value) -> bool:
    """Floats within the tolerance, everything else exactly; missing is like missing."""
    if isinstance(wanted, float) and isinstance(value, float):
        both_nan = math.isnan(wanted) and math.isnan(value)
        return both_nan or math.isclose(wanted, value, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return (wanted is value) or (type(wanted) is type(value) and wanted == value)


@pytest.mark.parametrize("task", STUDIES)
def test_analysis_gives_the_golden_numbers(task, tmp_path):
    copy(MADE, RESULTS, tmp_path)
    do(STUDIES[task], "report", tmp_path)
    expected, found = frames(RESULTS / task), frames(tmp_path / task)
    assert list(found) == list(expected), f"{task}: other figures. {AGAIN}"
    lines = [
        f"{task}, {name}, {line}"
        for name, frame in expected.items()
        for line in differences(frame, found[name])
    ]
    shown = "\n".join(lines[:SHOWN])
    assert not lines, f"{len(lines)} differences. {AGAIN}\n{shown}"


def test_golden_verdicts_are_of_all_kinds():
    verdicts = pd.concat(frames(RESULTS / task)["verdicts.json"] for task in STUDIES)
    assert set(verdicts["verdict"]) == {"supported", "refuted", "undecided", "not judged"}


def test_golden_records_name_no_machine(tmp_path):
    copy(MADE, RESULTS, tmp_path)
    provenances = [record.provenance for record in RecordStore(LocalFolder(tmp_path))]
    assert len(provenances) == len(list((RESULTS / "trials").iterdir()))
    assert {each["host"] for each in provenances} == {"golden"}
    assert {each["driver"] for each in provenances} == {"golden"}


FRAME = pd.DataFrame({"name": ["a", "b"], "count": [1, 2], "share": [0.5, math.nan]})


@pytest.mark.parametrize(
    ("column", "values", "line"),
    [
        ("name", ["a", "c"], "row 1, column name: 'c', must be 'b'"),
        ("count", [2, 2], "row 0, column count: 2, must be 1"),
        ("share", [0.5 + 1e-8, math.nan], "row 0, column share: 0.50000001, must be 0.5"),
        ("share", [0.5, 0.0], "row 1, column share: 0.0, must be nan"),
        ("share", [1, 2], "dtypes: "),
        ("more", [1, 2], "columns: ['name', 'count', 'share', 'more'], must be "),
    ],
)
def test_a_difference_is_named(column, values, line):
    (said,) = differences(FRAME, FRAME.assign(**{column: values}))
    assert said.startswith(line)


def test_rounding_is_no_difference_and_a_missing_row_is_one():
    rounded = FRAME.assign(share=[0.5 * (1 + 1e-12), math.nan])
    assert differences(FRAME, rounded) == []
    assert differences(FRAME, FRAME.iloc[:1]) == ["rows: 1, must be 2"]
