import hashlib
import os
import time

import pytest
import torch

from study.store.checkpoints import CheckpointKeeper, CheckpointStore
from study.store.folder import TEMPORARY, LocalFolder

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


def replace_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


def sign_nonsense(path):
    """Content that is whole, and that torch.save did not write."""
    path.write_bytes(hashlib.sha256(b"nonsense").digest() + b"nonsense")


def grow(path):
    os.truncate(path, 10**12)


@pytest.mark.parametrize("spoil", [replace_by_pipe, sign_nonsense, grow])
def test_what_is_no_checkpoint_gives_way_to_the_one_before(tmp_path, store, spoil, caplog):
    store.save("k", state(1))
    store.save("k", state(2))
    spoil(tmp_path / "k.pt")
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
    assert list(store.jobs(dict)) == [JOB, {"stage": "confirm"}]
    assert "n.json" in caplog.text
    assert (tmp_path / "n.json.damaged").exists()
    assert list(CheckpointStore(LocalFolder(tmp_path / "none")).jobs(dict)) == []


def test_keeper_saves_no_more_often_than_its_share_of_the_time(store, monkeypatch):
    now, saved = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slow_save(key, state):  # takes three seconds
        saved.append((key, now[0]))
        now[0] += 3.0

    monkeypatch.setattr(store, "save", slow_save)
    keeper = CheckpointKeeper(store)
    for _ in range(200):
        keeper.save({"k": state(1)})
        now[0] += 1.0
    assert saved == [("k", 101.0), ("k", 224.0)]
    keeper.resume("m", JOB)  # short trials, one after the other, may not cost more
    keeper.save({"m": state(1)})
    assert len(saved) == 2
    now[0] += 120.0
    keeper.save({"m": state(1)})
    assert len(saved) == 3


@pytest.mark.parametrize(("megabytes", "seconds"), [(0, 0.4), (6, 1.6), (600, 120.4)])
def test_first_save_waits_for_what_its_size_will_cost(store, monkeypatch, megabytes, seconds):
    now, saved = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(store, "save", lambda key, state: saved.append(now[0]))
    keeper = CheckpointKeeper(store)
    large = {"weights": [{"w": torch.empty(megabytes * 250_000)}], "epoch": 3}
    for now[0] in (100.0, 100.0 + 0.99 * seconds, 100.001 + seconds, 101.0 + seconds):
        keeper.save({"k": large})
    assert saved[0] == 100.001 + seconds


def test_keeper_goes_on_without_a_store_and_tells_one_that_fails(tmp_path):
    (tmp_path / "file").write_text("")
    unreachable = CheckpointStore(LocalFolder(tmp_path / "file" / "checkpoints"))
    without, failing = CheckpointKeeper(None), CheckpointKeeper(unreachable)
    for keeper in (without, failing):
        assert keeper.resume("k", JOB) is None
        keeper.save({"k": state(1)})
        assert keeper.resume("k", JOB) is None
    assert without.failure is None
    assert failing.failure is not None and "checkpoints" in failing.failure
