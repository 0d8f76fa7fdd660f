"""The report's sections about what was found: selection bias, candidates, searches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from hw3.text import count_of
from study.report.blocks import Block, Cell, Column, Table, Text
from study.report.cells import count_cell, frame_rows, number_cell, sourced
from study.report.sources import CONSTANT, candidate_source, search_source
from study.search.plan import Plan
from study.spec.study import Study
from study.spec.times import ELAPSED
from study.table.constant import Constant, constant_predictor
from study.table.formatting import NOTHING, column_name, format_range, format_value
from study.table.summary import (
    selection_scores,
    summarise_candidates,
    summarise_dropout,
    summarise_search,
    summarise_selection,
)

OF_TWO = ["sensitivity", "specificity"]  # classes
NO_NUMBER = Cell(NOTHING, order=math.nan)


def selection_blocks(plan: Plan, table: pd.DataFrame) -> list[Block]:
    """How much the choice flatters each chosen configuration; empty for a study without search, and
    for a smoke run, which shows no effects."""
    if not (plan.study.searches and plan.budget.judged):
        return []
    rows = frame_rows(summarise_selection(plan.study, table))
    objective = plan.setting.objective
    if not rows:
        return [Text("No search has a full-length trial, so nothing was chosen.")]
    test = ", and on the test set, which no search and no choice used," if _has_test(table) else ""
    reading = (
        f"A search chooses the best of many trials by their {column_name(objective)}, so the score "
        f"of the chosen trial is biased: it looks better than it is. On fresh seeds{test} the same "
        "configuration shows by how much."
    )
    scores = selection_scores(objective)
    validation, tested = (column_name(f"{part}_{scores[0]}") for part in ("val", "test"))
    columns = (
        *(Column("Chosen", number=False), Column("Best of")),
        *(Column(f"{validation.capitalize()}, when chosen"), Column("On fresh seeds")),
        *(Column(f"Change of {validation}"), Column(f"{tested.capitalize()}, fresh seeds")),
    )
    cells = [_selection_cells(row, scores) for row in rows]
    constant = _constant_selection(constant_predictor(plan.data.counts), scores)
    return [Text(reading), Table(columns, [*cells, constant])]


def _constant_selection(constant: Constant, names: tuple[str, str]) -> list[Cell]:
    """The row of `_selection_cells` of a model that has learnt nothing."""
    scores = {
        f"{part}_{score}": constant.score(f"{part}_{score}")
        for part in ("val", "test")
        for score in names
    }
    val, test = (_scores(scores, names, part, part) for part in ("val", "test"))
    return sourced([Cell(constant.name), NO_NUMBER, val, val, NO_NUMBER, test], CONSTANT)


def _has_test(table: pd.DataFrame) -> bool:
    """Whether any trial was scored on a test set."""
    return bool(table["test_accuracy"].notna().any())


def _selection_cells(row: Mapping[str, Any], names: tuple[str, str]) -> list[Cell]:
    changes = [row[f"fresh_{score}"] - row[f"chosen_{score}"] for score in names]
    deciding, beside = (
        format_value(f"val_{score}", change, difference=True)
        for score, change in zip(names, changes, strict=True)
    )
    best_of = Cell(
        count_of(row["trials"], "trial"), [count_of(row["n"], "fresh seed")], row["trials"]
    )
    fresh = [
        _scores(row, names, "fresh", "val"),
        Cell(deciding, [f"{names[1]}: {beside}"], order=changes[0]),
        _scores(row, names, "test", "test"),
    ]
    return [
        Cell(row["label"], [row["configuration"]]),
        *sourced([best_of, _scores(row, names, "chosen", "val")], search_source(row["search"])),
        *sourced(fresh, candidate_source(row["search"])),
    ]


def _scores(row: Mapping[str, Any], names: tuple[str, str], when: str, part: str) -> Cell:
    """The score that decides the choice, and below it the other one."""
    deciding, beside = names
    shown = format_value(f"{part}_{beside}", row[f"{when}_{beside}"])
    score = row[f"{when}_{deciding}"]
    return number_cell(f"{part}_{deciding}", score, *[f"{beside}: {shown}"] * (shown != NOTHING))


def candidate_blocks(plan: Plan, table: pd.DataFrame) -> list[Block]:
    """Scores and costs of every candidate, and what dropout does to the logged accuracy, an effect,
    which a smoke run does not show."""
    columns = (
        *(Column("Candidate", number=False), Column("Seeds"), Column("Validation accuracy")),
        *(Column("Test accuracy"), Column("Generalisation gap"), Column("Parameters")),
        *(Column("Multiply-adds"), Column("Training time")),
    )
    rows = frame_rows(summarise_candidates(plan.study, table))
    if not any(row["n"] for row in rows):
        return [Text("No training of a candidate reached its last epoch, so there are no scores.")]
    without_test = "" if _has_test(table) else " The data has no test part."
    constant = constant_predictor(plan.data.counts)
    cells = [_candidate_cells(row, plan, _has_test(table)) for row in _with_twins(rows)]
    fronts = [
        f" {search.choices[search.cheapest]}: the cheapest trial, {search.front.describe()}."
        for search in plan.study.searches
        if search.front is not None
    ]
    return [
        Text(
            "Means over seeds at the last epoch; in small print the range over seeds, and the mean "
            "at each seed's epoch of lowest validation loss."
        ),
        Table(columns, [*cells, _constant_cells(constant)]),
        Text(
            "Generalisation gap: validation minus training loss, both in evaluation mode. "
            f"Multiply-adds: forward, per {plan.examples[:-1]}. Training time: "
            f"{_which_time(rows)}.{''.join(fronts)}{without_test}",
            style="faint",
        ),
        *_class_blocks(rows, constant, plan),
        *map(Text, _mixtures(table)),
        *(_dropout_blocks(plan.study, table) if plan.budget.judged else ()),
    ]


def _with_twins(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of which those of one configuration say the label of the first in its place."""
    first: dict[str, str] = {}
    for row in rows:
        label = first.setdefault(row["configuration"], row["label"])
        same = row["n"] and label != row["label"]
        yield dict(row) | ({"configuration": f"the same as {label}"} if same else {})


def _constant_cells(constant: Constant) -> list[Cell]:
    """The row of `_candidate_cells` of a model that has learnt nothing: accuracies mean something
    beside it alone."""
    scored = (_score_cell(name, constant.scores) for name in ("val_accuracy", "test_accuracy"))
    gap = _score_cell("gap_loss", constant.scores)
    return sourced([Cell(constant.name), NO_NUMBER, *scored, gap, *[NO_NUMBER] * 3], CONSTANT)


def _class_blocks(rows: Sequence[Mapping[str, Any]], constant: Constant, plan: Plan) -> list[Block]:
    """How well each class was recognised; empty where no record has the logits of images.

    Args:
        rows: of `study.table.summary.summarise_candidates`.
    """
    parts = [
        part
        for part in ("val", "test")
        if not all(math.isnan(row[f"{part}_balanced_accuracy"]) for row in rows)
    ]
    if not parts:
        return []
    scores = ["accuracy", "balanced_accuracy", *OF_TWO * (len(plan.data.classes) == 2)]
    names = [f"{part}_{score}" for part in parts for score in scores]
    columns = [Column(column_name(name).capitalize()) for name in names]
    cells = [
        [Cell(label), *sourced((_score_cell(name, scores) for name in names), source)]
        for label, scores, source in (
            *((row["label"], row, candidate_source(row["candidate"])) for row in rows),
            (constant.name, constant.scores, CONSTANT),
        )
    ]
    reading = f"{_class_reading(plan)} Means over seeds at the last epoch."
    return [Text(reading), Table([Column("Candidate", number=False), *columns], cells)]


def _class_reading(plan: Plan) -> str:
    classes = list(plan.data.classes)
    examples = plan.examples
    if len(classes) > 2:
        return (
            f"How well the classes were recognised: balanced accuracy is the mean over the "
            f"{len(classes)} classes of the share of their {examples} that were classified "
            "correctly."
        )
    return (
        f"How well each class was recognised: sensitivity is the share of the {classes[1]} "
        f"{examples} that were classified correctly, specificity that of the {classes[0]} "
        f"{examples}, both with a threshold of 0 on the logit; balanced accuracy is their mean."
    )


def _score_cell(column: str, scores: Mapping[str, float]) -> Cell:
    return number_cell(column, scores.get(column, math.nan))


def _mixtures(table: pd.DataFrame) -> Iterator[str]:
    """Candidates whose trainings differ in what may change their numbers, a sentence each."""
    finals = table.loc[(table["stage"] == "confirm") & table["is_final"]]
    for label, trainings in finals.groupby("label", sort=False):
        for column, what in (("torch", "PyTorch"), ("device", "the device")):
            counts = trainings[column].value_counts()
            if len(counts) > 1:
                each = ", ".join(f"{value} ({count})" for value, count in counts.items())
                yield (
                    f"The trainings of {label} differ in {what}: {each}. Equal seeds may differ in "
                    "rounding."
                )


def _candidate_cells(row: Mapping[str, Any], plan: Plan, with_test: bool) -> list[Cell]:
    over_seeds = format_range("val_accuracy", row["val_accuracy_low"], row["val_accuracy_high"])
    best, best_test = (
        f"at lowest loss: {format_value(f'{part}_accuracy', row[f'best_{part}_accuracy'])}"
        for part in ("val", "test")
    )
    numbers = [
        count_cell(row["n"], plan.budget.seeds),
        number_cell("val_accuracy", row["val_accuracy"], over_seeds, best),
        number_cell("test_accuracy", row["test_accuracy"], *[best_test] * with_test),
        *(number_cell(name, row[name]) for name in ("gap_loss", "parameters", "multiply_adds")),
        number_cell(ELAPSED, row["elapsed"] if math.isnan(row[ELAPSED]) else row[ELAPSED]),
    ]
    label = Cell(row["label"], [row["configuration"]])
    return [label, *sourced(numbers, candidate_source(row["candidate"]))]


def _which_time(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether the candidates were timed: all of them are, or none is."""
    if all(math.isnan(row[ELAPSED]) for row in rows):
        return "beside other trials, so that it depends on the machine's load"
    return "from epochs that were timed alone"


def _dropout_blocks(study: Study, table: pd.DataFrame) -> list[Block]:
    """How much dropout lowers the logged training accuracy; empty without dropout."""
    rows = frame_rows(summarise_dropout(study, table))
    if not rows:
        return []
    reading = (
        "The training accuracy is logged while dropout is active, which lowers it. Computed again "
        "in evaluation mode, at the last epoch, the gap of training minus validation accuracy "
        "differs; the difference is the effect of dropout itself. It includes what the weights "
        "gained in the course of the epoch."
    )
    columns = (
        *(Column("Candidate with dropout", number=False), Column("Seeds")),
        *(Column("Gap, as logged"), Column("Gap, evaluation mode"), Column("Effect of dropout")),
        Column("95 % interval"),
    )
    return [Text(reading), Table(columns, [_dropout_cells(row) for row in rows])]


def _dropout_cells(row: Mapping[str, Any]) -> list[Cell]:
    effect = format_value("train_accuracy", row["effect"], difference=True)
    low, high = row["effect_low"], row["effect_high"]
    numbers = [
        count_cell(row["n"]),
        number_cell("gap_accuracy_logged", row["gap_logged"]),
        number_cell("gap_accuracy", row["gap_evaluated"]),
        Cell(effect, order=row["effect"]),
        Cell(
            format_range("train_accuracy", low, high, difference=True, with_unit=False), order=low
        ),
    ]
    return [Cell(row["label"]), *sourced(numbers, candidate_source(row["candidate"]))]


def search_blocks(plan: Plan, table: pd.DataFrame) -> list[Block]:
    """How the trials of each search ended; empty for a study without search."""
    names = ("Trials", "Full length", "Stopped early", "Diverged", "Failed", "Epochs trained")
    columns = (Column("Search", number=False), *(Column(name) for name in names))
    rows = [_search_cells(row, plan) for row in frame_rows(summarise_search(plan.study, table))]
    return [Table(columns, rows)] if rows else []


def _search_cells(row: Mapping[str, Any], plan: Plan) -> list[Cell]:
    unstopped = f"of {row['unstopped']:,} without stopping"
    numbers = [
        count_cell(row["trials"], plan.budget.trials),
        *(count_cell(row[status]) for status in ("complete", "stopped", "diverged", "failed")),
        Cell(f"{row['epochs']:,}", [unstopped], order=row["epochs"]),
    ]
    label = Cell(row["label"], [row["space"]])
    return [label, *sourced(numbers, search_source(row["search"]))]
