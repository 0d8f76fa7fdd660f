import time

import pytest
import torch

from study.checkpoints import CheckpointKeeper, CheckpointStore

JOB = {"stage": "explore", "number": 3}


def state(epoch):
    return {"epoch": epoch, "weights": torch.full((3,), float(epoch)), "rows": [{"loss": None}]}


@pytest.fixture
def store(tmp_path):
    store = CheckpointStore(tmp_path)
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
def test_damaged_checkpoint_gives_way_to_the_one_before(store, damage, caplog):
    store.save("k", state(1))
    store.save("k", state(2))
    path = store.folder / "k.pt"
    path.write_bytes(damage(path.read_bytes()))
    assert store.load("k")["epoch"] == 1
    assert "k.pt" in caplog.text


def test_a_write_that_fails_leaves_the_one_before(store, monkeypatch):
    store.save("k", state(1))

    def fail(_descriptor):
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        store.save("k", state(2))
    assert store.load("k")["epoch"] == 1


def test_deleted_trial_leaves_nothing(store):
    store.save("k", state(1))
    store.save("k", state(2))
    store.delete("k")
    store.delete("k")
    assert list(store.folder.iterdir()) == []


def test_jobs_are_those_under_way(store, caplog):
    store.begin("m", {"stage": "confirm"})
    (store.folder / "n.json").write_text('{"stage": "con')
    assert list(store.jobs()) == [JOB, {"stage": "confirm"}]
    assert "n.json" in caplog.text
    assert list(CheckpointStore(store.folder / "none").jobs()) == []


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
    keeper.resume("m", JOB)  # the next trial starts with a save of its own
    keeper.save("m", slow_state)
    assert len(made) == 4


def test_keeper_goes_on_without_a_store(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    unreachable = CheckpointStore(tmp_path / "file" / "checkpoints")
    for keeper in (CheckpointKeeper(None), CheckpointKeeper(unreachable)):
        assert keeper.resume("k", JOB) is None
        keeper.save("k", lambda: state(1))
        assert keeper.resume("k", JOB) is None
    assert "no checkpoints are kept here" in caplog.text
