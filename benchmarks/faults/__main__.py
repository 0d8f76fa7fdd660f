"""Faults: a study that is killed, whose clock is moved, whose disk is full; what is lost by that.

    python -m benchmarks.faults [--kills 100] [--seed 0] [--concurrent 1] [--reproducible]
        [--results URI]

Runs a small study of task C on phantoms (24 trials at most, 6 epochs each) once without
interruption. Then runs it with faults of six kinds at random moments, seeded:

- SIGKILL to the driver, which takes its Ray with it, to the worker of a trial, to Ray's raylet or
  to its GCS server; when a server of Ray has died, the driver must end by itself, with 1 and a
  sentence that says why, or finish a report for which it needs Ray no longer;
- the wall clock of the driver, its workers and Ray's servers is set to up to 24 hours before or
  after the right time, where it stays until the next move; the driver must go on. libfaketime does
  it (`pip install libfaketime`, on Linux); the times of files stay right, which are the kernel's.
  Ray's timers are of the wall clock, and where no worker starts for that, the driver must end by
  itself and name the clock;
- the disk with the results, 256 MiB of memory mounted for this (as root, without --results), is
  full for 1 to 12 seconds; the driver goes on, or ends by itself as above.

What this machine cannot do is named and left out. The same command is run again after each driver's
end, on a disk that is still full perhaps. A round is a study that came to its end; rounds follow
each other, each in a folder of its own, until the kills are used up; other faults come between
them. Each round's tables are compared with the uninterrupted run's.

Nothing that is counted comes from the product. Workers append a line to a trace file after each
epoch; the folder of records is listed every 50 ms. "Trained twice" is a line of a trial later than
its record; "done again" a line with a trial and an epoch that an earlier line of the round has, as
where a fault came before the epoch's checkpoint was due (`study.store.checkpoints.COST_SHARE`) or
before its report arrived. An epoch that a fault interrupts leaves no line and is not counted.

An interval between faults is exponential, and begins when the driver's first trial is under way;
one driver in eight is struck while it starts, by its own death, the clock or the disk. Three deaths
of a trial's workers without an epoch between them make a failed trial, by design
(`study.pool.session.MAX_RETRIES`), and a failed trial changes what the search proposes next; so
after two the next worker is killed when its trial has got further.

With two trials at a time and without --reproducible the order of the search's trials is not
determined, and only the baselines' confirmations are compared. At a URI a record's time is that of
the listing that showed it first.

Exit code 1 if a finished trial was lost or trained twice, a table differs, a run ended with an
error or got stuck; the folder with traces and output is kept then.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from benchmarks.faults.conditions import CLOCK, Conditions, prepare_conditions
from benchmarks.faults.killer import DRIVER, SERVERS, Killer, bury, children_of
from benchmarks.faults.rounds import Round
from benchmarks.faults.tables import WHOLE, add_total, is_wrong, measure
from study.store.folder import LocalFolder
from study.store.open import open_folder

POLL = 0.05  # seconds
MEAN_INTERVAL = 4.0  # seconds between faults
ENDS_WITHIN = 60.0  # seconds
STUCK = 180.0  # seconds without an epoch, a start or an end


class BrokenRun(Exception):
    """A run ended with an error, or got stuck, by itself."""


def soak(options: argparse.Namespace, home: Path, conditions: Conditions) -> int:
    """All rounds and the table; the exit code."""
    place = LocalFolder(conditions.disk.path if conditions.disk else home)
    if options.results:
        place = open_folder(options.results) / home.name

    def begin(name: str) -> Round:
        trace, log = home / f"{name}.trace", home / f"{name}.log"
        environment = conditions.environment()
        several = options.concurrent, options.reproducible
        return Round(name, place / name, trace, log, *several, environment)

    def killer(kills: int) -> Killer:
        strikes = conditions.strikes()
        return Killer(kills, options.seed, options.mean, options.concurrent, strikes)

    rounds, faults = [begin(WHOLE)], killer(options.kills)
    run_round(rounds[0], killer(0), conditions)
    while (len(rounds) == 1 or faults.left) and not rounds[-1].broken:
        rounds.append(begin(f"round-{len(rounds)}"))
        run_round(rounds[-1], faults, conditions)
    columns = {one.name: measure(one, rounds[0]) for one in rounds}
    columns = add_total(columns) if len(rounds) > 1 else columns
    report(columns, rounds, options)
    return int(any(is_wrong(column) for column in columns.values()) or bool(rounds[-1].broken))


def report(
    columns: dict[str, dict[str, Any]], rounds: list[Round], options: argparse.Namespace
) -> None:
    """Print the table, and what explains it."""
    print(pd.DataFrame(columns).to_string())
    last = list(columns.values())[-1]
    share = last["epochs done again"] / max(1, last["epochs trained"])
    print(f"{share:.1%} of the epochs trained were done again; seed {options.seed}")
    if options.concurrent > 1 and not options.reproducible:
        print(
            f"{options.concurrent} trials at a time: the order of the search's trials is not "
            "determined, so only the baselines' confirmations are compared"
        )
    for one in rounds:
        for key, error in one.watch.failed.items():
            print(f"{one.name}: trial {key} was recorded as failed:\n{error[:400]}")
        if one.broken:
            print(f"{one.name}: {one.broken}; its output ends:")
            print("\n".join(one.log.read_text(errors="replace").splitlines()[-30:]))


def run_round(the_round: Round, killer: Killer, conditions: Conditions) -> None:
    """Run the study to its end, however often its driver ends before."""
    ended = False
    while not ended:
        driver = the_round.start_driver()
        killer.meet()
        try:
            ended = watch_driver(driver, the_round, killer, conditions)
        except BrokenRun as error:
            the_round.broken, ended = str(error), True
        finally:
            if driver.poll() is None:
                bury(driver)
        the_round.watch.look(closely=True)
    the_round.seconds = time.monotonic() - the_round.started


def watch_driver(
    driver: psutil.Popen, the_round: Round, killer: Killer, conditions: Conditions
) -> bool:
    """Whether the driver came to the study's end; else a fault ended it.

    Raises:
        BrokenRun: the driver ended with an error, or got stuck.
    """
    started = heard = time.monotonic()
    size, dead, end_due = 0, "", float("inf")
    while (code := driver.poll()) is None:
        time.sleep(POLL)
        conditions.attend()
        the_round.watch.look()
        if (now_size := the_round.trace.stat().st_size) != size:
            heard, size = time.monotonic(), now_size
        if time.monotonic() - heard > STUCK:
            raise BrokenRun(f"stuck for {STUCK:.0f} s: {describe(driver)}")
        if time.monotonic() > end_due and not the_round.needs_no_ray():
            raise BrokenRun(f"goes on {ENDS_WITHIN:.0f} s after the {dead}'s death")
        fault = None if dead else killer.strike(driver, the_round)
        if fault is not None:
            the_round.faults.append(fault)
            tell(the_round, fault.what)
            if fault.kind == DRIVER:
                return False
            if fault.kind in SERVERS:
                dead, end_due = fault.kind, time.monotonic() + ENDS_WITHIN
    if not code:
        tell(the_round, "came to its end")
        return True
    check_end(code, the_round, dead, conditions.was_full(since=started))
    return False


def check_end(code: int, the_round: Round, dead: str, was_full: bool) -> None:
    """Check that a driver that ended by itself could not go on, and said why in one sentence.

    Args:
        dead: the server of Ray that had been killed; empty where none had.
        was_full: whether the disk had been full.

    Raises:
        BrokenRun: it ended otherwise.
    """
    said = the_round.said()
    clock_set = "clock was set" in said and any(one.kind == CLOCK for one in the_round.faults)
    if clock_set:
        the_round.ends_by_clock += 1
        tell(the_round, "ended by itself: Ray started no worker after the clock was set")
    elif not dead and was_full:
        the_round.ends_on_full_disk += 1
        tell(the_round, "ended by itself on a full disk")
    if code != 1 or not (dead or was_full or clock_set):
        raise BrokenRun(f"the run ended by itself with {code}")
    if "Traceback" in said or "\nerror: " not in f"\n{said}":
        raise BrokenRun("ended without a sentence that says why, or with a traceback")


def describe(driver: psutil.Popen) -> str:
    """The processes of a driver, with what each does."""
    wanted = ["pid", "status", "name"]
    found = [process.as_dict(wanted, ad_value="?") for process in (driver, *children_of(driver))]
    return ", ".join(f"{one['name']} {one['pid']} {one['status']}" for one in found)


def tell(the_round: Round, what: str) -> None:
    """Print what happened, and how far the round is."""
    seconds = time.monotonic() - the_round.started
    print(
        f"{the_round.name}, {seconds:.0f} s: {what}; {len(the_round.faults)} faults, "
        f"{len(the_round.watch.since)} trials finished, {len(the_round.lines())} epochs trained",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the faults' moments and kinds")
    parser.add_argument("--concurrent", type=int, default=1, help="trials at a time")
    parser.add_argument("--reproducible", action="store_true", help="with the study's own option")
    parser.add_argument("--mean", type=float, default=MEAN_INTERVAL, help="seconds between faults")
    parser.add_argument("--results", help="folder or URI, kept; a temporary folder if left out")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="faults-"))  # a short name: Ray has its sockets in it
    with prepare_conditions(home, with_disk=not options.results) as conditions:
        for missing in conditions.missing:
            print(missing)
        code = soak(options, home, conditions)
        if code and conditions.disk:
            shutil.copytree(conditions.disk.path, home / "results")
    if code:
        print(f"traces and output: {home}")
    else:
        shutil.rmtree(home, ignore_errors=True)  # Ray's last processes may still write there
    sys.exit(code)


if __name__ == "__main__":
    main()
