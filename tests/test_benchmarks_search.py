"""The benchmark of the search: every peer on a made table, and the arithmetic of its summary."""

import json
import warnings
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from benchmarks.search import tables
from benchmarks.search.__main__ import RUNS, known, read_runs, summary
from benchmarks.search.families import NAME
from benchmarks.search.peers import PEERS, MissingPeer, OptunaAlone, RayTune, SyneTune, cost_of
from benchmarks.search.spaces import SEARCHES
from benchmarks.search.tables import TaskCurves
from benchmarks.search.trap import Growing, ours_right, peers_right
from hw3.models import FAMILIES
from study.spec.search import Search
from study.spec.space import Choice, Float, Int

EPOCHS = 8
CURVES = Path(tables.__file__).with_name("curves.parquet")


@pytest.fixture(autouse=True)
def families_of_their_own():
    """What the benchmark adds to the families is gone after it."""
    yield
    FAMILIES.pop(NAME, None)


class Made:
    """Early losses tell how late ones compare."""

    name, epochs, target = "made", EPOCHS, 0.08
    search = Search(
        "made",
        "made",
        "ann",
        {"rate": Float(0.01, 1.0, log=True), "width": Int(1, 9), "kind": Choice(("a", "b"))},
    )

    def losses(self, point):
        away = abs(np.log10(point["rate"]) + 1) / 2 + abs(point["width"] - 4) / 20
        return away + 1 / np.arange(1, EPOCHS + 1) - 1 / EPOCHS


class Stopping:
    """A search that stops every trial after two epochs."""

    def begin(self):
        return {"rate": 0.1, "width": 4, "kind": "a"}

    def stops(self, epoch, loss):
        return epoch == 2

    def end(self, epoch, loss):
        assert epoch == 2


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
    optuna.logging.set_verbosity(before)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_is_charged_for_the_epochs_until_the_target(name):
    """The same at every call; those that stop trials end at a fraction of a training."""
    try:
        cost = PEERS[name](Made(), 4, 60)
    except MissingPeer as error:
        pytest.skip(str(error))
    assert cost is not None
    assert (cost % 1 == 0) == (name in ("random_full", "optuna_tpe", "optuna_gp"))
    assert PEERS[name](Made(), 4, cost) == cost
    assert PEERS[name](Made(), 4, cost - 1 / EPOCHS) is None


@pytest.mark.parametrize("task", SEARCHES)
def test_a_tasks_curves_are_near_those_that_were_trained_and_tell_of_others(task):
    trained = pd.read_parquet(CURVES).query("task == @task and epoch == 30")
    table = TaskCurves(pd.read_parquet(CURVES), task)
    for point, losses in trained.groupby("point")["val_loss"]:
        found = table.losses(json.loads(point))
        assert found.shape == (30,) and found[-1] == pytest.approx(losses.mean(), rel=0.35)
    assert 0.4 < table.explained < 1
    ends = trained.groupby("point")["val_loss"].mean()
    assert ends.min() * 0.9 < table.target < ends.median()


def test_a_trial_that_was_stopped_has_not_reached_the_target():
    assert Made().losses(Stopping().begin())[1] > Made.target
    assert cost_of(Stopping(), type("Easy", (Made,), {"target": np.inf})(), 10) is None


def test_stopped_trials_are_told_as_each_library_does():
    """Optuna alone holds them as pruned, `OptunaSearch` as complete."""
    halving = optuna.pruners.SuccessiveHalvingPruner()
    sampler = optuna.samplers.RandomSampler
    states = {}
    for peer in (OptunaAlone(Made(), 0, sampler, halving), RayTune(Made(), 0, sampler)):
        assert cost_of(peer, type("Hard", (Made,), {"target": -1.0})(), 5) is None
        short = [t for t in peer.study.trials if max(t.intermediate_values, default=0) < EPOCHS - 1]
        states[type(peer)] = {trial.state.name for trial in short if trial.state.is_finished()}
    assert states == {OptunaAlone: {"PRUNED"}, RayTune: {"COMPLETE"}}


def test_a_peer_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("benchmarks.search.peers.find_spec", lambda name: None)
    with pytest.raises(MissingPeer, match="pip install syne-tune"):
        SyneTune(Made(), 0, "ASHA")


def write_runs(folder, *rows):
    same = {"table": "t", "target": 0.1, "method": "ours", "most": 100, "seconds": 1}
    (folder / RUNS).write_text("".join(json.dumps(same | row) + "\n" for row in rows))


def test_runs_that_ended_at_less_or_at_another_target_are_run_again(tmp_path):
    write_runs(
        tmp_path,
        {"target": 0.2, "seed": 3, "cost": 2.0, "most": 50},
        {"seed": 0, "cost": 3.0, "most": 10},
        {"seed": 1, "cost": None, "most": 10},
        {"seed": 2, "cost": None, "most": 50},
        {"seed": 2, "cost": None, "most": 10},
    )
    runs = read_runs(tmp_path)
    assert [one[-1] for one in sorted(known(runs, 10))] == [0, 1, 2]
    assert [one[-1] for one in sorted(known(runs, 50))] == [0, 2]


def test_summary_counts_what_was_not_reached_as_the_most(tmp_path):
    costs = {"ours": {"t": [10.0, 20.0], "u": [None, None]}}
    costs["random_full"] = {"t": [40.0, 80.0], "u": [50.0, 70.0]}
    rows = [
        {"table": table, "method": method, "seed": seed, "cost": cost}
        for method, tables in costs.items()
        for table, values in tables.items()
        for seed, cost in enumerate(values)
    ]
    write_runs(tmp_path, *rows)
    lines = summary(read_runs(tmp_path), most=100).splitlines()
    assert lines[2].split(" | ")[1:7] == ["2", "2", "–", "37.6", "50.0%", "1 of 2"]
    assert lines[3].split(" | ")[1:7] == ["2", "2", "60.0", "57.9", "0.0%", "0 of 2"]
    assert lines[7] == "| t | 2 | 15.0 | 60.0 | 0.25 | 0.25 to 0.25 |"
    assert lines[8] == "| u | 2 | 100.0 | 60.0 | 1.69 | 1.43 to 2.00 |"


def test_a_metric_that_grows_makes_ray_and_optuna_choose_a_trial_that_was_stopped():
    table = Growing(noise=0.0)
    right = [peers_right(table, seed, trials=12) for seed in range(5)]
    assert not any(one["Ray, last"] or one["Optuna"] for one in right)
    assert ours_right(table, seed=0, trials=8)
