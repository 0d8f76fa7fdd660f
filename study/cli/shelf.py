"""`python -m study list`: the studies of a results folder, and what became of each."""

import io
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from hw3.files import UnusableFile
from hw3.text import count_of
from study.cli.columns import print_columns, print_line, print_plain
from study.search.plan import PLAN
from study.search.saved import saved_plan
from study.spec.errors import StudyError
from study.store.folder import Folder
from study.store.holder import Holder, HolderWatch
from study.store.lock import EXPIRES_AFTER, LOCK
from study.store.reading import MAX_BYTES, Damaged, parse_json
from study.store.records import RecordStore
from study.store.snapshot import SNAPSHOT, Snapshot, load_snapshot

VERDICTS, TABLE = "verdicts.json", "table.parquet"
MARKS = (PLAN, SNAPSHOT, VERDICTS, LOCK)  # files of which a study's folder has one
OUTCOMES = ("supported", "refuted", "undecided", "not judged")
STAGES = ("explore", "confirm", "timing")
UNKNOWN = "–"
HEADINGS = ("study", "state", "trials", "verdicts", "last (UTC)")
LOOK_EVERY = 1.0  # seconds, where a store's claims may be left of dead drivers

State = Literal["running", "finished", "unfinished", "interrupted", "damaged"]


@dataclass(frozen=True)
class Shelved:
    """A study in a results folder.

    Attributes:
        state: running; finished; unfinished, which ended with trainings that failed or are missing;
            interrupted; damaged, whose plan cannot be read.
        trials: ended ones, by stage.
        verdicts: how many claims got which; empty while it runs, and of a smoke run.
        last: ISO 8601; when it was last heard of.
        note: what else a user needs: how far it is, or the command that goes on.
    """

    name: str
    state: State
    trials: Mapping[str, int]
    verdicts: Mapping[str, int]
    last: str
    note: str = ""
    smoke: bool = False


def list_studies(results: Folder, console: Console) -> None:
    """Print a line for each study of the folder.

    Raises:
        StudyError: there is none.
        OSError: the folder cannot be read.
    """
    found = studies_in(results)
    if not found:
        raise StudyError(
            f"no study in {results}: name the folder of a run with --results, or begin one: "
            "python -m study run TARGET"
        )
    shelved = [_look(name, folder, holder) for name, (folder, holder) in found.items()]
    print_columns(console, HEADINGS, [_cells(one) for one in shelved])
    for one in shelved:
        if one.note:
            print_line(console, f"{one.name}: {one.note}")
    print_plain(console, f"{count_of(_count_records(results), 'record')} in {results}")


def studies_in(results: Folder) -> dict[str, tuple[Folder, Holder | None]]:
    """The folder of each study in a results folder, and who is at work in it."""
    folders = {name: results / name for name in results.folders()}
    known = {n: one for n, one in folders.items() if any(one.has(mark) for mark in MARKS)}
    return {n: (known[n], holder) for n, holder in _holders(known).items()}


def check_idle(results: Folder) -> None:
    """Raise StudyError if a run or a report is at work in the folder."""
    for name, (_, holder) in studies_in(results).items():
        if holder is not None:
            owner = holder.owner
            who = f"process {owner.pid} on {owner.host}" if owner else "another process"
            raise StudyError(
                f"nothing is deleted while a run is at work, and {who} is in {results}/{name}. "
                "Wait for it, or stop it"
            )


def _holders(folders: Mapping[str, Folder]) -> dict[str, Holder | None]:
    """Who is at work in each; in a store it takes a while to tell the living from the dead."""
    watches = {name: HolderWatch(folder) for name, folder in folders.items()}
    holders = {name: watch.look() for name, watch in watches.items()}
    deadline = time.monotonic() + EXPIRES_AFTER + 2 * LOOK_EVERY
    while time.monotonic() < deadline:
        unsure = [n for n, holder in holders.items() if holder is not None and not holder.is_sure]
        if not unsure:
            break
        time.sleep(LOOK_EVERY)
        holders |= {name: watches[name].look() for name in unsure}
    return holders


def _look(name: str, folder: Folder, holder: Holder | None) -> Shelved:
    snapshot = load_snapshot(folder)
    try:
        plan = saved_plan(folder)
        verdicts = _verdicts(folder)
        counted = _counted(folder)
    except (StudyError, Damaged, UnusableFile) as error:
        return Shelved(name, "damaged", {}, {}, "", str(error))
    state = _state(snapshot, holder, bool(verdicts))
    is_over = state in ("finished", "unfinished")
    if not (is_over and counted) and snapshot is not None:
        counted = {stage.name: stage.ended for stage in snapshot.stages} or counted
    command = plan.command if plan else ""
    return Shelved(
        name,
        state,
        counted,
        verdicts if is_over else {},
        snapshot.written if snapshot else "",
        _note(state, snapshot, command),
        smoke=plan is not None and not plan.budget.judged,
    )


def _state(snapshot: Snapshot | None, holder: Holder | None, is_judged: bool) -> State:
    if holder is not None:
        return "running"
    if snapshot is None:  # of versions that wrote none
        return "finished" if is_judged else "interrupted"
    if snapshot.state == "finished":
        return "finished"
    return "unfinished" if snapshot.state == "failed" else "interrupted"


def _note(state: State, snapshot: Snapshot | None, command: str) -> str:
    if state == "running":
        return snapshot.sentence() if snapshot else ""
    if state == "finished":
        return ""
    error = snapshot.error.partition("\n")[0] if snapshot and state == "unfinished" else ""
    return " ".join(filter(None, (error, f"go on with: {command}" if command else "")))


def _verdicts(folder: Folder) -> dict[str, int]:
    """How many claims got which verdict.

    Raises:
        study.store.reading.Damaged: the file holds no verdicts.
    """
    content = folder.read(VERDICTS, MAX_BYTES)
    listed = [] if content is None else parse_json(content)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Damaged(f"{folder}/{VERDICTS} holds no verdicts: report writes it again")
    return dict(Counter(str(one.get("verdict")) for one in listed))


def _counted(folder: Folder) -> dict[str, int]:
    """Trials by stage, as the last report had them; empty where there is none."""
    import pyarrow
    from pyarrow import parquet

    content = folder.read(TABLE)
    if content is None:
        return {}
    try:
        table = parquet.read_table(io.BytesIO(content), columns=["stage", "key"])
    except (pyarrow.ArrowException, OSError) as error:
        raise Damaged(f"{folder}/{TABLE} is no table: report writes it again") from error
    pairs = set(zip(table["stage"].to_pylist(), table["key"].to_pylist(), strict=True))
    return dict(Counter(str(stage) for stage, _ in pairs))


def _count_records(results: Folder) -> int:
    return len(RecordStore(results).folder.names(".json"))


def _cells(one: Shelved) -> tuple[str, ...]:
    trials = ", ".join(f"{name} {one.trials[name]}" for name in STAGES if one.trials.get(name))
    known = [*OUTCOMES, *sorted(set(one.verdicts) - set(OUTCOMES))]
    verdicts = ", ".join(f"{one.verdicts[name]} {name}" for name in known if name in one.verdicts)
    if one.smoke and verdicts:
        verdicts = "smoke run"
    last = one.last[:16].replace("T", "\N{NO-BREAK SPACE}")
    return one.name, one.state, trials or UNKNOWN, verdicts or UNKNOWN, last or UNKNOWN
