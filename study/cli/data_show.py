"""`python -m study data show`: what a data set holds, and a contact sheet of it."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from hw3.blank import blank_images
from hw3.data import load_splits
from hw3.sources.pictures import FORMATS, SUFFIXES
from hw3.splits import DataError, Split, Splits, digest_images
from hw3.text import count_of
from study.cli.columns import print_columns, print_heading, print_plain
from study.report.wrong import draw_sheet
from study.store.folder import LocalFolder

SHOWN = 8  # images of each class on a sheet
MOST_CLASSES = 20  # on a sheet
PICTURES = ("kaggle", "folders")  # sources whose pictures are resized one by one as they are read
RULE = "a run refuses images that are in two parts, but for a few strays, which it leaves out"


def show_data(
    location: str, image_size: int, classes: Sequence[str], sheet: Path | None, console: Console
) -> None:
    """Print what a run would get: counts, sizes, patients and copies; write the sheet.

    Args:
        classes: as `hw3.data.load_splits` takes them.
        sheet: a PNG file to write; none if None.

    Raises:
        DataError: a run could not use the data, or a sheet cannot show what is no image.
        OSError: the sheet cannot be written.
    """
    data = load_splits(location, image_size, classes)
    print_heading(console, data.location)
    print_columns(console, ("", ""), list(_facts(data, location).items()))
    print_heading(console, "Examples by part and class")
    parts = data.parts()
    counts = data.counts()
    rows = [(name, *(counts[part][name] for part in parts)) for name in data.classes]
    totals = ("all", *map(len, parts.values()))
    print_columns(console, ("class", *parts), [*rows, totals], numbers=tuple(parts))
    print_heading(console, "Patients and copies")
    print_columns(console, ("part", "patients", "copies within"), list(_within(parts)))
    print_plain(console, _across(data))
    if sheet is not None:
        content = io.BytesIO()
        make_sheet(data).save(content, "png", optimize=True)
        LocalFolder(sheet.parent).write(sheet.name, content.getvalue(), durable=False)
        print_plain(console, f"sheet: {sheet}")


def _facts(data: Splits, location: str) -> dict[str, Any]:
    images = data.train.images
    facts = {
        "source": data.source,
        "examples": f"{data.shape.describe()}, {images.dtype}, {_colours(data)}",
        "values": _values(data),
        "fingerprint": f"{data.fingerprint}, of this size",
    }
    if data.source in PICTURES:
        facts["files"] = _file_sizes(Path(location).expanduser())
    return facts


def _colours(data: Splits) -> str:
    if not data.shape.is_image:
        return "no images"
    return "in colours" if data.shape.channels == 3 else "grey"


def _values(data: Splits) -> str:
    """The range and mean of all numbers, and how many images are blank."""
    arrays = [part.images for part in data.parts().values()]
    least, most = min(a.min() for a in arrays), max(a.max() for a in arrays)
    mean = sum(a.sum(dtype=np.float64) for a in arrays) / sum(a.size for a in arrays)
    said = f"{least:g} to {most:g}, mean {mean:.3g}"
    blank = sum(int(blank_images(a).sum()) for a in arrays) if data.shape.is_image else 0
    return said + (f"; {count_of(blank, 'image')} blank, of equal pixels" if blank else "")


def _file_sizes(folder: Path) -> str:
    """How large the pictures are as they are stored: width x height."""
    sizes: Counter[tuple[int, int]] = Counter()
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            try:
                with Image.open(path, formats=FORMATS) as image:
                    sizes[image.size] += 1
            except (OSError, ValueError):  # of a part that is not read
                continue
    if not sizes:
        return "none that can be read"
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ends = dict.fromkeys(f"{width}x{height}" for width, height in (ordered[0], ordered[-1]))
    different = f" in {len(sizes)} sizes" if len(sizes) > 1 else ""
    return f"{count_of(sizes.total(), 'picture')}{different}, {' to '.join(ends)} pixels"


def _within(parts: dict[str, Split]) -> Iterator[tuple[str, str, str]]:
    for name, part in parts.items():
        copies = len(part) - len(set(digest_images(part.images)))
        patients = "not known"
        if part.patients is not None:
            counts = Counter(part.patients.tolist())
            patients = f"{len(counts):,}, of each at most {max(counts.values())}"
        yield name, patients, f"{copies:,}" if copies else "none"


def _across(data: Splits) -> str:
    """In how many parts equal examples lie: of images in one, or a run would refuse them."""
    parts = {name: set(digest_images(part.images)) for name, part in data.parts().items()}
    names = list(parts)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found = {f"{a} and {b}": len(parts[a] & parts[b]) for a, b in pairs}
    shared = ", ".join(f"{n:,} in {pair}" for pair, n in found.items() if n)
    if data.shape.is_image:
        return f"Copies across parts: {shared or 'none'} ({RULE})."
    return f"Equal examples across parts: {shared or 'none'}. They may be equal by chance."


def make_sheet(data: Splits) -> Image.Image:
    """Some images of each class, a line for each: as many of each part as it has of all, the first
    and the last among them.

    Raises:
        DataError: examples are not made of pixels.
    """
    if not data.train.is_pixels:
        raise DataError(
            f"{data.location}: a contact sheet shows images of uint8, and these are "
            f"{data.shape.describe()} of {data.train.images.dtype}. Leave out --sheet"
        )
    images, captions = [], []
    for label, name in enumerate(data.classes[:MOST_CLASSES]):
        places = [(part, row) for part in data.parts() for row in _rows(data.parts()[part], label)]
        chosen = _spread(places, SHOWN)
        images += [data.parts()[part].images[row] for part, row in chosen]
        captions += [(name, f"{part} {row}") for part, row in chosen]
        empty = SHOWN - len(chosen)
        images += [np.full_like(data.train.images[0], 255)] * empty
        captions += [("", "")] * empty
    return draw_sheet(images, captions, SHOWN)


def _rows(part: Split, label: int) -> Iterable[int]:
    return np.flatnonzero(part.labels == label).tolist()


def _spread(places: Sequence[tuple[str, int]], count: int) -> list[tuple[str, int]]:
    """At most so many of the places, at equal distances."""
    if len(places) <= count:
        return list(places)
    return [places[round(i * (len(places) - 1) / (count - 1))] for i in range(count)]
