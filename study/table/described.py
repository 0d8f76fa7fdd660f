"""What the table's columns mean, for its readers: as a frame, and in the files that hold it."""

import io
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from pyarrow.csv import WriteOptions, write_csv

from study.table.column import Column
from study.table.columns import all_columns, config_columns

FIELDS = ("column", "dtype", "unit", "range", "meaning")


def describe(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """What each column holds, one row for each, in their order.

    Args:
        table: a study's, to be told of its columns alone; None for all columns that there can be.

    Returns:
        column; dtype (of pandas); unit, empty for text and counts, "share" for what is from 0 to 1;
        range, which values it may have ("0 to 1", "0 or more"), empty where any; meaning.
    """
    known = all_columns() | config_columns()
    names = known if table is None else table.columns
    return pd.DataFrame(
        [_described(str(name), known[name]) for name in names if name in known], columns=FIELDS
    ).astype("string")


def _described(name: str, column: Column) -> dict[str, str]:
    return {
        "column": name,
        "dtype": column.dtype,
        "unit": column.unit,
        "range": column.range,
        "meaning": column.meaning,
    }


def table_files(table: pd.DataFrame) -> dict[str, bytes]:
    """The table as files, by name: `table.parquet`, whose fields carry what `describe` says of
    them as metadata; `table.csv`; and `columns.csv`, which says it beside them."""
    described = describe(table)
    return {
        "table.parquet": _parquet(table, described.to_dict("records")),
        "table.csv": _csv(table),
        "columns.csv": _csv(described),
    }


def _parquet(table: pd.DataFrame, described: Iterable[dict[str, str]]) -> bytes:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    schema = arrow.schema
    for item in described:
        place = schema.get_field_index(item["column"])
        said = {name: item[name] for name in FIELDS[1:] if item[name]}
        schema = schema.set(place, schema.field(place).with_metadata(said))
    content = io.BytesIO()
    parquet.write_table(arrow.cast(schema), content)
    return content.getvalue()


def _csv(table: pd.DataFrame) -> bytes:
    """By pyarrow, since pandas takes ten times as long."""
    content = io.BytesIO()
    options = WriteOptions(quoting_style="needed")
    write_csv(pa.Table.from_pandas(table, preserve_index=False), content, options)
    return content.getvalue()
