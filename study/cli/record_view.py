"""One record in full, and two side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from study.cli.columns import flatten, print_columns, print_heading, print_plain
from study.cli.record_search import SHORT, stage_of
from study.cli.view import spark_line
from study.search.code import code_digests
from study.search.registration import CLAIMS, OTHERS
from study.store.folder import Folder
from study.store.records import Record
from study.store.weights import WeightsStore
from study.table.formatting import column_name, format_value

CURVE = ("train_loss", "val_loss", "val_accuracy", "val_auroc")
COMPARED = ("val_loss", "val_accuracy")
MOST_EPOCHS = 12  # lines of a curve; of a longer one some epochs are shown, the last among them
WIDTH = 40  # characters of a spark line
LONG = (CLAIMS, OTHERS)  # of a provenance: digests of claims, which are counted
SAME = "the same"


def show_record(record: Record, results: Folder, console: Console) -> None:
    """All that a record holds but for the scores of single images."""
    params = {f"searched {name}": value for name, value in record.params.items()}
    rows = {
        "key": record.key,
        "stage": stage_of(record),
        "status": record.status,
        "code": _code_words(record),
        "weights": "kept" if record.key in WeightsStore(results).kept() else "not kept",
        **({"stopping": f"by {record.pruned_by}"} if record.pruned_by != "none" else {}),
        **params,
    }
    _print_pairs("Record", rows, console)
    _print_pairs("Ingredients, which decide the numbers", flatten(record.ingredients), console)
    if record.rows:
        print_heading(console, "Curve")
        print_columns(console, ("epoch", *CURVE), list(_curve(record)), ("epoch", *CURVE))
        for name in COMPARED:
            print_plain(console, f"{column_name(name)}  {curve_line(_values(record, name))}")
    _print_pairs("Cost", dict(record.cost), console)
    _print_pairs("Provenance", _origin(record), console)
    if record.error:
        print_heading(console, "Error")
        print_plain(console, record.error)


def compare_records(first: Record, second: Record, console: Console) -> None:
    """What differs between two records, and their curves side by side."""
    names = (first.key[:SHORT], second.key[:SHORT])
    parts = [flatten(one.ingredients) for one in (first, second)]
    differing = list(differences(*parts))
    print_heading(console, "Ingredients that differ")
    if differing:
        print_columns(console, ("", *names), differing)
    equal = len(parts[0].keys() | parts[1].keys()) - len(differing)
    print_plain(console, f"{equal} others are the same" if differing else "none")
    origins = [_origin(one) | {"status": one.status} for one in (first, second)]
    print_heading(console, "Where they come from, as far as it differs")
    print_columns(console, ("", *names), list(differences(*origins)))
    print_heading(console, "Curves")
    headings = [f"{column_name(name)} {which}" for name in COMPARED for which in names]
    print_columns(console, ("epoch", *headings), list(_both(first, second)), ("epoch", *headings))
    for name in COMPARED:
        _print_sparks(name, dict(zip(names, (first, second), strict=True)), console)


def _print_sparks(name: str, records: Mapping[str, Record], console: Console) -> None:
    """The curves of several records by one scale."""
    curves = {key: _values(record, name) for key, record in records.items()}
    every = [value for curve in curves.values() for value in curve if value is not None]
    for key, curve in curves.items():
        print_plain(console, f"{column_name(name)}, {key}  {curve_line(curve, every)}")


def differences(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Name and both values of what two mappings have not in common; "–" where one lacks it."""
    for name in dict.fromkeys((*first, *second)):
        here, there = (str(one[name]) if name in one else "–" for one in (first, second))
        if here != there:
            yield name, here, there


def curve_line(values: Sequence[float | None], scale: Sequence[float] = ()) -> str:
    """A curve as a line of blocks, thinned out to WIDTH.

    Args:
        scale: numbers between whose least and greatest the blocks lie; the values if empty.
    """
    known = [value for value in (scale or values) if value is not None]
    low, span = min(known, default=0.0), (max(known, default=0.0) - min(known, default=0.0)) or 1.0
    thinned = values[:: max(1, -(-len(values) // WIDTH))]
    return spark_line([None if value is None else (value - low) / span for value in thinned])


def _print_pairs(title: str, pairs: Mapping[str, Any], console: Console) -> None:
    if pairs:
        print_heading(console, title)
        print_columns(console, ("", ""), list(pairs.items()))


def _code_words(record: Record) -> str:
    family, code = record.ingredients["family"], record.ingredients.get("code", "")
    is_here = code_digests().get(family) == code
    return "is here: used by a run" if is_here else "another is here: not used by a run"


def _origin(record: Record) -> dict[str, Any]:
    """The provenance, digests of claims counted."""
    origin = {k: v for k, v in record.provenance.items() if v is not None and k not in LONG}
    claims = {f"{n} registered": len(record.provenance[n]) for n in LONG if n in record.provenance}
    return flatten(origin) | claims


def _values(record: Record, name: str) -> list[float | None]:
    return [row[name] for row in record.rows]


def _shown(count: int) -> list[int]:
    """Places of the epochs that are shown, of so many."""
    step = max(1, -(-count // MOST_EPOCHS))
    return sorted({*range(0, count, step), count - 1}) if count else []


def _curve(record: Record) -> Iterator[list[str]]:
    for place in _shown(len(record.rows)):
        row = record.rows[place]
        yield [str(row["epoch"]), *(_number(name, row[name]) for name in CURVE)]


def _both(first: Record, second: Record) -> Iterator[list[str]]:
    for place in _shown(max(len(first.rows), len(second.rows))):
        cells = [
            _number(name, one.rows[place][name]) if place < len(one.rows) else ""
            for name in COMPARED
            for one in (first, second)
        ]
        yield [str(place + 1), *cells]


def _number(name: str, value: float | None) -> str:
    return "–" if value is None else format_value(name, value)
