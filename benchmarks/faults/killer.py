"""Which fault comes next, and when."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil

from benchmarks.faults.rounds import Fault, Line, Round, now_as_files

DRIVER, WORKER = "driver", "worker"
SERVERS = {"raylet": "raylet", "GCS server": "gcs_server"}  # what they are called: their programs
VICTIMS = (DRIVER, WORKER, *SERVERS)
TRAINABLE = "Trainable"  # in the titles of the processes that train
EARLY, START = 1 / 8, 8.0  # share of drivers struck while they start; seconds that this takes
FAREWELL = 3.0  # seconds in which what a dead driver leaves may end by itself
SPARED_AFTER = 2  # workers killed; the next one when its trial has got further
REPORTED = 1.0  # seconds after which an epoch has surely been reported to the driver


class Killer:
    """Decides which fault comes next, and when.

    Args:
        kills: how many there are to be; other faults come between them.
        seed: of the faults' moments and kinds.
        mean: seconds between faults.
        concurrent: trials at a time.
        strikes: the other kinds of fault: each does it, with the generator given, and says what
            it did.
    """

    def __init__(
        self,
        kills: int,
        seed: int,
        mean: float,
        concurrent: int,
        strikes: Mapping[str, Callable[[random.Random], str]],
    ):
        self.left = kills
        self._strikes = strikes
        self._random = random.Random(seed)
        self._mean, self._concurrent = mean, concurrent
        self._due: float | None = None  # monotonic seconds; None before a trial is under way
        self._kind = ""
        self._hits = 0  # workers killed since the trials of all got further

    def meet(self) -> None:
        """Take note that a driver was started."""
        early = self._random.random() < EARLY
        self._draw_kind()
        self._due, self._hits = None, 0
        if early:
            self._kind = self._random.choice((DRIVER, *self._strikes))
            self._due = time.monotonic() + self._random.uniform(0, START)

    def strike(self, driver: psutil.Popen, the_round: Round) -> Fault | None:
        """Do what is due; None where nothing was done."""
        if not self.left or (self._due is not None and time.monotonic() < self._due):
            return None
        workers = workers_of(driver)
        if self._due is None:
            if any(".train" in title_of(worker) for worker in workers):
                self._draw_time()
            return None
        fault = self._do(driver, workers, the_round)
        if fault is not None:
            self._draw_kind()
            if workers:
                self._draw_time()
            else:
                self._due = None  # a driver that starts is struck once
        return fault

    def _do(
        self, driver: psutil.Popen, workers: list[psutil.Process], the_round: Round
    ) -> Fault | None:
        kind, at = self._kind, now_as_files()
        if kind in self._strikes:
            return Fault(kind, at, bool(workers), self._strikes[kind](self._random))
        process = self._find(driver, workers, the_round)
        if process is None:
            return None  # later, when there is one
        try:
            bury(driver) if process is driver else process.kill()
        except psutil.NoSuchProcess:
            return None  # it ended by itself just now
        self.left -= 1
        return Fault(kind, at, bool(workers), f"kill -9 to a {kind}")

    def _find(
        self, driver: psutil.Popen, workers: list[psutil.Process], the_round: Round
    ) -> psutil.Process | None:
        if self._kind == DRIVER:
            return driver
        if self._kind == WORKER:
            return self._choose(workers, the_round.lines())
        program = SERVERS[self._kind]
        return next((one for one in children_of(driver) if name_of(one) == program), None)

    def _choose(self, workers: list[psutil.Process], lines: list[Line]) -> psutil.Process | None:
        latest = now_as_files() - REPORTED * 1e9
        further = {line.pid for line in lines if not line.again and line.at < latest}
        if len(workers) >= self._concurrent and all(w.pid in further for w in workers):
            self._hits = 0
        if not workers or self._hits == SPARED_AFTER:
            return None
        self._hits += 1
        return self._random.choice(workers)

    def _draw_kind(self) -> None:
        self._kind = self._random.choice((*VICTIMS, *self._strikes))

    def _draw_time(self) -> None:
        self._due = time.monotonic() + self._random.expovariate(1 / self._mean)


def workers_of(driver: psutil.Popen) -> list[psutil.Process]:
    """The processes that train, by pid."""
    titles = {process: title_of(process) for process in children_of(driver)}
    found = [one for one, title in titles.items() if "ray::" in title and TRAINABLE in title]
    return sorted(found, key=lambda process: process.pid)


def title_of(process: psutil.Process) -> str:
    """The command line, which Ray replaces by what the process does; empty if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def name_of(process: psutil.Process) -> str:
    """The program that a process runs; empty if it has ended."""
    try:
        return process.name()
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
