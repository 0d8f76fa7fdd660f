import time

import pytest
import torch

from study.checkpoints import CheckpointKeeper, CheckpointStore
from study.storage import TEMPORARY, LocalFolder

JOB = {"stage": "explore", "number": 3}


def state(epoch):
    return {"epoch": epoch, "weights": torch.full((3,), float(epoch)), "rows": [{"loss": None}]}


@pytest.fixture
def store(tmp_path):
    store = CheckpointStore(LocalFolder(tmp_path))
    store.begin("k", JOB)
    return store


def test_newest_state_comes_back_as_it_was(store):
    for epoch in (1, 2, 3):
        store.save("k", state(epoch))
    loaded = store.load("k")
    assert torch.equal(loaded.pop("weights"), torch.full((3,), 3.0))
    assert loaded == {"epoch": 3, "rows": [{"loss": None}]}


def test_trial_without_a_state_has_none(store):
    assert store.load("k") is None
    assert store.load("other") is None


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[:40] + b"x" * 99])
def test_damaged_checkpoint_gives_way_to_the_one_before(tmp_path, store, damage, caplog):
    store.save("k", state(1))
    store.save("k", state(2))
    path = tmp_path / "k.pt"
    path.write_bytes(damage(path.read_bytes()))
    assert store.load("k")["epoch"] == 1
    assert "k.pt" in caplog.text


def test_sweep_removes_what_no_trial_under_way_needs(tmp_path, store):
    store.save("k", state(1))
    kept = {path.name for path in tmp_path.iterdir()}
    store.save("ended", state(1))
    (tmp_path / f"{TEMPORARY}k.pt.0").write_bytes(b"half of")
    store.sweep()
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_deleted_trial_leaves_nothing(tmp_path, store):
    store.save("k", state(1))
    store.save("k", state(2))
    store.delete("k")
    store.delete("k")
    assert list(tmp_path.iterdir()) == []


def test_jobs_are_those_under_way(tmp_path, store, caplog):
    store.begin("m", {"stage": "confirm"})
    (tmp_path / "n.json").write_text('{"stage": "con')
    assert list(store.jobs()) == [JOB, {"stage": "confirm"}]
    assert "n.json" in caplog.text
    assert list(CheckpointStore(LocalFolder(tmp_path / "none")).jobs()) == []


def test_keeper_saves_no_more_often_than_its_share_of_the_time(store, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    keeper, made = CheckpointKeeper(store), []
    keeper.resume("k", JOB)

    def slow_state():  # takes three seconds
        made.append(now[0])
        now[0] += 3.0
        return state(len(made))

    for _ in range(250):
        keeper.save("k", slow_state)
        now[0] += 1.0
    assert made == [100.0, 203.0, 306.0]
    keeper.resume("m", JOB)  # short trials, one after the other, may not cost more
    keeper.save("m", slow_state)
    assert len(made) == 3
    now[0] += 100.0
    keeper.save("m", slow_state)
    assert len(made) == 4


def test_keeper_goes_on_without_a_store_and_tells_one_that_fails(tmp_path):
    (tmp_path / "file").write_text("")
    unreachable = CheckpointStore(LocalFolder(tmp_path / "file" / "checkpoints"))
    without, failing = CheckpointKeeper(None), CheckpointKeeper(unreachable)
    for keeper in (without, failing):
        assert keeper.resume("k", JOB) is None
        keeper.save("k", lambda: state(1))
        assert keeper.resume("k", JOB) is None
    assert without.failure is None
    assert failing.failure is not None and "checkpoints" in failing.failure
