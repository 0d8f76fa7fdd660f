"""Weights in a folder: whole, readable without pickle, and refused where they are damaged."""

import pytest
import torch

from study.spec.errors import StudyError
from study.store.folder import LocalFolder
from study.store.open import open_folder
from study.store.weights import WeightsStore, labels_of

KEY = "0123456789abcdef0123"


def state():
    shared = torch.arange(6.0).reshape(2, 3)
    return {
        "conv": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "one": shared,
        "two": shared,  # tied to it
        "count": torch.tensor(3),
        "part": shared[:, 1],
    }


@pytest.mark.parametrize("where", ["{path}", "memory://{path.name}"])
def test_tensors_of_any_layout_come_back_as_they_were(tmp_path, where):
    store, tensors = WeightsStore(open_folder(where.format(path=tmp_path))), state()
    store.write(KEY, tensors, labels_of("task_x", "best", {"seed": 3}))
    loaded = store.load(KEY)
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], one) for name, one in tensors.items())
    assert store.labels(KEY) == labels_of("task_x", "best", {"seed": 3})
    assert store.kept() == {KEY}
    store.delete(KEY)
    assert store.kept() == set()


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\xff" * 100])
def test_a_file_that_holds_no_weights_is_named_and_never_unpickled(tmp_path, content):
    folder = LocalFolder(tmp_path)
    (folder / "weights").write(f"{KEY}.safetensors", content)
    for read in (WeightsStore(folder).load, WeightsStore(folder).labels):
        with pytest.raises(StudyError, match=rf"weights/{KEY}.safetensors is damaged"):
            read(KEY)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StudyError, match=rf"weights/{KEY}.safetensors is not there"):
        WeightsStore(LocalFolder(tmp_path)).load(KEY)
