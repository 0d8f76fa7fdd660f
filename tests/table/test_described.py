"""What is said of the table's columns, to those who read it and in its files."""

import io

import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest

from study.table import describe
from study.table.columns import all_columns, config_columns
from study.table.described import FIELDS, table_files
from study.table.example import example_table
from tests.golden import RESULTS, STUDIES

COLUMNS = all_columns() | config_columns()
TABLES = {task: pd.read_parquet(RESULTS / task / "table.parquet") for task in STUDIES}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_says_what_it_holds(name):
    row = describe().set_index("column").loc[name]
    assert len(row["meaning"].split()) >= 3 or name in row["meaning"], row["meaning"]
    assert row["unit"] in ("", "pixels", "epochs", "share", "nats", "seconds", "bytes")
    if COLUMNS[name].unit == "share":
        assert row["range"] in ("0 to 1", "-1 to 1")


@pytest.mark.parametrize("task", [*TABLES, "example"])
def test_every_value_is_of_its_column_s_type_and_range(task):
    table = TABLES.get(task)
    table = example_table(STUDIES["task_b"]) if table is None else table
    for name in table.columns:
        column, values = COLUMNS[name], table[name].dropna()
        assert str(table[name].dtype) == column.dtype, name
        if column.is_numeric:
            assert values.between(column.least, column.most).all(), name
        if column.values:
            assert set(values) <= set(column.values), name


def test_a_table_s_own_columns_are_described_in_its_order():
    table = TABLES["task_b"]
    assert describe(table)["column"].to_list() == table.columns.to_list()
    assert len(describe()) > len(table.columns)  # recipes' hyper-parameters that none varies
    assert tuple(describe().columns) == FIELDS


def test_the_files_are_read_back_with_what_is_said_of_their_columns():
    table = TABLES["task_c"]
    files = table_files(table)
    parquet = files["table.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(parquet)), table)
    csv = pd.read_csv(io.BytesIO(files["table.csv"]), dtype=table.dtypes.to_dict())
    pd.testing.assert_frame_equal(csv, table)
    said = pd.read_csv(io.BytesIO(files["columns.csv"]), dtype="string", keep_default_na=False)
    pd.testing.assert_frame_equal(said, describe(table))
    assert pyarrow.csv.read_csv(io.BytesIO(files["columns.csv"])).num_rows == len(table.columns)
    schema = pyarrow.parquet.read_schema(io.BytesIO(parquet))
    for item in describe(table).to_dict("records"):
        metadata = schema.field(item["column"]).metadata
        for name in ("dtype", "unit", "range", "meaning"):
            assert metadata.get(name.encode(), b"").decode() == item[name], item["column"]
