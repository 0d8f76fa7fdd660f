"""The driver dies between any two writes; the same command goes on to the uninterrupted end.

One run serves all deaths: before each operation that changes something in the results, the driver
forks, its twin is killed there, and what the dead one left is copied. From every copy a new driver
goes on. What a death in the midst of writing leaves is made of a copy, by cutting the file.
"""

import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import traceback
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
import torch

from study.figures.draw import SUFFIXES
from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import TEMPORARY, LocalFolder
from study.store.records import RecordStore
from study.table.columns import TIMES
from tests.loop import (
    DRAWN_STUDY,
    FIGURE,
    LOOP_STUDY,
    OPTIONS,
    SETTING,
    Tell,
    run_study_in_process,
    search_states,
)
from tests.made import plan_of

pytestmark = pytest.mark.xdist_group("write points")  # one server of drivers for all

# A temporary file that has no name: whether the folder can be written to.
NAMELESS = {"open .", "open trials", f"open {LOOP_STUDY.name}"}
UNIQUE = re.compile(r"\.[0-9a-f]{32}$")  # ends the names of temporary files
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.truncate")  # of something that is there
DIRECT = 25  # every so many writes a driver dies without a twin


@dataclass(frozen=True)
class Order:
    """What a driver is to do.

    Attributes:
        results: its folder.
        report: file where it says what it does; outside the results.
        page: whether it writes the report, see `run_study_in_process`.
        dies_at: number of the write at which it dies, from 1; 0 if it lives to its end.
        copies: where what its dead twins left is copied, by the number of the write; None if it
            has no twins.
    """

    results: Path
    report: Path
    study: Study
    page: bool
    dies_at: int = 0
    copies: Path | None = None


class WritePoints:
    """An audit hook, told by Python of every operation on files before it takes place.

    What would change nothing (a folder made that is there, a missing file removed) is no write.
    """

    def __init__(self, order: Order, tell: Tell):
        self._order, self._tell = order, tell
        self._number = 0

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        path = changed_path(event, args)
        if path is None or not path.is_relative_to(self._order.results):
            return
        self._number += 1
        shown = path.relative_to(self._order.results).as_posix()
        self._tell(write=f"{event} {UNIQUE.sub('', shown)}")
        if self._number == self._order.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._order.copies is not None:
            kill_twin()
            keep_copy(self._order.results, self._order.copies / str(self._number))


def changed_path(event: str, args: tuple[Any, ...]) -> Path | None:
    """What the audited operation changes; None where it changes nothing."""
    if event == "open":
        path, _mode, flags = args
        changes = not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR)
    elif event == "os.mkdir" or event in CHANGES:
        path = args[0]
        changes = os.path.lexists(path) != (event == "os.mkdir")
    else:
        return None
    return Path(os.fsdecode(path)) if changes else None


def kill_twin() -> None:
    """A process that has come as far as this one dies."""
    twin = os.fork()
    if twin == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(twin, 0)[1]) == -signal.SIGKILL


def keep_copy(results: Path, folder: Path) -> None:
    """Copy the results into a new folder; nothing where there are none yet."""
    folder.mkdir()
    if results.exists():
        shutil.copytree(results, folder / results.name)


def serve(orders: Any, scratch: Path) -> None:
    """Let a driver live for each order, as a fork of this process; answer with its exit code.

    This process has run a study: a fork of it is at work at once, a fresh one after five seconds.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # autograd's threads for devices would not be forked
    torch.set_num_threads(1)
    run_study_in_process(scratch, DRAWN_STUDY)
    for order in iter(orders.recv, None):
        driver = os.fork()
        if driver == 0:
            live(order)
        orders.send(os.waitstatus_to_exitcode(os.waitpid(driver, 0)[1]))


def live(order: Order) -> NoReturn:
    """Run the study; end without the clean-up of a process that was not meant to be two."""
    code = 1
    try:
        report = os.open(order.report, os.O_WRONLY | os.O_CREAT)

        def tell(**facts: Any) -> None:
            os.write(report, json.dumps(facts).encode() + b"\n")

        sys.addaudithook(WritePoints(order, tell))
        run_study_in_process(order.results, order.study, order.page, tell)
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


@dataclass
class Life:
    """What a driver told of itself, and its exit code; that of a signal is negative."""

    facts: list[dict[str, Any]]
    code: int = -signal.SIGKILL

    @property
    def writes(self) -> list[str]:
        """Every one that it was about to do."""
        return [fact["write"] for fact in self.facts if "write" in fact]

    @property
    def searches(self) -> list[dict[str, Any]]:
        """What its searches knew when so many trials were recorded."""
        return [fact["searches"] for fact in self.facts if "searches" in fact]

    @cached_property
    def epochs(self) -> dict[str, list[int]]:
        """That it trained, by the trial's key."""
        epochs = defaultdict(list)
        for fact in self.facts:
            if "epoch" in fact:
                epochs[fact["key"]].append(fact["epoch"])
        return epochs

    def until(self, number: int) -> "Life":
        """The life that ended at the write of that number."""
        places = [place for place, fact in enumerate(self.facts) if "write" in fact]
        return Life(self.facts[: places[number - 1] + 1])


@dataclass
class Left:
    """A driver's life and the results that it left, as they were when first asked for."""

    life: Life
    results: Path

    @cached_property
    def names(self) -> set[str]:
        """Of files and folders."""
        return {path.relative_to(self.results).as_posix() for path in self.results.rglob("*")}

    @cached_property
    def records(self) -> dict[str, tuple[int, bytes]]:
        """Time and content by key."""
        files = (self.results / "trials").glob("[!.]*")
        return {path.stem: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    @cached_property
    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.results / "made" / "table.parquet").drop(columns=TIMES)

    @cached_property
    def outputs(self) -> dict[str, bytes]:
        """Every file of the study's folder that says nothing of time."""
        folder = self.results / "made"
        files = [folder / "verdicts.json", *(folder / "figures").glob("[!.]*")]
        return {path.name: path.read_bytes() for path in files}

    @cached_property
    def searches(self) -> dict[str, Any]:
        """What a driver's searches know that goes on from here."""
        records = {record.key: record for record in RecordStore(LocalFolder(self.results))}
        plan = plan_of(LOOP_STUDY, SETTING, OPTIONS.budget())
        dispatcher = Dispatcher(FinishedTrials(plan, records))
        return json.loads(json.dumps(search_states(dispatcher)))

    @cached_property
    def kept_epochs(self) -> dict[str, int]:
        """Of the trials under way."""
        folder = LocalFolder(self.results) / "made" / "checkpoints"
        states = {key: CheckpointStore(folder).load(key) for key in self.life.epochs}
        return {key: len(state["rows"]) for key, state in states.items() if state is not None}

    @cached_property
    def unreadable(self) -> list[str]:
        """Files that have a reader, and are not whole."""
        found = []
        for name in self.names:
            path = self.results / name
            try:
                if path.suffix == ".json" and not path.name.startswith(TEMPORARY):
                    json.loads(path.read_bytes())
                elif path.suffix == ".parquet":
                    pd.read_parquet(path)
            except ValueError:  # pyarrow's errors are such, too
                found.append(name)
        return found


class Drivers:
    """Runs studies in processes that can be killed."""

    def __init__(self, orders: Any):
        self._orders = orders

    def run(self, order: Order) -> Left:
        self._orders.send(order)
        code = self._orders.recv()
        facts = [json.loads(line) for line in order.report.read_text().splitlines()]
        return Left(Life(facts, code), order.results)


@pytest.fixture(scope="module")
def drivers(tmp_path_factory):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there, tmp_path_factory.mktemp("warm")))
    server.start()
    there.close()  # so that this end hears of the server's death
    yield Drivers(here)
    here.send(None)
    server.join()
    server.close()
    here.close()


@dataclass
class Deaths:
    """A run that nothing interrupts, and what its twins left that died on the way."""

    study: Study
    page: bool
    whole: Left
    copies: Path

    @property
    def count(self) -> int:
        return len(self.whole.life.writes)

    def write(self, number: int) -> str:
        return self.whole.life.writes[number - 1]

    def died(self, number: int, folder: Path) -> Left:
        """What the twin left that died at that write, in a new folder."""
        keep_copy(self.copies / str(number) / "results", folder)
        return Left(self.whole.life.until(number), folder / "results")

    def order(self, results: Path, report: str, dies_at: int = 0) -> Order:
        """For another driver of the same study."""
        return Order(results, results.parent / report, self.study, self.page, dies_at)


@pytest.fixture(scope="module")
def training(drivers, tmp_path_factory):
    """A study from nothing."""
    folder = tmp_path_factory.mktemp("training")
    order = Order(folder / "results", folder / "report", LOOP_STUDY, False, copies=folder)
    return Deaths(LOOP_STUDY, False, drivers.run(order), folder)


@pytest.fixture(scope="module")
def concluding(drivers, training, tmp_path_factory):
    """The same study with a figure and a page: every trial is found, every output written."""
    folder = tmp_path_factory.mktemp("concluding") / "all"
    keep_copy(training.whole.results, folder)
    order = Order(folder / "results", folder / "report", DRAWN_STUDY, True, copies=folder)
    return Deaths(DRAWN_STUDY, True, drivers.run(order), folder)


def faults(drivers, deaths, died):
    """Go on where a driver died: what is not as it must be."""
    records, kept, known = died.records, died.kept_epochs, died.searches
    unreadable, whole = died.unreadable, deaths.whole
    ended = drivers.run(deaths.order(died.results, "ended"))
    if ended.life.code:
        return ["the driver that goes on ends well"]
    under_way = {key: epochs for key, epochs in kept.items() if key not in records}
    rules = {
        "no reader finds half a file": not unreadable,
        "no record is touched again": records.items() <= ended.records.items(),
        "no recorded trial is trained again": not records.keys() & ended.life.epochs.keys(),
        "a trial goes on after its checkpoint": all(
            ended.life.epochs[key][:1] in ([], [epochs + 1]) for key, epochs in under_way.items()
        ),
        "at most one epoch is done again": len(epochs_of(died) & epochs_of(ended)) <= 1,
        "the same epochs are trained": epochs_of(died, ended) == epochs_of(whole),
        "the table is the same": ended.table.equals(whole.table),
        "verdicts and figures are the same": ended.outputs == whole.outputs,
        "nothing else is left": ended.names == whole.names,
    }
    if deaths.study is LOOP_STUDY:
        rules["the searches know what they knew"] = known == whole.life.searches[len(records)]
    return [rule for rule, holds in rules.items() if not holds]


def epochs_of(*all_left):
    return {
        (key, epoch)
        for left in all_left
        for key, epochs in left.life.epochs.items()
        for epoch in epochs
    }


def judge(found, deaths):
    """Fail with the faults, one death a line."""
    lines = [
        f"at write {number}, {deaths.write(number)}, it is not so that {', nor that '.join(rules)}"
        for number, rules in found.items()
        if rules
    ]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def cut(opened, results):
    """Leave half the file that was opened last, as a death in the midst of writing does.

    A checkpoint's state is not forced to the disk: a loss of power can leave half of it under its
    name.
    """
    name = opened.removeprefix("open ")
    paths = {path.relative_to(results).as_posix(): path for path in results.rglob("*")}
    [path] = [path for shown, path in paths.items() if UNIQUE.sub("", shown) == name]
    os.truncate(path, path.stat().st_size // 2)
    if name.endswith(".pt"):
        path.rename(path.with_name(UNIQUE.sub("", path.name).removeprefix(TEMPORARY)))


def test_the_whole_study_has_every_kind_of_trial_and_leaves_what_it_should(training, concluding):
    assert (training.whole.life.code, concluding.whole.life.code) == (0, 0)
    stages = training.whole.table.groupby("status")["stage"].unique().map(sorted).to_dict()
    assert stages == {"complete": ["confirm", "explore"], "stopped": ["explore"]}
    assert not concluding.whole.life.epochs
    assert concluding.whole.names == {
        *("made", "made/driver.lock", "made/plan.json", "made/checkpoints", "made/figures"),
        *("made/table.parquet", "made/table.csv", "made/verdicts.json", "made/report.html"),
        *("made/report.md", "made/optuna.db", "made/columns.csv"),
        *(f"made/figures/{FIGURE.name}.{suffix}" for suffix in SUFFIXES),
        *("trials", *(f"trials/{key}.json" for key in training.whole.table["key"])),
    }


def test_every_file_was_seen_being_written(training, concluding):
    """Else there would be writes at which no driver died."""
    written = {
        write.split()[-1].replace(TEMPORARY, "")
        for deaths in (training, concluding)
        for write in deaths.whole.life.writes
    }
    assert concluding.whole.names <= written


@pytest.mark.parametrize("name", ["training", "concluding"])
def test_a_study_ends_alike_wherever_its_driver_dies(drivers, name, tmp_path, request):
    deaths = request.getfixturevalue(name)
    found = {}
    for number in range(1, deaths.count + 1):
        died = deaths.died(number, tmp_path / str(number))
        found[number] = faults(drivers, deaths, died)
    judge(found, deaths)


@pytest.mark.parametrize("name", ["training", "concluding"])
def test_half_a_file_counts_as_none(drivers, name, tmp_path, request):
    deaths = request.getfixturevalue(name)
    found = {}
    for number in range(2, deaths.count + 1):
        opened = deaths.write(number - 1)
        if opened.startswith("open ") and opened not in NAMELESS:
            died = deaths.died(number, tmp_path / str(number))
            cut(opened, died.results)
            found[number] = faults(drivers, deaths, died)
    judge(found, deaths)


def test_a_driver_without_a_twin_leaves_the_same_and_lets_go_of_the_folder(
    drivers, training, tmp_path
):
    found = {}
    for number in range(1, training.count, DIRECT):
        folder = tmp_path / str(number)
        folder.mkdir()
        died = drivers.run(training.order(folder / "results", "died", dies_at=number))
        twin = training.died(number, tmp_path / f"{number}.twin")
        assert died.life.code == -signal.SIGKILL
        assert died.life.facts == twin.life.facts
        assert {UNIQUE.sub("", n) for n in died.names} == {UNIQUE.sub("", n) for n in twin.names}
        found[number] = faults(drivers, training, died)
    judge(found, training)
