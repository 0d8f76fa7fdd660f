"""Faults: a study hit by kill -9 again and again; what is lost, what is done again.

    python -m benchmarks.faults [--kills 100] [--seed 0] [--concurrent 1] [--results URI]

Runs a small study of task C on phantoms (24 trials at most, 6 epochs each) once without
interruption. Then runs it with SIGKILL at random moments, seeded: to the driver, which takes its
Ray with it, or to the worker of a trial. The same command is run again after each driver's death.
A round is a study that came to its end; rounds follow each other, each in a folder of its own,
until the kills are used up. Each round's tables are compared with the uninterrupted run's.

Nothing that is counted comes from the product. Workers append a line to a trace file after each
epoch; the folder of records is listed every 50 ms. "Trained twice" is a line of a trial later than
its record; "done again" a line with a trial and an epoch that an earlier line of the round has, as
where a kill came before the epoch's checkpoint was due (study.store.checkpoints.COST_SHARE) or before its
report arrived. The epoch that a kill breaks off leaves no line and is not counted.

An interval between kills is exponential, and begins when the driver's first trial is under way;
one driver in eight is killed while it starts. Three deaths of a trial's workers without an epoch
between them make a failed trial, by design (study.pool.tuner.MAX_FAILURES), and a failed trial changes
what the search proposes next; so after two the next worker is killed when it has got further.

With two trials at a time the search's order is not determined, and only the reference points'
confirmations are compared. At a URI a record's time is that of the listing that showed it first.

Exit code 1 if a finished trial was lost or trained twice, a table differs, a run ended with an
error or got stuck; the folder with traces and output is kept then.
"""

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from study.store.folder import Folder, LocalFolder
from study.store.open import open_folder
from study.store.records import RecordStore
from study.table.columns import TIMES
from study.task_c import STUDY

ROOT = Path(__file__).parents[1]
# Epochs of 0.2 to 0.8 s: some 50 times what a checkpoint takes, so that nearly each epoch has one.
ARGUMENTS = ["--profile", "smoke", "--trials", "8", "--epochs", "6", "--seeds", "4"]
ARGUMENTS += ["--image-size", "72"]
WORKER = "Trainable"  # in the titles of the processes that train
VARYING = [*TIMES, "number"]
SORTED_BY = ["stage", "candidate", "seed", "key", "epoch"]
WHOLE = "uninterrupted"
POLL = 0.05  # seconds
MEAN_INTERVAL = 4.0  # seconds between kills
EARLY, START = 1 / 8, 8.0  # share of drivers killed while they start; seconds that this takes
FAREWELL = 3.0  # seconds in which what a dead driver leaves may end by itself
SPARED_AFTER = 2  # workers killed; the next one when its trial has got further
REPORTED = 1.0  # seconds after which an epoch has surely been reported to the driver
STUCK = 180.0  # seconds without an epoch, a start or an end
# CLOCK_REALTIME_COARSE, which Linux dates files by and Python does not name: lines and records are
# compared without a tolerance. By another clock a record may look some ms older than its last line.
FILE_CLOCK = 5 if sys.platform == "linux" else time.CLOCK_REALTIME


class BrokenRun(Exception):
    """A run ended with an error, or got stuck, by itself."""


@dataclass(frozen=True)
class Line:
    """An epoch that was trained; `again` if an earlier line has the same trial and epoch."""

    key: str
    epoch: int
    pid: int
    at: int  # ns of FILE_CLOCK
    again: bool


@dataclass(frozen=True)
class Kill:
    """A kill; `busy` if a trial was under way, else the driver was starting or writing."""

    victim: str
    at: int  # ns of FILE_CLOCK
    busy: bool


@dataclass
class Watch:
    """The records of a round, seen from outside.

    Attributes:
        since: when each finished trial's record was written, by key; in ns of FILE_CLOCK.
        failed: errors of the trials that were recorded as failed, at any time, by key.
        lost: keys of finished trials whose record was there once and then was not.
        replaced: times that a finished trial's record was written again.
    """

    folder: Folder
    since: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    replaced: int = 0
    _stamps: dict[str, Hashable] = field(default_factory=dict)

    def look(self, closely: bool = False) -> None:
        """Note what has changed; at a URI, contents are compared only if `closely`."""
        names = self.folder.names(".json")
        for name in names:
            if closely or name not in self._stamps or isinstance(self.folder, LocalFolder):
                stamp, written = self._stamp(name)
                if stamp != self._stamps.get(name):
                    self._note(name, stamp, written)
        for name in self._stamps.keys() - set(names):
            key = name.removesuffix(".json")
            if key in self.since and self.folder.read(name) is None:
                self.lost.add(key)

    def _stamp(self, name: str) -> tuple[Hashable, int]:
        """What tells one writing of the file from another, and when it was written."""
        if isinstance(self.folder, LocalFolder):
            written = (self.folder.path / name).stat().st_mtime_ns
            return written, written
        content = self.folder.read(name) or b""
        return hashlib.sha256(content).digest(), time.clock_gettime_ns(FILE_CLOCK)

    def _note(self, name: str, stamp: Hashable, written: int) -> None:
        key, content = name.removesuffix(".json"), self.folder.read(name)
        self._stamps[name] = stamp
        if content is None:
            return  # gone meanwhile; the next look tells
        record = json.loads(content)
        if record["status"] == "failed":
            self.failed[key] = record["error"]
        elif key in self.since:
            self.replaced += 1
        else:
            self.since[key] = written


@dataclass
class Round:
    """One study from an empty folder to its end."""

    name: str
    results: Folder
    trace: Path
    log: Path
    concurrent: int
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    kills: list[Kill] = field(default_factory=list)
    watch: Watch = field(init=False)
    broken: str = ""

    def __post_init__(self) -> None:
        self.trace.touch()
        self.watch = Watch(RecordStore(self.results).folder)

    def start_driver(self) -> psutil.Popen:
        command = [sys.executable, "-m", "benchmarks.faults", "--child", str(self.trace), "--"]
        command += [*ARGUMENTS, "--max-concurrent", str(self.concurrent)]
        command += ["--results", str(self.results)]
        temporary = self.log.parent / "tmp"  # for what killed drivers and their Ray leave
        temporary.mkdir(exist_ok=True)
        environment = os.environ | {"TMPDIR": str(temporary)}
        with self.log.open("ab") as log:
            return psutil.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def lines(self) -> list[Line]:
        lines, known = [], set()
        for text in self.trace.read_text().splitlines():
            key, epoch, pid, at = text.split()
            lines.append(Line(key, int(epoch), int(pid), int(at), (key, epoch) in known))
            known.add((key, epoch))
        return lines

    def table(self) -> pd.DataFrame | None:
        content = (self.results / STUDY.name).read("table.parquet")
        if content is None or self.broken:
            return None
        table = pd.read_parquet(io.BytesIO(content)).drop(columns=VARYING)
        return table.sort_values(SORTED_BY).reset_index(drop=True)


class Killer:
    """Decides who is killed, and when.

    Args:
        mean: seconds between kills.
        concurrent: trials at a time.
    """

    def __init__(self, kills: int, seed: int, mean: float, concurrent: int):
        self.left = kills
        self._random = random.Random(seed)
        self._mean, self._concurrent = mean, concurrent
        self._due: float | None = None  # monotonic seconds; None before a trial is under way
        self._victim = ""
        self._hits = 0  # workers killed since the trials of all got further

    def meet(self) -> None:
        """A driver was started."""
        early = self._random.random() < EARLY
        self._draw_victim()
        self._due, self._hits = None, 0
        if early:
            self._victim = "driver"
            self._due = time.monotonic() + self._random.uniform(0, START)

    def strike(self, driver: psutil.Popen, the_round: Round) -> Kill | None:
        """Kill if it is time."""
        if not self.left or (self._due is not None and time.monotonic() < self._due):
            return None
        workers = workers_of(driver)
        if self._due is None:
            if any(".train" in title_of(worker) for worker in workers):
                self._draw_time()
            return None
        process = driver if self._victim == "driver" else self._choose(workers, the_round.lines())
        if process is None:
            return None  # later, when there is one
        kill = Kill(self._victim, time.clock_gettime_ns(FILE_CLOCK), bool(workers))
        try:
            bury(driver) if process is driver else process.kill()
        except psutil.NoSuchProcess:
            return None  # it ended by itself just now
        self.left -= 1
        self._draw_victim()
        self._draw_time()
        return kill

    def _choose(self, workers: list[psutil.Process], lines: list[Line]) -> psutil.Process | None:
        latest = time.clock_gettime_ns(FILE_CLOCK) - REPORTED * 1e9
        further = {line.pid for line in lines if not line.again and line.at < latest}
        if len(workers) >= self._concurrent and all(w.pid in further for w in workers):
            self._hits = 0
        if not workers or self._hits == SPARED_AFTER:
            return None
        self._hits += 1
        return self._random.choice(workers)

    def _draw_victim(self) -> None:
        self._victim = self._random.choice(("driver", "worker"))

    def _draw_time(self) -> None:
        self._due = time.monotonic() + self._random.expovariate(1 / self._mean)


def workers_of(driver: psutil.Popen) -> list[psutil.Process]:
    """The processes that train, by pid."""
    titles = {process: title_of(process) for process in children_of(driver)}
    found = [one for one, title in titles.items() if "ray::" in title and WORKER in title]
    return sorted(found, key=lambda process: process.pid)


def title_of(process: psutil.Process) -> str:
    """The command line, which Ray replaces by what the process does; empty if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def bury(driver: psutil.Popen) -> None:
    """Kill a driver, and what is left of its processes some seconds later."""
    children = children_of(driver)
    driver.kill()
    driver.wait()
    _, alive = psutil.wait_procs(children, timeout=FAREWELL)
    alive += [child for process in alive for child in children_of(process)]
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive)


def run_round(the_round: Round, killer: Killer) -> None:
    """Run the study to its end, however often its driver is killed."""
    ended = False
    while not ended:
        driver = the_round.start_driver()
        killer.meet()
        try:
            ended = watch_driver(driver, the_round, killer)
        except BrokenRun as error:
            the_round.broken, ended = str(error), True
        finally:
            if driver.poll() is None:
                bury(driver)
        the_round.watch.look(closely=True)
    the_round.seconds = time.monotonic() - the_round.started


def watch_driver(driver: psutil.Popen, the_round: Round, killer: Killer) -> bool:
    """Whether the driver came to the study's end; else it was killed."""
    heard, size = time.monotonic(), 0
    while (code := driver.poll()) is None:
        time.sleep(POLL)
        the_round.watch.look()
        if (now_size := the_round.trace.stat().st_size) != size:
            heard, size = time.monotonic(), now_size
        if time.monotonic() - heard > STUCK:
            raise BrokenRun(f"stuck for {STUCK:.0f} s: {describe(driver)}")
        kill = killer.strike(driver, the_round)
        if kill is not None:
            the_round.kills.append(kill)
            tell(the_round, f"kill -9 to a {kill.victim}")
            if kill.victim == "driver":
                return False
    if code:
        raise BrokenRun(f"the run ended by itself with {code}")
    tell(the_round, "came to its end")
    return True


def describe(driver: psutil.Popen) -> str:
    """The processes of a driver, with what each does."""
    wanted = ["pid", "status", "name"]
    found = [process.as_dict(wanted, ad_value="?") for process in (driver, *children_of(driver))]
    return ", ".join(f"{one['name']} {one['pid']} {one['status']}" for one in found)


def tell(the_round: Round, what: str) -> None:
    seconds = time.monotonic() - the_round.started
    print(
        f"{the_round.name}, {seconds:.0f} s: {what}; {len(the_round.kills)} kills, "
        f"{len(the_round.watch.since)} trials finished, {len(the_round.lines())} epochs trained",
        flush=True,
    )


def measure(the_round: Round, whole: Round) -> dict[str, Any]:
    """The round's column of the table."""
    lines, watch = the_round.lines(), the_round.watch
    again = [line for line in lines if line.again]
    victims = Counter(kill.victim for kill in the_round.kills)
    confirmed, everything = compare(the_round, whole)
    return {
        "kills": len(the_round.kills),
        "  of drivers": victims["driver"],
        "  of workers": victims["worker"],
        "  with no trial under way": sum(not kill.busy for kill in the_round.kills),
        "seconds": round(the_round.seconds),
        "finished trials": len(watch.since),
        "finished trials lost": len(watch.lost),
        "finished trials trained twice": len(trained_twice(lines, watch)),
        "records replaced": watch.replaced,
        "trials recorded as failed": len(watch.failed),
        "epochs trained": len(lines),
        "epochs done again": len(again),
        "  most for one kill": most_for_one_kill(again, the_round.kills),
        "checkpoint files left": len((the_round.results / STUDY.name / "checkpoints").names()),
        "confirmed table as uninterrupted": confirmed,
        "whole table as uninterrupted": everything,
    }


def trained_twice(lines: list[Line], watch: Watch) -> set[str]:
    return {line.key for line in lines if line.at > watch.since.get(line.key, float("inf"))}


def most_for_one_kill(again: list[Line], kills: list[Kill]) -> int:
    """Each epoch done again counts for the latest kill before it."""
    moments = [0, *(kill.at for kill in kills)]
    causes = Counter(max(at for at in moments if at <= line.at) for line in again)
    return max(causes.values(), default=0)


def compare(the_round: Round, whole: Round) -> tuple[str, str]:
    """Whether the tables are equal: of what is confirmed, and all of it."""
    table, expected = the_round.table(), whole.table()
    if table is None or expected is None:
        return "there is none", "there is none"
    confirmed, expected_confirmed = confirmed_rows(table), confirmed_rows(expected)
    if the_round.concurrent > 1:
        points = [point.name for point in STUDY.baselines]
        confirmed = confirmed[confirmed["candidate"].isin(points)]
        expected_confirmed = expected_confirmed[expected_confirmed["candidate"].isin(points)]
        return difference(confirmed, expected_confirmed), "not compared"
    return difference(confirmed, expected_confirmed), difference(table, expected)


def confirmed_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["stage"] == "confirm"]


def difference(table: pd.DataFrame, expected: pd.DataFrame) -> str:
    """ "equal", or what differs."""
    table, expected = table.reset_index(drop=True), expected.reset_index(drop=True)
    if table.equals(expected):
        return "equal"
    keys = set(table["key"]) ^ set(expected["key"])
    if keys:
        return f"{len(keys)} trials differ"
    if len(table) != len(expected):
        return f"{len(table)} rows, not {len(expected)}"
    columns = [name for name in table if not table[name].equals(expected[name])]
    return f"differs: {', '.join(columns)}"


def add_total(columns: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The columns and one for all rounds; of texts, those that are not "equal"."""
    rounds = [column for name, column in columns.items() if name != WHOLE]
    total: dict[str, Any] = {}
    for name in rounds[0]:
        values = [column[name] for column in rounds]
        if isinstance(values[0], str):
            total[name] = ", ".join(sorted(set(values)))
        else:
            total[name] = max(values) if name.startswith("  most") else sum(values)
    return columns | {"all rounds": total}


def is_wrong(column: dict[str, Any]) -> bool:
    texts = [value for value in column.values() if isinstance(value, str)]
    lost_or_twice = column["finished trials lost"] + column["finished trials trained twice"]
    return bool(lost_or_twice) or not {*texts} <= {"equal", "not compared"}


def soak(options: argparse.Namespace, home: Path) -> int:
    """All rounds and the table; the exit code."""
    place = open_folder(options.results) / home.name if options.results else LocalFolder(home)

    def begin(name: str) -> Round:
        trace, log = home / f"{name}.trace", home / f"{name}.log"
        return Round(name, place / name, trace, log, options.concurrent)

    rounds = [begin(WHOLE)]
    run_round(rounds[0], Killer(0, 0, options.mean, options.concurrent))
    killer = Killer(options.kills, options.seed, options.mean, options.concurrent)
    while (len(rounds) == 1 or killer.left) and not rounds[-1].broken:
        rounds.append(begin(f"round-{len(rounds)}"))
        run_round(rounds[-1], killer)
    columns = {one.name: measure(one, rounds[0]) for one in rounds}
    columns = add_total(columns) if len(rounds) > 1 else columns
    report(columns, rounds, options)
    return int(any(is_wrong(column) for column in columns.values()) or bool(rounds[-1].broken))


def report(
    columns: dict[str, dict[str, Any]], rounds: list[Round], options: argparse.Namespace
) -> None:
    print(pd.DataFrame(columns).to_string())
    last = list(columns.values())[-1]
    share = last["epochs done again"] / max(1, last["epochs trained"])
    print(f"{share:.1%} of the epochs trained were done again; seed {options.seed}")
    if options.concurrent > 1:
        print(
            f"{options.concurrent} trials at a time: the search's order is not determined, so "
            "only the reference points' confirmations are compared"
        )
    for one in rounds:
        for key, error in one.watch.failed.items():
            print(f"{one.name}: trial {key} was recorded as failed:\n{error[:400]}")
        if one.broken:
            print(f"{one.name}: {one.broken}; its output ends:")
            print("\n".join(one.log.read_text(errors="replace").splitlines()[-30:]))


def run_child(trace: str, arguments: list[str]) -> None:
    """The study's command line, with workers that leave a line after each epoch."""
    from study.cluster.ray import QUIET_AND_PRIVATE

    for name, value in QUIET_AND_PRIVATE.items():  # before Ray is imported, as a run does it
        os.environ.setdefault(name, value)
    from study.cli.command import main as run_study
    from study.pool.tuner import tuner as pool

    class Traced(pool.StudyTrial):
        def step(self) -> dict[str, Any]:
            result = super().step()
            now = time.clock_gettime_ns(FILE_CLOCK)
            line = f"{self._job.key} {result['epoch']} {os.getpid()} {now}\n"
            file = os.open(trace, os.O_WRONLY | os.O_APPEND)
            os.write(file, line.encode())
            os.close(file)
            return result

    pool.StudyTrial = Traced
    sys.argv = [f"{STUDY.name}.py", *arguments]  # it is what the command line is told from
    run_study(STUDY)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the kills' moments and victims")
    parser.add_argument("--concurrent", type=int, default=1, help="trials at a time")
    parser.add_argument("--mean", type=float, default=MEAN_INTERVAL, help="seconds between kills")
    parser.add_argument("--results", help="folder or URI, kept; a temporary folder if left out")
    parser.add_argument("--child", metavar="TRACE", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options.child, options.arguments)
        return
    home = Path(tempfile.mkdtemp(prefix="faults-"))  # a short name: Ray has its sockets in it
    code = soak(options, home)
    if code:
        print(f"traces and output: {home}")
    else:
        shutil.rmtree(home, ignore_errors=True)  # Ray's last processes may still write there
    sys.exit(code)


if __name__ == "__main__":
    main()
