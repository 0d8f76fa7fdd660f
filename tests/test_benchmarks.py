"""What the benchmarks work on, and the arithmetic of their tables; running them takes minutes."""

import importlib
import pkgutil
import random
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import benchmarks
from benchmarks.faults import conditions
from benchmarks.faults.conditions import Clock, Disk, MissingCondition
from benchmarks.faults.rounds import Fault, Line, Watch
from benchmarks.faults.tables import difference, most_for_one_fault, trained_twice
from benchmarks.growth import PROPOSALS, SEEDS, growth, make_records, plan_of
from benchmarks.peers.work import BASELINES
from benchmarks.splits import wrong_verdicts
from benchmarks.study import overhead, summarise
from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.task_c import STUDY


@pytest.mark.parametrize(
    "module", [found.name for found in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")]
)
def test_every_benchmark_can_be_imported(module):
    importlib.import_module(module)


def test_fixed_splits_give_wrong_verdicts_that_corrected_rules_on_resampled_ones_do_not():
    fixed, resampled = (
        wrong_verdicts("stable", splits, seeds=10, claims=1, studies=100)
        for splits in ("fixed", "resampled")
    )
    assert fixed["t"] > 0.3
    assert resampled["t"] > 0.08
    assert max(resampled["corrected t"], resampled["corrected sign"]) < 0.12


def test_work_of_the_benchmarks_holds_task_c_baselines():
    assert (
        BASELINES.items() >= {b.name: (b.family, dict(b.config)) for b in STUDY.baselines}.items()
    )


def _keys(confirmed):
    return [record.key for record in confirmed.values()]


def test_made_records_are_a_finished_run_of_task_c(tmp_path):
    """A run with a larger budget proposes new trials at once, as `take_up` clocks it."""
    trials, store = 6, RecordStore(LocalFolder(tmp_path))
    make_records(store, trials)
    records = {record.key: record for record in store}
    made = FinishedTrials(plan_of(trials), dict(records))
    confirmed = {key for one in made.candidates() for key in _keys(made.confirmed(one))}
    assert len(records) == trials + len(confirmed)
    assert all(len(made.confirmed(one)) == SEEDS for one in made.candidates())
    finished = Dispatcher(FinishedTrials(plan_of(trials), dict(records)))
    assert not any(finished.remaining().values())
    assert finished.next_job() is None
    larger = Dispatcher(FinishedTrials(plan_of(trials + PROPOSALS), dict(records)))
    jobs = [larger.next_job() for _ in range(PROPOSALS)]
    assert [job.number for job in jobs if job is not None] == list(range(6, 6 + PROPOSALS))


def test_growth_is_the_exponent_between_neighbours():
    trials = pd.Index([10, 100, 1000])
    table = pd.DataFrame({"linear": trials * 2.0, "constant": 3.0, "square": trials**2.0}, trials)
    exponents = growth(table)
    np.testing.assert_allclose(exponents, [[1, 0, 2]] * 2, atol=1e-12)
    assert list(exponents.index) == ["10 to 100", "100 to 1000"]


def test_ratios_are_of_one_turn():
    """The machine is twice as slow in one turn; ratios must not see it."""
    turns = [
        {"turn": turn, "contestant": name, "ray": 0, "workers": 2, "trials": trials, "engine": None}
        for turn, slowness in enumerate((1, 2, 1))
        for name, trials in (("study", 44 * slowness), ("bare", 40 * slowness))
    ]
    table = summarise(pd.DataFrame(turns))
    assert table.loc["bare", "trials, ratio"] == pytest.approx(40 / 44)
    assert "+10.0% once workers have started" in overhead(table)


def test_epochs_after_a_trials_record_are_trained_twice(tmp_path):
    """One trial trains on after its record was written, one before, one has no record."""
    watch = Watch(LocalFolder(tmp_path), since={"late": 10, "early": 10})
    lines = [Line(key, 1, 0, at, False) for key, at in (("late", 11), ("early", 9), ("none", 11))]
    assert trained_twice(lines, watch) == {"late"}


def test_epochs_done_again_count_for_the_latest_fault():
    faults = [Fault("driver", 10, True), Fault("worker", 20, True)]
    again = [Line("a", epoch, 0, at, True) for epoch, at in ((1, 12), (2, 15), (3, 25))]
    assert most_for_one_fault(again, faults) == 2


def test_the_disk_is_full_until_it_is_freed(tmp_path, monkeypatch):
    try:
        disk = Disk(tmp_path)
    except MissingCondition as error:
        pytest.skip(str(error))
    results = LocalFolder(disk.path / "results")
    try:
        monkeypatch.setattr(conditions, "FULL_FOR", (600, 600))
        disk.strike(random.Random(0))
        with pytest.raises(OSError, match="disk full"):
            results.write("record.json", b"x")
        monkeypatch.setattr(conditions, "FULL_FOR", (0, 0))
        disk.strike(random.Random(0))
        results.write("record.json", b"x")
        assert results.names() == ["record.json"]
    finally:
        disk.close()


def test_only_the_wall_clock_is_moved(tmp_path):
    """Not the monotonic one, nor the times of files, by which the benchmark measures."""
    try:
        clock = Clock(tmp_path)
    except MissingCondition as error:
        pytest.skip(str(error))
    hours = float(clock.strike(random.Random(0)).split()[-2])
    show = "import time; from benchmarks.faults.rounds import now_as_files as now; "
    show += "print(time.time(), time.monotonic(), now() / 1e9)"
    before = [time.time() + hours * 3600, time.monotonic(), time.time()]
    shown = subprocess.run(
        [sys.executable, "-c", show], env=clock.environment, capture_output=True, check=True
    ).stdout
    np.testing.assert_allclose([float(one) for one in shown.split()], before, rtol=0, atol=600)


def test_differences_of_tables_are_named():
    table = pd.DataFrame({"key": ["a", "b"], "val_loss": [0.5, np.nan]})
    assert difference(table, table.copy()) == "equal"
    assert difference(table, table.assign(val_loss=0.5)) == "differs: val_loss"
    assert difference(table, table.assign(key=["a", "c"])) == "2 trials differ"
    assert difference(table, pd.concat([table, table])) == "2 rows, not 4"
