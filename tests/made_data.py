"""A small data set of every source, for tests of whole and of damaged files."""

import numpy as np
from PIL import Image

from hw3.data import load_splits, phantom_location
from hw3.splits import Splits

SMALL = (6, 4, 4)  # phantoms per class in train, val, test


def noise(seed, *shape):
    """uint8 of the given shape."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def make_phantom(folder):
    del folder
    return phantom_location(SMALL)


def make_course(folder):
    """Ten images per class, two of each patient, and a test part of four."""
    lines = ["file,index,part,source_path,patient"]
    for seed, name in enumerate(("normal", "pneumonia")):
        np.save(folder / f"{name}.npy", noise(seed, 10, 24, 24))
        np.save(folder / f"test_{name}.npy", noise(seed + 2, 4, 24, 24))
        lines += [f"{name}.npy,{i},,train/{name}/{i}.jpeg,{name}{i // 2}" for i in range(10)]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return str(folder)


def medmnist_arrays(size=28):
    """The six entries of an archive."""
    arrays = {}
    for seed, (part, count) in enumerate({"train": 12, "val": 6, "test": 6}.items()):
        arrays[f"{part}_images"] = noise(seed, count, size, size)
        arrays[f"{part}_labels"] = np.arange(count, dtype=np.uint8)[:, None] % 2
    return arrays


def make_medmnist(folder):
    np.savez(folder / "made.npz", **medmnist_arrays())
    return str(folder / "made.npz")


def make_kaggle(folder):
    """The published tree in small, with its oddities: sizes, colour, numbers that start again."""
    names = [f"train/NORMAL/IM-0{i}-0001.jpeg" for i in range(115, 121)]
    names += [f"train/NORMAL/NORMAL2-IM-1{i}-0001-000{j}.jpeg" for i in (400, 401) for j in (1, 2)]
    names += [
        f"train/PNEUMONIA/person{i}_bacteria_{2 * i + j}.jpeg" for i in range(7) for j in (0, 1)
    ]
    names += [f"test/NORMAL/IM-000{i}-0001.jpeg" for i in range(3)]
    names += [f"test/PNEUMONIA/person{i}_virus_{i}.jpeg" for i in range(3)]
    names += ["val/NORMAL/NORMAL2-IM-1427-0001.jpeg", "val/PNEUMONIA/person1946_bacteria_1.jpeg"]
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = [3] if seed % 5 == 0 else []
        Image.fromarray(noise(seed, 40 + seed, 30 + seed, *colour)).save(path)
    (folder / "train" / "NORMAL" / ".DS_Store").write_bytes(b"not an image")
    return str(folder)


def make_folders(folder):
    """Pictures in two folders of each part, and whom each is of."""
    lines = ["file,patient"]
    for seed, (part, count) in enumerate({"train": 8, "val": 4, "test": 4}.items()):
        for label, name in enumerate(("cat", "dog")):
            (folder / part / name).mkdir(parents=True)
            for index in range(count):
                pixels = noise(100 * seed + 10 * label + index, 20 + index, 24)
                Image.fromarray(pixels).save(folder / part / name / f"{index}.png")
                lines.append(f"{part}/{name}/{index}.png,{part}{name}{index // 2}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return str(folder)


def make_arrays(folder):
    for seed, name in enumerate(("cat", "dog")):
        np.save(folder / f"{name}.npy", noise(seed, 10, 24, 24))
        np.save(folder / f"test_{name}.npy", noise(seed + 2, 4, 24, 24))
    return str(folder)


# One for each of SOURCES: folder -> location of a small data set with all three parts in it.
MAKERS = {
    "phantom": make_phantom,
    "course": make_course,
    "medmnist": make_medmnist,
    "kaggle": make_kaggle,
    "folders": make_folders,
    "arrays": make_arrays,
}


def load(location: str, size: int = 16) -> Splits:
    """The data, at 16x16 unless told otherwise."""
    return load_splits(location, size)
