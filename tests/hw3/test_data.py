"""The data sources: what each must give from whole files."""

import errno
import subprocess
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from hw3.data import SOURCES, find_source, is_phantom, load_splits, phantom_location
from hw3.phantom import make_phantoms
from hw3.sources.kaggle import read_patient
from hw3.splits import DataError, make_splits
from tests.made_data import MAKERS, load, make_course, make_kaggle, medmnist_arrays, noise


def test_each_source_must_have_made_data():
    missing = ", ".join(SOURCES.keys() - MAKERS.keys())
    assert not missing, (
        f"no test has data of {missing}: add to MAKERS in tests/made_data.py a function that "
        f"makes a small data set in a folder and returns its location"
    )


@pytest.mark.parametrize("name", MAKERS)
def test_source_must_be_recognised_alone(name, tmp_path):
    location = MAKERS[name](tmp_path)
    assert [key for key, source in SOURCES.items() if source.recognises(location)] == [name]
    assert SOURCES[name].title and SOURCES[name].takes


@pytest.mark.parametrize("name", MAKERS)
def test_source_must_give_checked_parts(name, tmp_path):
    splits = load(MAKERS[name](tmp_path))
    assert splits.source == name and list(splits.parts()) == ["train", "val", "test"]
    for part in splits.parts().values():
        assert part.images.dtype == np.uint8 and part.images.shape == (len(part), 16, 16)
        assert part.labels.dtype == np.uint8 and set(part.labels.tolist()) == {0, 1}


@pytest.mark.parametrize("name", MAKERS)
def test_source_must_keep_patients_and_images_apart(name, tmp_path):
    parts = load(MAKERS[name](tmp_path)).parts().values()
    images = [{image.tobytes() for image in part.images} for part in parts]
    assert len(set.union(*images)) == sum(map(len, images))
    known = [set(part.patients.tolist()) for part in parts if part.patients is not None]
    assert len(set().union(*known)) == sum(map(len, known))


@pytest.mark.parametrize("name", MAKERS)
def test_source_must_give_equal_data_twice_and_another_size_another_fingerprint(name, tmp_path):
    location = MAKERS[name](tmp_path)
    first, second, larger = load(location), load(location), load(location, 32)
    np.testing.assert_array_equal(first.train.images, second.train.images)
    assert first.fingerprint == second.fingerprint != larger.fingerprint
    assert larger.image_size == 32
    np.testing.assert_array_equal(first.train.labels, larger.train.labels)


@pytest.mark.parametrize("name", MAKERS)
def test_source_fingerprint_must_change_with_one_pixel(name, tmp_path):
    splits = load(MAKERS[name](tmp_path))
    images = splits.train.images.copy()
    images[0, 0, 0] ^= 1
    parts = replace(splits.train, images=images), splits.val, splits.test
    assert make_splits(name, splits.location, *parts).fingerprint != splits.fingerprint


@pytest.mark.parametrize("name", MAKERS)
def test_source_must_give_any_size_from_1(name, tmp_path):
    assert load(MAKERS[name](tmp_path), 21).image_size == 21


@pytest.mark.parametrize("size", [0, -8, 16.0, "16", None])
def test_size_that_is_no_positive_whole_number_must_be_refused_before_reading(size, monkeypatch):
    monkeypatch.setattr("hw3.data.find_source", lambda location: pytest.fail(f"read {location}"))
    with pytest.raises(DataError, match=str(size)):
        load("phantom", size)


def test_phantoms_must_follow_the_counts_in_the_location():
    assert phantom_location((5, 3, 2)) == "phantom:5,3,2"
    splits = load("phantom:5,3,2")
    assert [len(part) for part in splits.parts().values()] == [10, 6, 4]
    assert splits.location == "phantom, seed 0"
    assert splits.fingerprint == make_phantoms(16, (5, 3, 2), seed=0).fingerprint


def test_phantoms_must_have_counts_of_their_own_where_the_location_gives_none():
    assert load("phantom").fingerprint == load("phantom:400,100,200").fingerprint


@pytest.mark.parametrize(
    ("location", "answer"),
    [
        ("phantom", True),
        ("phantom:6,4,4", True),
        ("phantom:", True),
        ("phantoms", False),
        ("phantom/normal.npy", False),
        ("./phantom:6,4,4", False),
        ("", False),
    ],
)
def test_location_must_mean_phantoms_by_the_word_before_the_colon(location, answer):
    assert is_phantom(location) is answer


@pytest.mark.parametrize(
    "counts",
    [
        "",
        "6",
        "6,4",
        "6,4,4,4",
        "6,4,",
        "6;4;4",
        "6,0,4",
        "6,-4,4",
        "6,4,+4",
        "6, 4, 4",
        "six,4,4",
        "6,4,4.5",
        "6,4,1_0",
        "6,4,٤",
        "6,4,4\n",
        "6,4,1000000",
        "6,4," + "9" * 5000,
    ],
)
def test_phantom_counts_that_are_bad_must_be_refused_with_the_fact_and_an_example(counts):
    with pytest.raises(DataError) as caught:
        load(f"phantom:{counts}")
    assert repr(counts) in str(caught.value) and "phantom:400,200,200" in str(caught.value)


@pytest.mark.parametrize(
    "location", ["nowhere", "no/where.npz", "", "a\0b", "x" * 5000, "~nobody/x"]
)
def test_missing_location_must_be_refused_with_the_choices(location):
    with pytest.raises(DataError) as caught:
        load(location)
    assert all(source.takes in str(caught.value) for source in SOURCES.values())


def test_misspelt_location_must_be_refused_with_the_nearest():
    with pytest.raises(DataError, match="mean pneumoniamnist"):
        load("pneumoniamist")


def test_location_of_no_source_must_be_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    for location in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(DataError, match=str(location)):
            find_source(str(location))


def test_import_must_not_bring_torch_or_pandas():
    code = "import sys, hw3.data; sys.exit(bool({'torch', 'pandas', 'ray'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_course_must_split_each_file_at_80_percent_in_order(tmp_path):
    splits = load(make_course(tmp_path), 24)
    for label, name in enumerate(("normal", "pneumonia")):
        images = np.load(tmp_path / f"{name}.npy")
        train, val = splits.train, splits.val
        np.testing.assert_array_equal(train.images[train.labels == label], images[:8])
        np.testing.assert_array_equal(val.images[val.labels == label], images[8:])
    assert splits.val.patients.tolist() == ["normal4", "normal4", "pneumonia4", "pneumonia4"]
    assert splits.test.patients is None


def test_course_must_do_without_test_and_manifest(tmp_path):
    make_course(tmp_path)
    for name in ("manifest.csv", "test_normal.npy", "test_pneumonia.npy"):
        (tmp_path / name).unlink()
    splits = load(str(tmp_path))
    assert splits.test is None and splits.train.patients is None


def test_course_must_tell_patients_of_the_test_folder_from_training_ones(tmp_path):
    make_course(tmp_path)
    rows = [
        f"test_{n}.npy,{i},,test/x.jpeg,{n}{i}" for n in ("normal", "pneumonia") for i in range(4)
    ]
    with (tmp_path / "manifest.csv").open("a") as lines:
        lines.write("\n".join(rows))
    assert load(str(tmp_path)).test.patients[0] != "normal0"


def test_medmnist_must_leave_out_stray_training_copies_and_say_so(tmp_path):
    arrays = medmnist_arrays()
    arrays["train_images"] = noise(9, 200, 28, 28)
    arrays["train_labels"] = np.arange(200)[:, None] % 2
    arrays["train_images"][6] = arrays["val_images"][0]
    np.savez(tmp_path / "made.npz", **arrays)
    splits = load(str(tmp_path / "made.npz"))
    assert len(splits.train) == 199 and len(splits.val) == 6
    assert "1 of train" in splits.location


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person123_bacteria_45.jpeg", "person123"),
        ("person1_virus_6.jpeg", "person1"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0543-0001-0002.jpeg", "IM-0543"),
        ("NORMAL2-IM-1422-0001.jpeg", "NORMAL2-IM-1422"),
        ("BACTERIA-1008087-0001.jpeg", "BACTERIA-1008087"),
        ("scan.jpeg", "scan"),
    ],
)
def test_kaggle_patient_must_be_read_from_the_file_name(name, patient):
    assert read_patient(name) == patient


def test_kaggle_must_split_off_a_fifth_of_the_patients_whatever_the_size(tmp_path):
    location = make_kaggle(tmp_path)
    small, large = load(location), load(location, 32)
    patients = set(small.val.patients.tolist())
    assert patients == set(large.val.patients.tolist())
    assert sum(name.startswith("person") for name in patients) == 1  # of 7
    assert sum("IM" in name for name in patients) == 2  # of 8
    assert len(small.train) + len(small.val) == 24  # the published val folder is not read


def test_kaggle_must_be_found_nested(tmp_path):
    make_kaggle(tmp_path / "chest_xray")
    assert load(str(tmp_path)).fingerprint == load(str(tmp_path / "chest_xray")).fingerprint


def test_kaggle_must_take_file_names_that_are_not_utf8(tmp_path):
    make_kaggle(tmp_path)
    for path in (tmp_path / "train/NORMAL").glob("IM-*"):
        path.rename(path.with_name(f"\udcff{path.name}"))
    splits = load(str(tmp_path))
    assert {r"\udcffIM-0115-0001", "NORMAL2-IM-1400"} < {
        *splits.train.patients.tolist(),
        *splits.val.patients.tolist(),
    }


def test_kaggle_must_not_warn_of_what_is_beside_the_pixels(tmp_path):
    location = make_kaggle(tmp_path)
    picture = Image.fromarray(noise(0, 24, 24)).convert("P")
    picture.save(tmp_path / "train/NORMAL/IM-0500-0001.png", transparency=b"\0" * 5)
    assert len(load(location).train) + len(load(location).val) == 25  # warnings are errors here


def test_kaggle_must_keep_the_test_copy_of_an_image(tmp_path):
    plain = load(make_kaggle(tmp_path))
    picture = (tmp_path / "test/NORMAL/IM-0001-0001.jpeg").read_bytes()
    for name in ("train/NORMAL/IM-0500-0001.jpeg", "test/NORMAL/IM-0009-0001.jpeg"):
        (tmp_path / name).write_bytes(picture)
    splits = load(str(tmp_path))
    assert splits.test.counts() == plain.test.counts()
    assert "IM-0500" not in {*splits.train.patients.tolist(), *splits.val.patients.tolist()}
    assert splits.location != plain.location


def fake_package(monkeypatch, tmp_path, fail=None):
    """A stand-in for the `medmnist` package that "downloads" into `tmp_path`."""

    def download(split, download, size):
        assert split == "train" and download
        if fail:
            raise fail
        ending = "" if size == 28 else f"_{size}"
        np.savez(tmp_path / f"pneumoniamnist{ending}.npz", **medmnist_arrays(size))
        return SimpleNamespace(root=str(tmp_path), flag="pneumoniamnist", size_flag=ending)

    package = ModuleType("medmnist")
    package.INFO = {"pneumoniamnist": {"python_class": "PneumoniaMNIST"}}
    package.PneumoniaMNIST = download
    monkeypatch.setitem(sys.modules, "medmnist", package)


@pytest.mark.parametrize(
    ("flag", "size", "file"),
    [
        ("pneumoniamnist", 16, "pneumoniamnist.npz"),
        ("pneumoniamnist", 32, "pneumoniamnist_64.npz"),
        ("pneumoniamnist", 256, "pneumoniamnist_224.npz"),
        ("pneumoniamnist_128", 16, "pneumoniamnist_128.npz"),
    ],
)
def test_medmnist_flag_must_download_the_least_size_that_suffices(
    flag, size, file, monkeypatch, tmp_path
):
    fake_package(monkeypatch, tmp_path)
    splits = load(flag, size)
    assert splits.image_size == size and splits.location == flag
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("fail", [RuntimeError("no route"), OSError(errno.EACCES, "denied")])
def test_medmnist_download_that_fails_must_be_a_data_error(fail, monkeypatch, tmp_path):
    fake_package(monkeypatch, tmp_path, fail)
    with pytest.raises(DataError, match="pneumoniamnist"):
        load("pneumoniamnist")


def test_medmnist_flag_without_the_package_must_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "medmnist", None)
    with pytest.raises(DataError, match="pip install"):
        load("pneumoniamnist")


@pytest.mark.parametrize("flag", ["chestmnist", "organmnist3d", "pneumoniamnist_30"])
def test_medmnist_flag_that_cannot_serve_must_be_refused_before_a_download(flag, monkeypatch):
    monkeypatch.setitem(sys.modules, "medmnist", None)
    with pytest.raises(DataError) as caught:
        load(flag)
    assert flag in str(caught.value) and "pip install" not in str(caught.value)


def test_real_course_folder_must_give_the_homework_split(shared_data):
    splits = load_splits(str(shared_data / "chest_xray_course256"), 64)
    assert splits.train.counts() == {"normal": 800, "pneumonia": 800}
    assert splits.val.counts() == {"normal": 200, "pneumonia": 200}
    assert splits.test is None
    assert not set(splits.train.patients.tolist()) & set(splits.val.patients.tolist())


def test_real_medmnist_file_must_be_accepted_less_its_leaks(shared_data):
    """10 of the 4708 training images are also in val."""
    splits = load_splits(str(shared_data / "medmnist" / "pneumoniamnist.npz"), 32)
    assert [len(part) for part in splits.parts().values()] == [4698, 524, 624]
    assert "10 of train" in splits.location
