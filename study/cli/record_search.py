"""Which records of a results folder somebody means: by what is known of them, or by their keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rich.console import Console

from hw3.text import count_of
from study.cli.columns import print_columns, print_plain
from study.search.hyperparameters import recorded_values
from study.search.registration import CANDIDATE, STUDY
from study.search.trial import TIMED, Stage
from study.spec.errors import StudyError
from study.store.folder import Folder
from study.store.records import Record, RecordStore

SHORT = 12  # digits of a key that are shown; those of its beginning name it
LEAST = 4  # digits that a user must give
NAMED = 5  # records in a message
TOLD = ("family", "stage", "status", "host")  # of what there is, where nothing fits
HEADINGS = ("key", "stage", "family", "status", "epochs", "finished (UTC)", "for")


@dataclass(frozen=True)
class Wanted:
    """What records must be to be found; None where it may be anything.

    Attributes:
        study: that trained it, as confirmed records say.
        text: parts of the configuration as `config_text` writes it, each of which it must have.
    """

    family: str | None = None
    stage: str | None = None
    status: str | None = None
    seed: int | None = None
    host: str | None = None
    study: str | None = None
    text: tuple[str, ...] = ()

    def fits(self, record: Record) -> bool:
        """Whether a record is all that."""
        known = facts_of(record)
        named = (one.name for one in fields(self) if one.name != "text")
        wanted = {name: value for name in named if (value := getattr(self, name)) is not None}
        words = config_text(record).casefold()
        has_text = all(part.casefold() in words for part in self.text)
        return has_text and all(known[name] == value for name, value in wanted.items())

    def describe(self) -> str:
        """What is asked for, in the words of the command line."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        texts = [f"--text {part}" for part in given.pop("text")]
        return " ".join([f"--{k} {v}" for k, v in given.items() if v is not None] + texts)


def facts_of(record: Record) -> dict[str, Any]:
    """What is known of a record, by the names of `Wanted`."""
    origin = record.provenance
    return {
        "family": record.ingredients["family"],
        "stage": stage_of(record),
        "status": record.status,
        "seed": record.ingredients["seed"],
        "host": origin.get("host"),
        "study": origin.get(STUDY),
    }


def stage_of(record: Record) -> Stage:
    """What a record was trained for."""
    if TIMED in record.ingredients:
        return "timing"
    return "confirm" if record.provenance.get("number") is None else "explore"


def config_text(record: Record) -> str:
    """The hyper-parameters of a record, the recipe's among them: "channels=128, optimiser=adam"."""
    values = recorded_values(record.ingredients)
    return ", ".join(f"{name}={value}" for name, value in values.items())


def find_records(results: Folder, wanted: Wanted) -> list[Record]:
    """The records that fit, those that were finished last at the end.

    Raises:
        StudyError: there is none.
    """
    everything = list(RecordStore(results))
    found = sorted(filter(wanted.fits, everything), key=finished)
    if not found:
        raise StudyError(_none_fits(results, wanted, everything))
    return found


def _none_fits(results: Folder, wanted: Wanted, everything: Sequence[Record]) -> str:
    if not everything:
        return _no_records(results)
    there = "; ".join(f"{name} {_values(everything, name)}" for name in TOLD)
    count = count_of(len(everything), "record")
    return f"none of {count} in {results} fits {wanted.describe()}. There are: {there}"


def _no_records(results: Folder) -> str:
    return f"no records in {results}: name the folder of a run with --results"


def _values(records: Sequence[Record], name: str) -> str:
    return " or ".join(sorted({str(facts_of(record)[name]) for record in records}))


def find_by_keys(results: Folder, keys: Sequence[str]) -> list[Record]:
    """The record of each key, or of its first digits.

    Raises:
        StudyError: there is none, or more than one.
    """
    store = RecordStore(results)
    names = [name.removesuffix(".json") for name in store.folder.names(".json")]
    if not names:
        raise StudyError(_no_records(results))
    return [_find_one(store, names, key) for key in dict.fromkeys(keys)]


def _find_one(store: RecordStore, names: Sequence[str], key: str) -> Record:
    fitting = [name for name in names if name.startswith(key)] if len(key) >= LEAST else []
    record = store.find(fitting[0]) if len(fitting) == 1 else None
    if record is not None:
        return record
    if len(fitting) > 1:
        some = ", ".join(fitting[:NAMED]) + ", …" * (len(fitting) > NAMED)
        count = len(fitting)
        raise StudyError(f"{key} begins the keys of {count} records: {some}. Give more of it")
    raise StudyError(
        f"a record is named by its key, or by the first {LEAST} digits of it or more; none in "
        f"{store.folder} is named {key}. python -m study records find lists them"
    )


def finished(record: Record) -> str:
    """When a record was finished, ISO 8601; empty where it does not say."""
    return record.provenance.get("finished") or ""


def print_records(records: Sequence[Record], console: Console) -> None:
    """A line for each record."""
    rows = ([*_cells(record)] for record in records)
    print_columns(console, HEADINGS, rows, numbers=("epochs",))
    print_plain(console, count_of(len(records), "record"))


def _cells(record: Record) -> Iterable[str]:
    facts, length = facts_of(record), record.ingredients["recipe"].get("epochs", "?")
    length = record.ingredients.get(TIMED, length)
    done = len(record.rows)
    yield from (record.key[:SHORT], facts["stage"], facts["family"], record.status)
    yield str(done) if done == length else f"{done} of {length}"
    yield finished(record)[:16].replace("T", "\N{NO-BREAK SPACE}")
    yield ", ".join(filter(None, (facts["study"], record.provenance.get(CANDIDATE))))
