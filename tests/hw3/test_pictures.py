"""Image files become what the data sources make of them."""

import numpy as np
import pytest
from PIL import Image

from hw3.pictures import read_examples, read_pictures
from hw3.shape import Shape
from hw3.sources.pictures import read_pictures as read_of_source
from hw3.splits import DataError, resize_images


@pytest.fixture
def colours():
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


@pytest.mark.parametrize("name", ["a.jpeg", "a.png"])
def test_a_picture_becomes_what_kaggles_source_makes_of_it(tmp_path, colours, name):
    Image.fromarray(colours).save(tmp_path / name)
    found = read_pictures(tmp_path / name, 16)
    assert (found.shape, found.dtype) == ((1, 16, 16), np.uint8)
    assert np.array_equal(found, read_of_source("", [tmp_path / name], 16, colour=False))


@pytest.mark.parametrize("name", ["a.bmp", "a.tiff", "a.gif", "a.webp", "a.pgm"])
def test_formats_of_pillow_are_read(tmp_path, colours, name):
    Image.fromarray(colours).convert("L").save(tmp_path / name)
    assert read_pictures(tmp_path / name, 24).shape == (1, 24, 24)


@pytest.mark.parametrize("size", [16, 30, 40])
def test_arrays_hold_one_image_or_several(tmp_path, size):
    images = np.random.default_rng(0).integers(0, 256, (3, 30, 30), np.uint8)
    for name, array in (("one.npy", images[0]), ("three.npy", images)):
        np.save(tmp_path / name, array)
    expected = images if size == 30 else resize_images(images, size)
    assert np.array_equal(read_pictures(tmp_path / "three.npy", size), expected)
    assert np.array_equal(read_pictures(tmp_path / "one.npy", size), expected[:1])


@pytest.mark.parametrize("name", ["a.jpeg", "a.png", "a.npy"])
def test_colours_stay_where_models_learnt_colours(tmp_path, colours, name):
    save = np.save if name == "a.npy" else lambda path, each: Image.fromarray(each).save(path)
    save(tmp_path / name, colours)
    found = read_examples(tmp_path / name, Shape((3, 16, 16)))
    assert (found.shape, found.dtype) == ((1, 16, 16, 3), np.uint8)
    if name != "a.npy":
        assert np.array_equal(found, read_of_source("", [tmp_path / name], 16, colour=True))
        save(tmp_path / name, colours[..., 0])
        grey = read_examples(tmp_path / name, Shape((3, 16, 16)))
        assert (grey == grey[..., :1]).all()
    else:
        save(tmp_path / name, colours[None])
        with pytest.raises(DataError, match="learnt grey images"):
            read_examples(tmp_path / name, Shape((1, 16, 16)))


def test_examples_that_are_no_images_are_read_as_they_are(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    np.save(tmp_path / "a.npy", numbers)
    np.save(tmp_path / "one.npy", numbers[0])
    shape = Shape((6,), 3)
    assert np.array_equal(read_examples(tmp_path / "a.npy", shape, "float32"), numbers)
    assert np.array_equal(read_examples(tmp_path / "one.npy", shape, "float32"), numbers[:1])
    with pytest.raises(DataError, match=r"int64 of shape \(N, 6\).*got float32 of shape \(4, 6\)"):
        read_examples(tmp_path / "a.npy", shape, "int64")


def deep(path):
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(path)


def cut(path):
    Image.fromarray(np.zeros((90, 90), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("a.png", lambda path: None, "no such file"),
        ("a.png", deep, "8 bits per channel"),
        ("a.png", cut, "must be a whole image"),
        ("a.png", lambda path: path.write_text("no"), "must be a whole image"),
        ("a.eps", lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n"), "whole image"),
        ("a.npy", lambda path: np.save(path, np.zeros((4, 4))), "must be uint8"),
        ("a.npy", lambda path: np.save(path, np.zeros(4, np.uint8)), "must be flat"),
        ("a.npy", lambda path: np.save(path, np.array([{}])), "whole .npy file"),
        ("a.png", lambda path: path.mkdir(), "not a regular file"),
    ],
)
def test_what_is_no_image_is_named_with_the_reason(tmp_path, name, make, said):
    make(tmp_path / name)
    with pytest.raises(DataError, match=rf"(?s){name}: .*{said}"):
        read_pictures(tmp_path / name, 16)


def test_float_pictures_of_a_file_are_as_the_data_has_them(tmp_path):
    last = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    first = last.transpose(0, 3, 1, 2)
    for name, images in {"several": last, "one": last[0], "first": first, "lone": first[0]}.items():
        np.save(tmp_path / f"{name}.npy", images)
        found = read_examples(tmp_path / f"{name}.npy", Shape((3, 8, 8)), "float32")
        np.testing.assert_array_equal(found, first[: len(found)])
        assert len(found) == 1 + (images.ndim == 4)
