"""What the report says, section by section, as data: HTML and Markdown are drawn from the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from study.figures import DrawnFigure
from study.spec.budget import Budget, DataFacts
from study.spec.study import Study
from study.table.summary import (
    list_failures,
    summarise_cost,
    summarise_dropout,
    summarise_points,
    summarise_search,
    summarise_selection,
)
from study.table.units import NOTHING, format_range, format_value

OF_SEARCH = {"search", "slices", "importance", "rungs"}  # kinds of figures
PARTS = {"train": "Training", "val": "Validation", "test": "Test"}
CLAIMS_STOOD = "Claims stood in the task's file before the run. "
VERDICTS_READ = (
    "A claim names a region for the mean over seeds; it is supported or refuted where p is at most "
    "0.05: the greater of an exact sign-flip test's over seeds, which takes values as symmetric, "
    "and of one that takes them as skewed as an exponential; two-sided unless its row says "
    "one-sided, corrected by Holm over all claims. Intervals are of each effect alone, by sign "
    "flips, so that one may exclude a bound and the claim stay undecided; "
    "they show the noise of seeds, not that of the images. The interval over test images, where "
    "there is one, shows that of the images and not that of seeds: a bootstrap of images, paired "
    "and averaged over seeds, that takes those of one patient as independent and decides nothing."
)


@dataclass(frozen=True)
class Facts:
    """What the report says of the run that made it.

    Attributes:
        command: the exact command line.
        data: what it was made on.
        budget: what the run might spend.
        notes: further sentences for the reader, on sampler or device for example.
        provenance: what `study.store.provenance.provenance` says: commit, dirty, driver, versions.
        wall_seconds: of the run; None where the report alone was made again.
        claim_notes: of claims that did not stand before the run, `study.claims.claim_notes`.
    """

    command: str
    data: DataFacts
    budget: Budget
    notes: Sequence[str] = ()
    provenance: Mapping[str, Any] | None = None
    wall_seconds: float | None = None
    claim_notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """A paragraph; `faint` where it only helps to read what stands above."""

    kind: ClassVar = "text"
    text: str
    faint: bool = False


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    kind: ClassVar = "code"
    text: str


@dataclass(frozen=True)
class Pairs:
    """Names and what they stand for."""

    kind: ClassVar = "pairs"
    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """A figure of the study."""

    kind: ClassVar = "picture"
    figure: DrawnFigure


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        small: further lines, in small print.
        order: what its column is sorted by, NaN last; its text where None.
        sign, style: a verdict's sign; what the style sheet calls the cell.
    """

    text: str
    small: Sequence[str] = ()
    order: float | None = None
    sign: str = ""
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A column's head; numbers stand to the right."""

    name: str
    number: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of one cell a column."""

    kind: ClassVar = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


Block = Text | Code | Pairs | Picture | Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


def report_sections(
    study: Study,
    table: pd.DataFrame,
    verdicts: Sequence[Mapping[str, Any]],
    facts: Facts,
    figures: Sequence[DrawnFigure],
) -> list[Section]:
    """The report in its order; what there is nothing of is left out, or says why.

    Args:
        verdicts: `study.report.render.verdict_rows`.
        figures: of the study, the answer first.
    """
    kinds = {figure.name: figure.kind for figure in study.figures}
    pictures = [Picture(figure) for figure in figures]
    spent = [picture for picture in pictures[1:] if kinds.get(picture.figure.name) in OF_SEARCH]
    curves = [picture for picture in pictures[1:] if picture not in spent]
    has_test = bool(table["test_accuracy"].notna().any())
    read = ("" if facts.claim_notes else CLAIMS_STOOD) + VERDICTS_READ
    sections = [
        Section("Verdicts", [_verdict_table(verdicts), Text(read, faint=True)]),
        Section("The answer", pictures[:1]),
        Section("What the selection cost", _selection(study, table, has_test)),
        Section("Curves and comparisons", curves),
        Section("Confirmed points", _points(study, table, facts.budget, has_test)),
        Section("The search", [*spent, *_search(study, table, facts.budget)]),
        Section("Failures", _failures(table)),
        Section("Cost", _cost(table, facts)),
        Section("Data", [Pairs(_data_pairs(facts.data))]),
        Section("How it was made", _making(facts)),
    ]
    return [section for section in sections if section.blocks]


def format_seconds(seconds: float) -> str:
    """Hours and minutes, minutes and seconds, or seconds."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.0f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _verdict_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = (
        *(Column(name, number=False) for name in ("Verdict", "Claim", "The homework said")),
        *(Column("Effect found", number=False), Column("95 % interval")),
        *(Column("Seeds"), Column("p after Holm")),
    )
    return Table(columns, [_verdict_cells(row) for row in rows])


def _verdict_cells(row: Mapping[str, Any]) -> list[Cell]:
    notes = [f"claimed: {row['claimed']}", *([row["reason"]] if row["reason"] else [])]
    over_images = [f"over test images: {row['images']}"] * (row["images"] != NOTHING)
    return [
        Cell(row["verdict"], order=row["rank"], sign=row["symbol"], style=row["style"]),
        Cell(row["text"], notes),
        Cell(row["homework"], [row["figure"]]),
        Cell(row["found"], [row["judged_on"]], order=row["effect"], style="effect"),
        Cell(row["interval"], over_images, order=row["ci_low"]),
        Cell(row["n"], order=int(row["n"])),
        Cell(row["p"], order=row["p_value"]),
    ]


def _selection(study: Study, table: pd.DataFrame, has_test: bool) -> list[Block]:
    rows = _records(summarise_selection(study, table))
    if not rows:
        return [Text("No search reached its end, so nothing was chosen.")]
    test = ", and on the test set that no search and no choice saw," if has_test else ""
    reading = (
        "The choice of a search is the best of many tries on the validation set, so its score "
        f"there flatters it. The same configuration on fresh seeds{test} shows by how much."
    )
    columns = (
        *(Column("Chosen", number=False), Column("Best of"), Column("Validation, when chosen")),
        *(Column("Validation, fresh seeds"), Column("Change"), Column("Test, fresh seeds")),
    )
    return [Text(reading), Table(columns, [_selection_cells(row) for row in rows])]


def _selection_cells(row: Mapping[str, Any]) -> list[Cell]:
    changes = [row[f"fresh_{score}"] - row[f"chosen_{score}"] for score in ("loss", "accuracy")]
    loss, accuracy = (
        format_value(f"val_{score}", change, difference=True)
        for score, change in zip(("loss", "accuracy"), changes, strict=True)
    )
    return [
        Cell(row["label"], [row["configuration"]]),
        Cell(f"{row['trials']} trials", [f"{row['n']} fresh seeds"], order=row["trials"]),
        _scores(row, "chosen", "val"),
        _scores(row, "fresh", "val"),
        Cell(loss, [accuracy], order=changes[0]),
        _scores(row, "test", "test"),
    ]


def _scores(row: Mapping[str, Any], when: str, part: str) -> Cell:
    """Loss, by which was chosen, above accuracy."""
    accuracy = format_value(f"{part}_accuracy", row[f"{when}_accuracy"])
    return _number(f"{part}_loss", row[f"{when}_loss"], *[accuracy] * (accuracy != NOTHING))


def _points(study: Study, table: pd.DataFrame, budget: Budget, has_test: bool) -> list[Block]:
    columns = (
        *(Column("Baseline", number=False), Column("Seeds"), Column("Validation accuracy")),
        *(Column("Test accuracy"), Column("Loss gap"), Column("Parameters")),
        *(Column("Multiply-adds"), Column("Training time")),
    )
    rows = _records(summarise_points(study, table))
    without_test = "" if has_test else " The data has no test part."
    return [
        Text(
            "Means over seeds at the last epoch; in small print the range over seeds, and the "
            "mean at each seed's epoch of least validation loss."
        ),
        Table(columns, [_point_cells(row, budget.seeds, has_test) for row in rows]),
        Text(
            "Loss gap: validation minus training loss, both in evaluation mode; multiply-adds: "
            f"forward, an image.{without_test}",
            faint=True,
        ),
        *_dropout(study, table),
    ]


def _dropout(study: Study, table: pd.DataFrame) -> list[Block]:
    """How much of the logged training accuracy is dropout's own doing."""
    rows = _records(summarise_dropout(study, table))
    if not rows:
        return []
    reading = (
        "Training accuracy is logged while dropout is active, which lowers it. Scored again in "
        "evaluation mode, at the last epoch, the gap of training minus validation accuracy is "
        "another; the difference is dropout's own effect. It includes what the weights gained "
        "while the epoch went on."
    )
    columns = (
        *(Column("Baseline with dropout", number=False), Column("Seeds"), Column("Gap, as logged")),
        *(Column("Gap, evaluation mode"), Column("Dropout's own effect")),
        Column("95 % interval"),
    )
    return [Text(reading), Table(columns, [_dropout_cells(row) for row in rows])]


def _dropout_cells(row: Mapping[str, Any]) -> list[Cell]:
    effect = format_value("train_accuracy", row["effect"], difference=True)
    low, high = row["effect_low"], row["effect_high"]
    return [
        Cell(row["label"]),
        _count(row["n"]),
        _number("gap_accuracy_logged", row["gap_logged"]),
        _number("gap_accuracy", row["gap_evaluated"]),
        Cell(effect, order=row["effect"]),
        Cell(format_range("train_accuracy", low, high, True, False), order=low),
    ]


def _point_cells(row: Mapping[str, Any], seeds: int, has_test: bool) -> list[Cell]:
    seen = format_range("val_accuracy", row["val_accuracy_low"], row["val_accuracy_high"])
    best, best_test = (
        f"least loss: {format_value(f'{part}_accuracy', row[f'best_{part}_accuracy'])}"
        for part in ("val", "test")
    )
    return [
        Cell(row["label"], [row["configuration"]]),
        _count(row["n"], seeds),
        _number("val_accuracy", row["val_accuracy"], seen, best),
        _number("test_accuracy", row["test_accuracy"], *[best_test] * has_test),
        *(_number(name, row[name]) for name in ("gap_loss", "parameters", "multiply_adds")),
        _number("elapsed", row["elapsed"]),
    ]


def _search(study: Study, table: pd.DataFrame, budget: Budget) -> list[Block]:
    names = ("Trials", "Full length", "Stopped", "Diverged", "Failed", "Epochs")
    columns = (Column("Search", number=False), *(Column(name) for name in names))
    rows = [
        [
            Cell(row["label"], [row["space"]]),
            _count(row["trials"], budget.trials),
            *(_count(row[status]) for status in ("complete", "stopped", "diverged", "failed")),
            Cell(f"{row['epochs']:,}", [f"of {row['unstopped']:,} unstopped"], row["epochs"]),
        ]
        for row in _records(summarise_search(study, table))
    ]
    return [Table(columns, rows)] if rows else []


def _failures(table: pd.DataFrame) -> list[Block]:
    columns = [Column(name, number=False) for name in ("Trial", "Stage", "What happened")]
    rows = [
        [
            Cell(row["label"], [f"{row['configuration']}; seed {row['seed']}"]),
            Cell(row["stage"]),
            Cell(f"{row['status']} after {_epochs(row['epoch'])}", [row["error"]]),
        ]
        for row in _records(list_failures(table))
    ]
    return [Table(columns, rows)] if rows else [Text("No trial diverged or failed.")]


def _cost(table: pd.DataFrame, facts: Facts) -> list[Block]:
    costs = _records(summarise_cost(table))
    epochs, seconds = (sum(row[name] for row in costs) for name in ("epochs", "seconds"))
    wall = (
        "The wall-clock time of the run was not measured: the report was made again."
        if facts.wall_seconds is None
        else f"The run took {format_seconds(facts.wall_seconds)} of wall-clock time."
    )
    columns = (
        *(Column("Stage", number=False), Column("Device", number=False)),
        *(Column(name) for name in ("Trainings", "Epochs", "Training time", "An epoch")),
    )
    rows = [
        [
            Cell(row["stage"]),
            Cell(row["device"]),
            _count(row["trainings"]),
            _count(row["epochs"]),
            Cell(format_seconds(row["seconds"]), order=row["seconds"]),
            _number("seconds", row["seconds"] / row["epochs"] if row["epochs"] else math.nan),
        ]
        for row in costs
    ]
    reading = (
        f"{_epochs(epochs)} in {format_seconds(seconds)} of training, summed over all workers. "
        f"{wall} Trainings that an earlier run or another study of the same results folder had "
        "recorded were not trained again, and count in the training time alone."
    )
    return [Text(reading), *([Table(columns, rows)] if rows else [])]


def _data_pairs(data: DataFacts) -> list[tuple[str, str]]:
    return [
        ("Source", data.source),
        ("Location", data.location),
        ("Images", f"{data.image_size}×{data.image_size} pixels"),
        *((PARTS.get(part, part), _describe_part(data, part)) for part in data.counts),
        ("Fingerprint", data.fingerprint),
    ]


def _describe_part(data: DataFacts, part: str) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in data.counts[part].items())
    patients = data.patients.get(part)
    return f"{counts}; " + ("patients not known" if patients is None else f"{patients} patients")


def _making(facts: Facts) -> list[Block]:
    budget, provenance = facts.budget, dict(facts.provenance or {})
    spent = f"{budget.trials} trials a search, {budget.epochs} epochs, {budget.seeds} seeds a point"
    pairs = [("Budget", spent)]
    if provenance:
        dirty = ", with changes that are not committed" if provenance.pop("dirty", None) else ""
        pairs.append(("Commit", f"{provenance.pop('commit', None) or 'not known'}{dirty}"))
    pairs += [(name.capitalize(), _in_words(value)) for name, value in provenance.items()]
    return [Code(facts.command), Pairs(pairs), *(Text(note) for note in facts.notes)]


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)


def _number(column: str, value: float, *small: str) -> Cell:
    return Cell(format_value(column, value), small, order=value)


def _count(count: int, planned: int = 0) -> Cell:
    """A count, and how many it should have been where it is less."""
    return Cell(f"{count:,}", [f"of {planned:,}"] * (count < planned), order=count)


def _epochs(count: int) -> str:
    return f"{count:,} {'epoch' if count == 1 else 'epochs'}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
