"""Bad files: each must end in one DataError that names the file, never in a traceback."""

import errno
import os
import zipfile

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from hw3.splits import DataError
from tests.made_data import (
    MAKERS,
    load,
    make_course,
    make_folders,
    make_kaggle,
    medmnist_arrays,
    noise,
)


class Bomb:
    """What a malicious pickle would do on loading."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def save_pickled(path):
    np.save(path, np.array([Bomb(path.parent / "exploded"), None]), allow_pickle=True)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def write_text(path):
    path.write_text("these are not images\n" * 50)


def make_folder(path):
    path.unlink()
    path.mkdir()


def save_archive(path):
    with path.open("wb") as file:
        np.savez(file, images=noise(0, 10, 24, 24))


def ask_for_too_much(path):
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**11, 24, 24)}
        np.lib.format.write_array_header_1_0(file, header)


def copy_validation(path):
    images = np.load(path)
    images[8:] = images[:2]
    np.save(path, images)


def with_nan():
    images = noise(0, 10, 24, 24).astype(np.float32)
    images[3, 5, 5] = np.nan
    return images


SPOIL_ARRAY = {
    "missing": lambda path: path.unlink(),
    "zero bytes": empty,
    "truncated": cut,
    "text": write_text,
    "a folder": make_folder,
    "an archive": save_archive,
    "pickled objects": save_pickled,
    "impossible shape": ask_for_too_much,
    "float": lambda path: np.save(path, noise(0, 10, 24, 24) / 255),
    "NaN": lambda path: np.save(path, with_nan()),
    "int64": lambda path: np.save(path, noise(0, 10, 24, 24).astype(np.int64)),
    "colour": lambda path: np.save(path, noise(0, 10, 24, 24, 3)),
    "one image": lambda path: np.save(path, noise(0, 1, 24, 24)),
    "no images": lambda path: np.save(path, noise(0, 0, 24, 24)),
    "other image size": lambda path: np.save(path, noise(0, 10, 16, 16)),
}


@pytest.mark.parametrize("spoil", SPOIL_ARRAY.values(), ids=SPOIL_ARRAY)
@pytest.mark.parametrize("name", ["pneumonia.npy", "test_normal.npy"])
def test_course_array_that_is_bad_must_be_refused_by_name(name, spoil, tmp_path):
    make_course(tmp_path)
    spoil(tmp_path / name)
    with pytest.raises(DataError, match=name):
        load(str(tmp_path))
    assert not (tmp_path / "exploded").exists()


def test_course_images_in_two_splits_must_be_refused(tmp_path):
    make_course(tmp_path)
    copy_validation(tmp_path / "normal.npy")
    with pytest.raises(DataError, match=f"(?s){tmp_path}.*two parts"):
        load(str(tmp_path))


def test_course_file_copied_over_the_other_must_be_refused(tmp_path):
    make_course(tmp_path)
    np.save(tmp_path / "normal.npy", np.load(tmp_path / "pneumonia.npy"))
    with pytest.raises(DataError, match=f"(?s){tmp_path}.*both classes"):
        load(str(tmp_path))


SPOIL_MANIFEST = {
    "a column missing": lambda text: text.replace("patient", "person"),
    "zero bytes": lambda text: "",
    "a row missing": lambda text: text.replace("normal.npy,3,,train/normal/3.jpeg,normal1\n", ""),
    "a row twice": lambda text: text + "normal.npy,3,,,normal1\n",
    "a row too many": lambda text: text + "normal.npy,10,,,normal1\n",
    "a row cut short": lambda text: text + "normal.npy\n",
    "an index that is no number": lambda text: text.replace("normal.npy,3,", "normal.npy,x,"),
    "a patient missing": lambda text: text.replace("3.jpeg,normal1", "3.jpeg,"),
    "a file name misspelt": lambda text: text.replace("pneumonia.npy", "Pneumonia.npy"),
    "not UTF-8": lambda text: text.replace("normal1", "\udcff"),
}


@pytest.mark.parametrize("spoil", SPOIL_MANIFEST.values(), ids=SPOIL_MANIFEST)
def test_course_manifest_that_is_bad_must_be_refused_by_name(spoil, tmp_path):
    make_course(tmp_path)
    path = tmp_path / "manifest.csv"
    path.write_bytes(spoil(path.read_text()).encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=r"manifest\.csv"):
        load(str(tmp_path))


def test_course_patient_in_two_splits_must_be_refused_by_name(tmp_path):
    make_course(tmp_path)
    path = tmp_path / "manifest.csv"
    path.write_text(path.read_text().replace("9.jpeg,normal4", "9.jpeg,normal1"))
    with pytest.raises(DataError, match="normal1"):
        load(str(tmp_path))


SPOIL_ARRAYS = {
    "an entry missing": lambda a: a.pop("val_labels"),
    "float images": lambda a: a.update(train_images=a["train_images"] / 255),
    "colour images": lambda a: a.update(train_images=noise(0, 12, 28, 28, 3)),
    "solid images": lambda a: a.update(val_images=noise(0, 6, 28, 28, 28)),
    "other image size": lambda a: a.update(test_images=noise(0, 6, 64, 64)),
    "labels for others": lambda a: a.update(train_labels=a["val_labels"]),
    "several labels per image": lambda a: a.update(val_labels=np.zeros((6, 14), np.uint8)),
    "label 2": lambda a: a["test_labels"].fill(2),
    "label 256": lambda a: a.update(val_labels=np.full((6, 1), 256)),
    "label -1": lambda a: a.update(val_labels=np.full((6, 1), -1)),
    "float labels": lambda a: a.update(val_labels=np.full((6, 1), np.nan)),
    "pickled labels": lambda a: a.update(val_labels=np.array([[None]] * 6)),
    "one class": lambda a: a["val_labels"].fill(1),
    "no images": lambda a: a.update(val_images=a["val_images"][:0], val_labels=a["val_labels"][:0]),
    "images in two splits": lambda a: a["train_images"][:6].__setitem__(..., a["val_images"]),
}


@pytest.mark.parametrize("spoil", SPOIL_ARRAYS.values(), ids=SPOIL_ARRAYS)
def test_medmnist_content_that_is_bad_must_be_refused_by_file(spoil, tmp_path):
    arrays = medmnist_arrays()
    spoil(arrays)
    np.savez(tmp_path / "made.npz", **arrays)
    with pytest.raises(DataError, match=r"made\.npz"):
        load(str(tmp_path / "made.npz"))


def change_a_byte(path):
    content = bytearray(path.read_bytes())
    content[1000] ^= 255
    path.write_bytes(content)


def save_array(path):
    with path.open("wb") as file:
        np.save(file, noise(0, 10, 28, 28))


SPOIL_FILE = {
    "zero bytes": empty,
    "truncated": cut,
    "text": write_text,
    "a changed byte": change_a_byte,
    "a single array": save_array,
    "no entries": lambda path: zipfile.ZipFile(path, "w").close(),
}


@pytest.mark.parametrize("spoil", SPOIL_FILE.values(), ids=SPOIL_FILE)
def test_medmnist_file_that_is_bad_must_be_refused_by_name(spoil, tmp_path):
    path = tmp_path / "made.npz"
    np.savez(path, **medmnist_arrays())
    spoil(path)
    with pytest.raises(DataError, match=r"made\.npz"):
        load(str(path))


def remove(folder):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


SPOIL_TREE = {
    "a picture of another format": ("train/NORMAL/IM-0009.dcm", write_text),
    "text named as image": ("train/NORMAL/IM-0115-0001.jpeg", write_text),
    "zero bytes": ("test/NORMAL/IM-0001-0001.jpeg", empty),
    "truncated": ("train/PNEUMONIA/person0_bacteria_1.jpeg", cut),
    "a folder among images": ("train/NORMAL/more", lambda path: path.mkdir()),
    "a folder named as image": ("train/NORMAL/IM-0115-0001.jpeg", make_folder),
    "16 bits": (
        "test/NORMAL/IM-0007-0001.png",
        lambda path: Image.fromarray(np.zeros((9, 9), np.uint16)).save(path),
    ),
    "no test class": ("test/NORMAL", remove),
    "empty class": ("train/PNEUMONIA", lambda path: (remove(path), path.mkdir())),
}


@pytest.mark.parametrize(("name", "spoil"), SPOIL_TREE.values(), ids=SPOIL_TREE)
def test_kaggle_tree_that_is_bad_must_be_refused_by_name(name, spoil, tmp_path):
    make_kaggle(tmp_path)
    spoil(tmp_path / name)
    with pytest.raises(DataError, match=name):
        load(str(tmp_path))


def test_kaggle_image_in_both_classes_must_be_refused(tmp_path):
    make_kaggle(tmp_path)
    picture = tmp_path / "test" / "NORMAL" / "IM-0001-0001.jpeg"
    (tmp_path / "test" / "PNEUMONIA" / "person9_virus_9.jpeg").write_bytes(picture.read_bytes())
    with pytest.raises(DataError, match=f"(?s){tmp_path}.*both classes"):
        load(str(tmp_path))


def deny(monkeypatch, name):
    """Make files called `name` unreadable; their mode would not stop a test that runs as root."""
    real = open

    def guarded(file, *args, **options):
        if str(file).endswith(f"/{name}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return real(file, *args, **options)

    monkeypatch.setattr("builtins.open", guarded)
    monkeypatch.setattr("io.open", guarded)  # what pathlib calls


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("course", "normal.npy"),
        ("course", "manifest.csv"),
        ("medmnist", "made.npz"),
        ("kaggle", "person0_bacteria_0.jpeg"),
    ],
)
def test_unreadable_file_must_be_refused_by_name(source, name, tmp_path, monkeypatch):
    location = MAKERS[source](tmp_path)
    deny(monkeypatch, name)
    with pytest.raises(DataError, match=name):
        load(location)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("course", "normal.npy"),
        ("course", "manifest.csv"),
        ("kaggle", "train/PNEUMONIA/person0_bacteria_0.jpeg"),
    ],
)
def test_a_named_pipe_in_place_of_a_file_must_be_refused_without_waiting(source, name, tmp_path):
    location = MAKERS[source](tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=f"{name}.*not a regular file"):
        load(location)


def test_an_archive_that_expands_as_no_image_does_must_be_refused(tmp_path):
    arrays = medmnist_arrays() | {"train_images": np.zeros((400, 200, 200), np.uint8)}
    np.savez_compressed(tmp_path / "made.npz", **arrays)
    with pytest.raises(DataError, match=r"made\.npz.*would become 16\.0 MB$"):
        load(str(tmp_path / "made.npz"))


def test_a_picture_in_a_format_that_another_program_decodes_must_not_be_handed_to_it(
    tmp_path, monkeypatch
):
    location = make_kaggle(tmp_path)
    picture = tmp_path / "train/NORMAL/IM-0115-0001.png"
    picture.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n")
    called = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: called.append(args))
    with pytest.raises(DataError, match=picture.name):
        load(location)
    assert not called


def test_a_picture_of_too_many_pixels_must_be_refused_by_name(tmp_path):
    location = make_kaggle(tmp_path)
    path = tmp_path / "train" / "NORMAL" / "IM-0115-0001.png"
    Image.new("1", (10_000, 9_000)).save(path)
    with pytest.raises(DataError, match=rf"{path.name}.*decompression bomb"):
        load(location)


@pytest.mark.parametrize("source", MAKERS)
def test_data_that_memory_cannot_hold_must_be_refused_before_it_is_read(
    source, tmp_path, monkeypatch
):
    location = MAKERS[source](tmp_path)
    monkeypatch.setattr("hw3.splits.memory_here", lambda: 1000)
    with pytest.raises(DataError, match=r"GB of memory.*--image-size"):
        load(location)


def test_images_that_memory_cannot_hold_while_they_are_made_are_one_error(monkeypatch):
    def fail(*_arguments):
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr("hw3.sources.phantom.make_phantoms", fail)
    with pytest.raises(DataError, match=r"Unable to allocate.*--image-size"):
        load("phantom:1,1,1")


LEFT_BY_SYSTEMS = ["Thumbs.db", "Thumbs.db:encryptable", ".DS_Store", "@eaDir/a.jpg"]


@pytest.mark.parametrize("name", LEFT_BY_SYSTEMS)
def test_what_systems_leave_among_pictures_is_passed_over_without_a_word(name, tmp_path):
    made = load(make_folders(tmp_path))
    path = tmp_path / "train" / "cat" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"no picture")
    again = load(str(tmp_path))
    assert (again.fingerprint, again.location) == (made.fingerprint, made.location)


@pytest.mark.parametrize("make", [make_folders, make_kaggle])
def test_a_note_among_pictures_is_left_out_and_named(make, tmp_path):
    made = load(make(tmp_path))
    (folder,) = list(tmp_path.glob("train/[cN]*"))
    (folder / "notes.txt").write_text("whose these are")
    again = load(str(tmp_path))
    assert again.fingerprint == made.fingerprint
    assert f"left out: {folder.name}/notes.txt" in again.location


def blank(folder, *names):
    for name in names:
        Image.fromarray(np.full((20, 24), 7, np.uint8)).save(folder / name)


def test_blank_pictures_in_two_parts_are_called_blank_and_no_copies(tmp_path):
    make_folders(tmp_path)
    blank(tmp_path, "train/cat/0.png", "test/cat/0.png")
    with pytest.raises(DataError, match=r"\(train\).*show something.*1 image was.*is image 0\."):
        load(str(tmp_path))


def test_blank_pictures_in_two_classes_are_called_blank(tmp_path):
    make_folders(tmp_path)
    blank(tmp_path, "train/cat/0.png", "train/dog/0.png")
    with pytest.raises(DataError, match=r"\(train\).*show something.*2 images were"):
        load(str(tmp_path))
