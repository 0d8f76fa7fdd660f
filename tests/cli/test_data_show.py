"""`python -m study data show` on a small set of every source."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from study.__main__ import main
from tests.made_data import MAKERS, make_arrays, make_folders


def show(*arguments):
    return CliRunner().invoke(main, ["data", "show", *map(str, arguments), "--image-size", "16"])


def words(answer):
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_source_is_shown_with_a_sheet(make, tmp_path):
    sheet = tmp_path / "sheet.png"
    said = words(show(make(tmp_path), "--sheet", sheet))
    assert "class train val test" in said and "Copies across parts: none" in said
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("L"))
    assert pixels.min() < 50 and pixels.std() > 20  # pictures and text on it


def test_counts_sizes_patients_and_what_was_left_out_are_said(tmp_path):
    location = make_folders(tmp_path)
    (tmp_path / "train" / "cat" / "notes.txt").write_text("a note")
    said = words(show(location))
    assert "cat 8 4 4" in said and "all 16 8 8" in said
    assert "train 8, of each at most 2 none" in said
    assert "32 pictures in 8 sizes, 24x20 to 24x27 pixels" in said
    assert "left out: cat/notes.txt" in said


def test_copies_within_a_part_are_counted(tmp_path):
    location = make_arrays(tmp_path)
    images = np.load(tmp_path / "cat.npy")
    images[1] = images[0]
    np.save(tmp_path / "cat.npy", images)
    assert "train not known 1" in words(show(location))


def test_blank_images_are_counted(tmp_path):
    location = make_arrays(tmp_path)
    images = np.load(tmp_path / "cat.npy")
    images[0] = 7
    np.save(tmp_path / "cat.npy", images)
    assert "1 image blank" in words(show(location))


def test_examples_that_are_no_images_have_no_sheet(tmp_path):
    for seed, name in enumerate("ab"):
        numbers = np.random.default_rng(seed).normal(size=(9, 5))
        np.save(tmp_path / f"{name}.npy", numbers.astype(np.float32))
    assert "examples of 5 numbers, float32, no images" in words(show(tmp_path))
    answer = show(tmp_path, "--sheet", tmp_path / "sheet.png")
    assert answer.exit_code == 1 and "Leave out --sheet" in answer.stderr
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize("sheet", ["sheet.jpeg", "nowhere/sheet.png", "results"])
def test_a_sheet_that_is_none_is_refused_before_anything_is_read(sheet, tmp_path):
    answer = show("phantom:4,2,2", "--sheet", tmp_path / sheet)
    assert answer.exit_code == 2 and "--sheet must name a PNG file" in answer.stderr


@pytest.mark.parametrize("location", ["no-such-folder", "phantom:0", ""])
def test_data_that_is_none_is_one_error(location):
    answer = show(location)
    assert answer.exit_code == 1 and answer.stderr.startswith("error: ")
