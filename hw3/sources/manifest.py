"""The manifest beside images, `manifest.csv`: a line for each, with its patient."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from hw3.files import read_regular
from hw3.splits import DataError

MANIFEST = "manifest.csv"
MAX_MANIFEST = 50_000_000  # bytes: half a million images


def read_manifest(folder: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]] | None:
    """Where each row stands, for errors, and the row; None where there is no manifest.

    Args:
        columns: what it must have; others are for people.

    Raises:
        DataError: it cannot be read, or lacks a column.
    """
    path = folder / MANIFEST
    if not os.path.lexists(path):
        return None
    try:
        content = read_regular(path, MAX_MANIFEST).decode("utf-8-sig")
        table = csv.DictReader(io.StringIO(content, newline=""))
        absent = set(columns) - set(table.fieldnames or ())
        if absent:
            raise DataError(
                f"{path}: must have the columns {', '.join(columns)}, "
                f"{', '.join(sorted(absent))} missing; correct it or take it away"
            )
        return [(f"{path}, line {table.line_num}", row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: must be a CSV file in UTF-8, but {error}") from error
