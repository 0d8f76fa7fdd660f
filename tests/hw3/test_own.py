"""Data of one's own: arrays, data sets, folders of pictures, files of other classes."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset

from hw3.data import SOURCES, Source, load_splits, splits_from_arrays, splits_from_dataset
from hw3.models import Shape
from hw3.splits import CLASSES, DataError, Split, make_splits
from tests.made_data import make_kaggle, medmnist_arrays, noise

NAMES = ("cat", "dog", "fox")
LABELS = np.arange(90) % 3


def numbers(count=90, features=5):
    return np.random.default_rng(0).normal(size=(count, features))


def patients_of(part):
    return set(part.patients.tolist())


def test_arrays_become_three_parts_with_the_classes_in_equal_shares():
    splits = splits_from_arrays(numbers(), LABELS, NAMES)
    assert splits.shape == Shape((5,), 3) and splits.classes == NAMES
    assert {name: set(count.values()) for name, count in splits.counts().items()} == {
        "train": {18},
        "val": {6},
        "test": {6},
    }
    assert splits.train.images.dtype == np.float32
    again, other = (
        splits_from_arrays(numbers(), LABELS, NAMES),
        splits_from_arrays(numbers(), LABELS, NAMES, seed=1),
    )
    assert splits.fingerprint == again.fingerprint != other.fingerprint
    rows = np.concatenate([part.images for part in splits.parts().values()])
    assert len(np.unique(rows, axis=0)) == 90


def test_patients_and_equal_examples_stay_in_one_part():
    patients = np.arange(90) // 3  # each with all three classes
    splits = splits_from_arrays(numbers(), LABELS, NAMES, patients)
    parts = [patients_of(part) for part in splits.parts().values()]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 30
    inputs = numbers()
    inputs[45:48] = inputs[0]
    splits = splits_from_arrays(inputs, np.arange(90) % 2)
    holding = [
        (part.images == np.float32(inputs[0])).all(1).sum() for part in splits.parts().values()
    ]
    assert sorted(holding) == [0, 0, 4]


def test_labels_may_be_names_or_any_numbers():
    words = np.array(NAMES)[LABELS]
    assert splits_from_arrays(numbers(), words).classes == NAMES
    named = splits_from_arrays(numbers(), words, ("fox", "dog", "cat"))
    assert named.classes == ("fox", "dog", "cat")
    assert splits_from_arrays(numbers(), LABELS + 1).classes == ("1", "2", "3")


@pytest.mark.parametrize(
    ("inputs", "inputs_of_one"),
    [
        (noise(0, 90, 8, 8), (1, 8, 8)),
        (noise(0, 90, 8, 8, 3), (3, 8, 8)),
        (noise(0, 90, 3, 8, 8), (3, 8, 8)),
        (noise(0, 90, 1, 8, 8), (1, 8, 8)),
        (noise(0, 90, 8, 8, 3) / 255, (3, 8, 8)),
        (noise(0, 90, 8, 8, 1) / 255, (1, 8, 8)),
        (noise(0, 90, 3, 8, 8) / 255, (3, 8, 8)),
        (noise(0, 90, 3, 8, 3) / 255, (3, 8, 3)),
        (noise(0, 90, 12, 8, 1) / 255, (12, 8, 1)),
        (noise(0, 90, 1, 12, 8, 3) / 255, (1, 12, 8, 3)),
        (noise(0, 90, 8, 8, 3).astype(np.int32), (8, 8, 3)),
        (numbers().reshape(90, 5, 1), (5, 1)),
        (np.arange(900).reshape(90, 10).astype(np.int32), (10,)),
    ],
)
def test_examples_of_every_kind_are_taken(inputs, inputs_of_one):
    splits = splits_from_arrays(inputs, LABELS)
    assert splits.shape.inputs == inputs_of_one
    assert splits.shape.whole == (inputs.dtype == np.int32)


def test_a_test_part_of_its_own_is_kept():
    splits = splits_from_arrays(
        numbers(), LABELS, NAMES, test=(numbers(9) + 1, np.arange(9) % 3), val_share=0.1
    )
    assert [len(part) for part in splits.parts().values()] == [81, 9, 9]
    assert splits_from_arrays(numbers(), LABELS, test_share=0).test is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": LABELS[1:]}, r"one whole label per example.*\(89,\)"),
        ({"labels": LABELS / 2, "classes": NAMES}, "one whole label.*float64"),
        ({"labels": LABELS, "classes": NAMES[:2]}, "got 2"),
        ({"labels": np.array(NAMES)[LABELS], "classes": NAMES[:2]}, "cat, dog, got fox"),
        ({"labels": np.where(np.arange(90) < 88, 0, 1)}, "1 has none left for"),
        ({"labels": np.zeros(90, int)}, "2 to 1000 classes"),
        ({"inputs": np.full((90, 5), np.nan)}, "NaN or infinity"),
        ({"inputs": np.full((90, 5), "a")}, "uint8 images, float32"),
        ({"inputs": np.zeros((90, 8, 9, 3))}, r"pictures with their colours first, \(N, 3, 8, 9\)"),
        ({"patients": np.arange(3)}, "one patient per example"),
        ({"patients": np.zeros(90)}, "stay together"),
        ({"val_share": 1.5}, "share of val must be above 0 and below 1"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused_with_the_fact(change, said):
    given = {"inputs": numbers(), "labels": LABELS, "location": "here"} | change
    with pytest.raises(DataError, match=f"(?s)here.*{said}"):
        splits_from_arrays(**given)


class Pictures(Dataset):
    classes = NAMES

    def __len__(self):
        return 30

    def __getitem__(self, index):
        return Image.fromarray(noise(index, 8, 8, 3)), index % 3


def test_torch_data_sets_are_taken():
    tensors = TensorDataset(torch.from_numpy(numbers()).float(), torch.from_numpy(LABELS))
    splits = splits_from_dataset(
        tensors, NAMES, test=TensorDataset(torch.rand(6, 5), torch.arange(6) % 3)
    )
    assert splits.shape == Shape((5,), 3) and len(splits.test) == 6
    pictures = splits_from_dataset(Pictures())
    assert pictures.shape == Shape((3, 8, 8), 3) and pictures.classes == NAMES


def test_a_data_set_of_several_sizes_is_refused():
    with pytest.raises(DataError, match=r"one shape.*\(2,\), \(3,\).*transform"):
        splits_from_dataset([(np.zeros(2), 0), (np.zeros(3), 1)])


def test_a_source_of_ones_own_is_named_by_its_key(monkeypatch):
    source = Source("Numbers", load=lambda location, size: splits_from_arrays(numbers(), LABELS))
    monkeypatch.setitem(SOURCES, "numbers", source)
    splits = load_splits("numbers", 32)
    assert (splits.source, splits.location) == ("numbers", "numbers")
    with pytest.raises(DataError, match=r"did you mean numbers\?(?s:.*)Numbers: numbers"):
        load_splits("number", 32)
    with pytest.raises(DataError, match="names of their own"):
        load_splits("numbers", 32, NAMES)


def test_what_ones_own_source_raises_is_one_error(monkeypatch):
    monkeypatch.setitem(SOURCES, "broken", Source("Broken", load=lambda *_: 1 / 0))
    with pytest.raises(DataError, match="source Broken raised ZeroDivisionError"):
        load_splits("broken", 32)
    monkeypatch.setitem(SOURCES, "broken", Source("Broken", load=lambda *_: numbers()))
    with pytest.raises(DataError, match=r"must return Splits.*ndarray"):
        load_splits("broken", 32)


def save_pictures(folder, parts, colour=True, count=10):
    for place, part in enumerate(parts):
        for label, name in enumerate(NAMES):
            (folder / part / name).mkdir(parents=True)
            for index in range(count):
                shape = (20, 30, 3) if colour and index else (20, 30)
                image = Image.fromarray(noise(1000 * place + 100 * label + index, *shape))
                image.save(folder / part / name / f"{index}.png")


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("train", "test"), ("",)])
def test_folders_of_pictures_are_read_in_colours(tmp_path, parts):
    save_pictures(tmp_path, parts)
    splits = load_splits(str(tmp_path), 16)
    assert splits.source == "folders" and splits.classes == NAMES
    assert splits.shape == Shape((3, 16, 16), 3)
    expected = {name: 10 for name in parts if name} or {"train": 10}
    if "val" not in expected:
        expected |= {"train": 8, "val": 2}
    assert {name: set(count.values()) for name, count in splits.counts().items()} == {
        name: {count} for name, count in expected.items()
    }
    grey = splits.train.images[(splits.train.images == splits.train.images[..., :1]).all((1, 2, 3))]
    assert 0 < len(grey) < len(splits.train)


def test_pictures_without_colours_are_grey_whatever_they_are_stored_in(tmp_path):
    save_pictures(tmp_path, ("",), colour=False)
    path = tmp_path / "cat" / "3.png"
    Image.open(path).convert("RGB").save(path)
    assert load_splits(str(tmp_path), 16).shape == Shape((1, 16, 16), 3)


def test_named_folders_alone_are_read_in_their_order(tmp_path):
    save_pictures(tmp_path, ("train", "test"))
    splits = load_splits(str(tmp_path), 16, ("fox", "cat"))
    assert splits.classes == ("fox", "cat") and len(splits.test) == 20
    with pytest.raises(DataError, match=r"wolf: each class must have a folder.*cat, dog, fox"):
        load_splits(str(tmp_path), 16, ("cat", "wolf"))


def test_pictures_of_a_patient_stay_in_one_part(tmp_path):
    save_pictures(tmp_path, ("",))
    lines = [f"{name}/{i}.png,person{i // 2}" for name in NAMES for i in range(10)]
    (tmp_path / "manifest.csv").write_text("\n".join(["file,patient", *lines]))
    splits = load_splits(str(tmp_path), 16)
    assert not patients_of(splits.train) & patients_of(splits.val)
    (tmp_path / "manifest.csv").write_text("\n".join(["file,patient", *lines[1:]]))
    with pytest.raises(DataError, match=r"manifest\.csv: must list each picture.*cat/0\.png"):
        load_splits(str(tmp_path), 16)


def test_kaggles_tree_stays_kaggles(tmp_path):
    make_kaggle(tmp_path)
    assert load_splits(str(tmp_path), 16).source == "kaggle"


def save_arrays(folder, names, *shape, dtype=np.uint8):
    for seed, name in enumerate(names):
        np.save(folder / f"{name}.npy", noise(seed, *shape).astype(dtype))


def test_arrays_by_class_may_have_any_names(tmp_path):
    save_arrays(tmp_path, NAMES, 10, 24, 24, 3)
    splits = load_splits(str(tmp_path), 16)
    assert splits.source == "arrays" and splits.classes == NAMES
    assert splits.shape == Shape((3, 16, 16), 3)
    chosen = load_splits(str(tmp_path), 16, ("fox", "dog"))
    assert chosen.classes == ("fox", "dog") and len(chosen.train) == 16


def test_arrays_of_numbers_keep_what_they_are(tmp_path):
    save_arrays(tmp_path, NAMES, 10, 7, dtype=np.float32)
    assert load_splits(str(tmp_path), 16).shape == Shape((7,), 3)


def test_float_pictures_with_their_colours_last_are_those_with_their_colours_first(tmp_path):
    last = noise(0, 90, 8, 8, 3).astype(np.float32)
    first = splits_from_arrays(last.transpose(0, 3, 1, 2), LABELS)
    assert splits_from_arrays(last, LABELS).fingerprint == first.fingerprint
    save_arrays(tmp_path, NAMES, 10, 24, 24, 3, dtype=np.float32)
    assert load_splits(str(tmp_path), 16).shape == Shape((3, 24, 24), 3)


def test_a_missing_array_comes_with_those_that_are_there(tmp_path):
    save_arrays(tmp_path, ("no_findings", "pneumonia"), 10, 24, 24)
    with pytest.raises(DataError, match=r"normal\.npy is missing.*--classes no_findings,pneumonia"):
        load_splits(str(tmp_path), 16)
    splits = load_splits(str(tmp_path), 16, ("no_findings", "pneumonia"))
    assert splits.classes == ("no_findings", "pneumonia")


def save_archive(path, count_of_classes, colour=False, **more):
    arrays = medmnist_arrays()
    for part in ("train", "val", "test"):
        count = len(arrays[f"{part}_images"])
        arrays[f"{part}_labels"] = np.arange(count)[:, None] % count_of_classes
        if colour:
            arrays[f"{part}_images"] = noise(len(part) + count, count, 28, 28, 3)
    np.savez(path, **arrays | more)


def test_an_archive_may_have_colours_and_any_number_of_classes(tmp_path):
    path = tmp_path / "bloodmnist.npz"
    save_archive(path, 3, colour=True)
    splits = load_splits(str(path), 16)
    assert splits.shape == Shape((3, 16, 16), 3) and splits.classes == ("0", "1", "2")
    assert load_splits(str(path), 16, NAMES).classes == NAMES
    with pytest.raises(DataError, match=r"bloodmnist\.npz.*got 2"):
        load_splits(str(path), 16, NAMES[:2])


def test_an_archive_may_say_its_classes_and_patients(tmp_path):
    people = {
        f"{part}_patients": np.array([f"{part}{i // 2}" for i in range(count)])
        for part, count in (("train", 12), ("val", 6), ("test", 6))
    }
    save_archive(tmp_path / "own.npz", 3, classes=np.array(NAMES), **people)
    splits = load_splits(str(tmp_path / "own.npz"), 28)
    assert splits.classes == NAMES and len(patients_of(splits.train)) == 6


def test_pneumoniamnist_has_the_homeworks_classes(tmp_path):
    save_archive(tmp_path / "pneumoniamnist_64.npz", 2)
    assert load_splits(str(tmp_path / "pneumoniamnist_64.npz"), 28).classes == CLASSES


@pytest.mark.parametrize("names", [("cat",), ("cat", "cat"), ("cat", "")])
def test_names_that_are_no_classes_are_refused(tmp_path, names):
    save_arrays(tmp_path, NAMES, 10, 8, 8)
    with pytest.raises(DataError, match=r"--classes.*class"):
        load_splits(str(tmp_path), 16, names)


def test_phantoms_have_classes_of_their_own():
    with pytest.raises(DataError, match="Synthetic phantoms have names of their own"):
        load_splits("phantom", 16, NAMES)


def test_more_classes_than_a_byte_holds():
    labels = np.arange(900) % 300
    inputs = np.random.default_rng(0).normal(size=(900, 4)).astype(np.float32)
    part = Split(inputs, labels.astype(np.uint16))
    names = tuple(map(str, range(300)))
    splits = make_splits("made", "here", part, Split(inputs + 1, labels), None, names)
    assert splits.shape.outputs == 300
    swapped = Split(inputs, (labels.astype(np.uint16) + 256) % 300)
    other = make_splits("made", "here", swapped, Split(inputs + 1, labels), None, names)
    assert other.fingerprint != splits.fingerprint
