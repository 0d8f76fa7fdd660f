"""Records by the code that trained them, and their removal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.text import count_of, printable
from study.cli.shelf import check_idle
from study.search.code import code_digests
from study.search.registration import STUDY
from study.spec.errors import StudyError
from study.store.folder import Folder
from study.store.records import Record, RecordStore
from study.store.weights import WeightsStore

UNKNOWN = "unknown"  # of records of versions up to 0.2


@dataclass
class CodeGroup:
    """The records of one family that one code trained.

    Attributes:
        code: its digest, UNKNOWN where the records do not say.
        family: what was trained.
        is_current: whether it is the code that is here, so that a run here uses these records.
    """

    code: str
    family: str
    is_current: bool
    records: list[Record] = field(default_factory=list)

    @property
    def times(self) -> list[str]:
        """When the records were finished, ISO 8601, in ascending order."""
        return sorted(filter(None, (one.provenance.get("finished") for one in self.records)))

    def versions(self, package: str) -> list[str]:
        """The versions of a package that trained the records."""
        found = (one.provenance.get("versions", {}).get(package) for one in self.records)
        return sorted(set(filter(None, found)))


def group_by_code(records: Iterable[Record]) -> list[CodeGroup]:
    """The records by code and family, those of the code that is here first, then the newest."""
    here = code_digests()
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        code = record.ingredients.get("code", UNKNOWN)
        found[code, record.ingredients["family"]].append(record)
    groups = [
        CodeGroup(code, family, here.get(family) == code, members)
        for (code, family), members in found.items()
    ]
    groups.sort(key=lambda group: (group.family, group.code))
    return sorted(groups, key=lambda group: (group.is_current, group.times[-1:]), reverse=True)


def list_records(results: Folder, console: Console) -> None:
    """Print the records of the folder, a line for each code and family."""
    groups = group_by_code(RecordStore(results))
    if not groups:
        console.print(f"no records in {escape(printable(results))}", highlight=False)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("code", "family", "records", "PyTorch", "finished", ""):
        table.add_column(heading, justify="right" if heading == "records" else "left")
    for group in groups:
        days = [time[:10] for time in group.times]
        table.add_row(
            escape(printable(group.code)),
            escape(printable(group.family)),
            str(len(group.records)),
            escape(printable(", ".join(group.versions("torch")))),
            escape(printable(" to ".join(dict.fromkeys([*days[:1], *days[-1:]])))),
            "used by a run here" if group.is_current else "of other code, not used",
        )
    console.print(table, highlight=False)


def remove_records(results: Folder, code: str, console: Console) -> None:
    """Delete all records that this code trained, with their weights.

    Raises:
        StudyError: there is none, or a run is at work in the folder.
    """
    groups = group_by_code(RecordStore(results))
    wanted = [record for group in groups if group.code == code for record in group.records]
    if not wanted:
        known = ", ".join(dict.fromkeys(group.code for group in groups)) or "none"
        raise StudyError(f"no record in {results} is of the code {code}. There are: {known}")
    delete_records(results, wanted, console)


def delete_records(results: Folder, records: Sequence[Record], console: Console) -> None:
    """Delete records with their weights.

    Raises:
        StudyError: a run is at work in the folder.
        OSError: one cannot be deleted; those before it are.
    """
    check_idle(results)
    store, weights = RecordStore(results), WeightsStore(results)
    for record in records:
        weights.delete(record.key)
        store.delete(record.key)
    removed = count_of(len(records), "record")
    them = "it" if len(records) == 1 else "them"
    console.print(f"{removed} removed; the next run trains {them} again", highlight=False)


def what_follows(records: Sequence[Record]) -> str:
    """What comes of deleting records, in a sentence or two."""
    them = "it" if len(records) == 1 else "them"
    said = f"The next run that needs {them} trains {them} again; weights of {them} go, too."
    if any(record.provenance.get(STUDY) for record in records):
        said += (
            " Confirmed trainings also show what else was tried, and that claims were made before "
            "them: no report will know of these."
        )
    return said
