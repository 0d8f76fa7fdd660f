"""Looks at a run that is under way elsewhere, from its results folder alone; changes nothing."""

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from rich.console import Console
from rich.text import Text

from study.cli.view import View, can_draw, live, log_line, plain, print_line, seconds_since
from study.spec.durations import describe_time
from study.spec.errors import StudyError
from study.spec.shell import shell_line
from study.store.folder import Folder
from study.store.holder import Holder, HolderWatch
from study.store.lock import EXPIRES_AFTER, LOCK
from study.store.snapshot import SNAPSHOT, Snapshot, load_snapshot

LOOK_EVERY, LINE_EVERY = 2.0, 15.0  # seconds between two looks, between two plain lines
BEGINS_WITHIN = 120.0  # seconds; a run that was just started loads its data, and starts Ray
SILENT = 30.0  # seconds without a new snapshot, after which that is said
REPORT = "report.html"

Kind = Literal["nothing", "busy", "running", "ended", "died"]


@dataclass(frozen=True)
class Sight:
    """What is seen of a study's folder.

    Attributes:
        holder: who holds its lock, which tells who runs; the snapshot tells how far they are.
    """

    holder: Holder | None
    snapshot: Snapshot | None

    @property
    def kind(self) -> Kind:
        """What happens there: "busy" is a process that has not said how far it is, as one that
        writes a report."""
        if self.snapshot is None:
            return "busy" if self.holder else "nothing"
        if self.holder is None:
            return "died" if self.snapshot.state == "running" else "ended"
        owner = self.holder.owner
        driver = (self.snapshot.host, self.snapshot.pid)
        if owner is not None and (owner.host, owner.pid) != driver:
            return "busy"
        return "running" if self.snapshot.state == "running" else "ended"

    @property
    def is_sure(self) -> bool:
        """Whether another look would show the same, but for how far it is."""
        if self.holder is None or self.holder.is_sure or self.kind == "ended":
            return True
        return self.snapshot is not None and seconds_since(self.snapshot.written) < EXPIRES_AFTER


def watch(name: str, again: str, results: Folder, console: Console, once: bool = False) -> int:
    """Show how far the study's run is until it ends, or once.

    Args:
        name: of the study.
        again: the command that writes the report again.

    Returns:
        The exit code: 0 of a run that is under way or has finished, 1 of one that has ended
        otherwise.

    Raises:
        StudyError: nothing runs there, and nothing tells of an earlier run.
        OSError: the folder cannot be read.
    """
    folder = results / name
    sights = _sights(folder)
    sight = next(sights)
    while once and not sight.is_sure:
        sight = next(sights)
    if not once:
        if sight.kind == "nothing":
            sight = _wait_for_beginning(sights, folder, console)
        sight = _follow(sight, sights, console)
    if sight.kind == "nothing":
        raise StudyError(
            f"nothing runs in {folder}, and nothing there says how an earlier run ended. A run "
            "that was just started may still be loading: without --once, watch waits for it. If "
            "that is not where the run keeps its results, name it with --results."
        )
    if sight.snapshot is not None:
        console.print(View(sight.snapshot))
    for line in _told(sight, folder, again):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    is_well = sight.kind in ("running", "busy") or _state(sight) == "finished"
    return 0 if is_well else 1


def study_name(target: str, results: Folder) -> str:
    """The name of a target's study. Where the results folder has a run of that name, nothing is
    imported: what runs elsewhere need not run here.

    Raises:
        StudyError: the target is no study.
    """
    if target.isidentifier():
        folder = results / target
        if folder.has(SNAPSHOT) or folder.has(LOCK):
            return target
    from study.cli.target import find_study

    return find_study(target).name


def _sights(folder: Folder) -> Iterator[Sight]:
    holders = HolderWatch(folder)
    look = partial(_look, holders, folder)
    while True:
        sight = look()
        # Another look: a run may have begun or ended between its lock and its snapshot.
        yield look() if sight.kind == "died" else sight
        time.sleep(LOOK_EVERY)


def _look(holders: HolderWatch, folder: Folder) -> Sight:
    holder = holders.look()
    return Sight(holder, load_snapshot(folder))


def _wait_for_beginning(sights: Iterator[Sight], folder: Folder, console: Console) -> Sight:
    """The first sight of a run, or the last of nothing."""
    said = f"nothing runs in {plain(str(folder))} yet; waiting {BEGINS_WITHIN:.0f} s for a run"
    print_line(said, console)
    deadline = time.monotonic() + BEGINS_WITHIN
    while (sight := next(sights)).kind == "nothing" and time.monotonic() < deadline:
        continue
    return sight


def _follow(sight: Sight, sights: Iterator[Sight], console: Console) -> Sight:
    """Show each sight until nothing runs; the last."""
    if not can_draw(console):
        return _follow_in_lines(sight, sights, console)
    with live(lambda: _picture(sight), console):
        while sight.kind in ("running", "busy"):
            sight = next(sights)
    return sight


def _follow_in_lines(sight: Sight, sights: Iterator[Sight], console: Console) -> Sight:
    last_line = -LINE_EVERY
    while sight.kind in ("running", "busy"):
        if time.monotonic() - last_line >= LINE_EVERY:
            last_line = time.monotonic()
            shown = sight.snapshot if sight.kind == "running" else None
            print_line(log_line(shown) if shown else _busy(sight), console)
        sight = next(sights)
    return sight


def _picture(sight: Sight) -> View | Text:
    if sight.snapshot is None or sight.kind == "busy":
        return Text(_busy(sight))
    return View(sight.snapshot, _silence(sight.snapshot))


def _silence(snapshot: Snapshot) -> str:
    silent = seconds_since(snapshot.written)
    if silent < SILENT:
        return ""
    return f"no word for {describe_time(silent)}: it may be stopped, or cut off from its results"


def _state(sight: Sight) -> str:
    return sight.snapshot.state if sight.snapshot else ""


def _told(sight: Sight, folder: Folder, again: str) -> Iterator[str]:
    """What is said below the picture: how it ended, and the command to go on with."""
    snapshot = sight.snapshot
    if sight.kind == "busy" or snapshot is None:
        yield _busy(sight)
        return
    when, driver = _local(snapshot.written), f"process {snapshot.pid} on {plain(snapshot.host)}"
    resume = f"  {plain(snapshot.command)}"
    if sight.kind == "running":
        yield plain(_silence(snapshot)) or f"{driver}, as of {when}"
    elif sight.kind == "died":
        yield f"The run has died: {driver}, last heard of at {when}.{_elsewhere(snapshot)}"
        yield from ("Every finished trial is recorded. Resume with:", resume)
    elif snapshot.state == "finished":
        yield f"The run finished at {when}. Its report: {plain(f'{folder}/{REPORT}')}"
        yield from ("To judge and draw it again:", f"  {again}")
    elif snapshot.state == "interrupted":
        yield f"The run was interrupted at {when}; every finished trial is recorded."
        yield from ("Resume with:", resume)
    else:
        yield f"The run failed at {when}: {plain(snapshot.error)}"
        yield from (
            "Every finished trial is recorded. When its cause is mended, resume with:",
            resume,
        )


def _elsewhere(snapshot: Snapshot) -> str:
    """Where somebody has to look who runs on a file system that shows no locks of other hosts."""
    if snapshot.host == platform.node():
        return ""
    return " (As far as this machine sees that one's lock.)"


def _busy(sight: Sight) -> str:
    owner = sight.holder.owner if sight.holder else None
    who = f"process {owner.pid} on {owner.host} since {owner.started}" if owner else "a process"
    return plain(f"{who} uses the folder, and has not said how far it is")


def _local(when: str) -> str:
    """A time in ISO 8601 as this machine's clock shows it."""
    try:
        return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M:%S %z}"
    except ValueError:
        return plain(when)


def report_command(target: str, results: str) -> str:
    """The command that judges and draws a target's run again."""
    return shell_line(["python", "-m", "study", "report", target, "--results", results])
