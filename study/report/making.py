"""The report's sections about how it was made: failures, cost, data, and where it comes from."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from hw3.text import count_of
from study.report.blocks import Block, Cell, Code, Column, Pairs, Table, Text
from study.report.cells import count_cell, frame_rows, number_cell, sourced
from study.report.sources import stage_source
from study.search.caveats import describe_caveats
from study.search.plan import Plan, describe_splits
from study.spec.budget import DataFacts
from study.spec.errors import error_line
from study.table.summary import list_failures, summarise_cost

PART_TITLES = {"train": "Training", "val": "Validation", "test": "Test"}


def format_seconds(seconds: float) -> str:
    """Hours and minutes, minutes and seconds, or seconds."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.0f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def failure_blocks(table: pd.DataFrame) -> list[Block]:
    """Every trial that diverged or failed, and why."""
    columns = [Column(name, number=False) for name in ("Trial", "Stage", "What happened")]
    rows = [
        [
            Cell(row["label"], [f"{row['configuration']}; seed {row['seed']}"]),
            Cell(row["stage"]),
            _error_cell(f"{row['status']} after {count_of(row['epoch'], 'epoch')}", row["error"]),
        ]
        for row in frame_rows(list_failures(table))
    ]
    return [Table(columns, rows)] if rows else [Text("No trial has diverged or failed.")]


def _error_cell(status: str, error: str) -> Cell:
    line = error_line(error)
    return Cell(status, [line], folded="" if line == error.strip() else error)


def cost_blocks(plan: Plan, table: pd.DataFrame) -> list[Block]:
    """What was trained, by stage and device, and how long it took."""
    costs = frame_rows(summarise_cost(table))
    epochs, seconds = (sum(row[name] for row in costs) for name in ("epochs", "seconds"))
    wall = (
        "The wall-clock time is not known, since the run that trained did not reach its end."
        if plan.seconds is None
        else f"The training took {format_seconds(plan.seconds)} of wall-clock time."
    )
    columns = (
        *(Column("Stage", number=False), Column("Device", number=False)),
        *(Column(name) for name in ("Trainings", "Epochs", "Training time", "Time per epoch")),
    )
    reading = (
        f"{count_of(epochs, 'epoch')} in {format_seconds(seconds)} of training, summed over all "
        f"workers. {wall} Trainings that another study in the same results folder, or a run that "
        "was interrupted, had recorded count in the training time, not in the wall-clock time."
    )
    table_of_costs = Table(columns, [_cost_cells(row) for row in costs])
    sources = [stage_source(row["stage"]) for row in costs]
    return [Text(reading, sources=tuple(dict.fromkeys(sources))), *[table_of_costs] * bool(costs)]


def _cost_cells(row: Mapping[str, Any]) -> list[Cell]:
    numbers = [
        count_cell(row["trainings"]),
        count_cell(row["epochs"]),
        Cell(format_seconds(row["seconds"]), order=row["seconds"]),
        number_cell("seconds", row["seconds"] / row["epochs"] if row["epochs"] else math.nan),
    ]
    return [Cell(row["stage"]), Cell(row["device"]), *sourced(numbers, stage_source(row["stage"]))]


def data_blocks(plan: Plan) -> list[Block]:
    """Where the data comes from, what each part holds, and what it cannot show."""
    data, shape = plan.data, plan.shape
    pairs = [
        ("Source", data.source),
        ("Location", data.location),
        ("Images", f"{data.image_size}×{data.image_size} pixels")
        if shape.is_image
        else ("Examples", shape.describe().removeprefix("examples of ")),
        *((PART_TITLES.get(part, part), _describe_part(data, part)) for part in data.counts),
        ("Fingerprint", data.fingerprint),
    ]
    caveats = [f"{caveat[0].upper()}{caveat[1:]}." for caveat in describe_caveats(plan)]
    return [Pairs(pairs), *map(Text, caveats)]


def _describe_part(data: DataFacts, part: str) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in data.counts[part].items())
    patients = data.patients.get(part)
    return f"{counts}; " + ("patients not known" if patients is None else f"{patients} patients")


def making_blocks(plan: Plan, weights: str = "") -> list[Block]:
    """The command, the budget, and what made the run."""
    budget, setting, provenance = plan.budget, plan.setting, dict(plan.provenance)
    numerics = setting.numerics
    pairs = [
        (
            "Budget",
            f"{count_of(budget.trials, 'trial')} per search, {count_of(budget.epochs, 'epoch')} "
            f"per full-length trial, {count_of(budget.seeds, 'seed')} per candidate",
        ),
        ("Sampler", f"{setting.sampler}{', reproducible' * setting.reproducible}"),
        ("Base seed", str(setting.seed)),
        ("Splits", describe_splits(plan)),
        ("Trained on", f"{numerics.device} in {numerics.precision}"),
        *[("Weights", weights)] * bool(weights),
    ]
    if provenance:
        dirty = ", with uncommitted changes" if provenance.pop("dirty", None) else ""
        pairs.append(("Commit", f"{provenance.pop('commit', None) or 'not known'}{dirty}"))
    pairs += [(name.capitalize(), _in_words(value)) for name, value in provenance.items()]
    return [Code(plan.command), Pairs(pairs)]


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)
