import pytest
import torch

from study.checkpoints import CheckpointStore

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
