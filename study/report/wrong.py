"""The images that every training gets wrong: a contact sheet, made while the data is at hand."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError

from hw3.metrics import probabilities
from hw3.splits import Split, Splits
from hw3.text import count_of, printable
from study.figures.draw import DrawnFigure
from study.report.blocks import Block, Pictures, Text
from study.search.choose import FinishedTrials
from study.store.folder import Folder
from study.store.records import Record

NAME = "always_wrong"
TITLE = "Images that every training gets wrong"
FILE = f"{NAME}.png"
MOST = 12  # images shown
MAX_BYTES = 5_000_000  # of the sheet; it takes 0.3 MB
OF = "study-of"  # the file's text that says what it shows
PART_WORDS = {"test": "test", "val": "validation"}
COLUMNS, SIDE, GAP, CAPTION, FONT = 6, 128, 8, 34, 13  # pixels, but for COLUMNS


@dataclass(frozen=True)
class AlwaysWrong:
    """The images of a part that no training of any candidate answers rightly.

    Attributes:
        part: "test" where it was scored, else "val".
        rows: their places in the part, those first of which the models are most sure.
        images: number of all images of the part.
        trainings: number of trainings.
        digest: of the data, the trainings and the rows.
    """

    part: str
    rows: tuple[int, ...]
    images: int
    trainings: int
    digest: str


def find_wrong(trials: FinishedTrials) -> AlwaysWrong | None:
    """What all confirmed trainings of the study get wrong at their last epochs; None where their
    answers are not recorded, or are not of the same images."""
    records = {
        record.key: record
        for candidate in trials.candidates()
        for record in trials.confirmed(candidate).values()
        if record.is_full_length
    }
    setting = trials.plan.setting
    for part in ("test",) if setting.resampling else ("test", "val"):
        answers = [_answers(record, part) for record in records.values()]
        lengths = {len(correct) for correct, _ in answers}
        if len(lengths) == 1 and lengths != {0}:
            wrong = np.flatnonzero(~np.any([correct for correct, _ in answers], axis=0))
            sure = np.mean([certainty for _, certainty in answers], axis=0)
            rows = tuple(sorted(wrong.tolist(), key=lambda row: (-sure[row], row)))
            said = json.dumps([setting.data, part, sorted(records), rows])
            digest = hashlib.sha256(said.encode()).hexdigest()
            return AlwaysWrong(part, rows, lengths.pop(), len(records), digest)
    return None


def save_sheet(trials: FinishedTrials, data: Splits, folder: Folder, hidden: bool = False) -> None:
    """Write the contact sheet, in the place of an earlier run's, where there is anything to show.

    Args:
        folder: of the study's figures.
        hidden: whether no images of the data are to be shown.

    Raises:
        OSError: it could not be written.
    """
    found = find_wrong(trials)
    part = None if hidden or found is None else _part_of(data, found)
    if found is None or part is None:
        folder.delete(FILE)
        return
    rows = found.rows[:MOST]
    classes = list(trials.plan.data.counts[found.part])
    captions = [(classes[int(part.labels[row])], f"image {row}") for row in rows]
    sheet = draw_sheet([part.images[row] for row in rows], captions)
    text = PngImagePlugin.PngInfo()
    text.add_text(OF, found.digest)
    content = io.BytesIO()
    sheet.save(content, "png", optimize=True, pnginfo=text)
    folder.write(FILE, content.getvalue())


def wrong_blocks(trials: FinishedTrials, folder: Folder) -> list[Block]:
    """How many images all trainings get wrong, and the sheet where it is there and of these."""
    found = find_wrong(trials)
    if found is None:
        return []
    trainings = f"all {found.trainings} trainings" if found.trainings > 1 else "the one training"
    part = PART_WORDS[found.part]
    several, shape = trials.plan.examples, trials.plan.shape
    one = several[:-1]
    if not found.rows:
        return [Text(f"No {part} {one} is answered wrongly by {trainings}.")]
    said = (
        f"{len(found.rows)} of {found.images} {part} {several} are answered wrongly by "
        f"{trainings}, of every candidate and seed: their labels may be wrong, or what decides is "
        f"not in the {one}."
    )
    if not shape.is_image:
        return [Text(said)]
    sheet = _read_sheet(folder, found)
    if sheet is None:
        return [Text(f"{said} They are not shown: a run that has the data shows them.")]
    shown = min(len(found.rows), MOST)
    which = f"The {shown} of which the models are most sure" if shown < len(found.rows) else "They"
    rows = ", ".join(map(str, found.rows[:shown]))
    alt = f"{count_of(shown, 'image')} of the {part} part, counted from 0: {rows}."
    figure = DrawnFigure(NAME, TITLE, alt=alt, files={"png": sheet})
    return [Text(f"{said} {which} are shown with their labels."), Pictures([figure])]


def _part_of(data: Splits, found: AlwaysWrong) -> Split | None:
    """The part whose images can be shown; None where nothing can."""
    part = data.parts().get(found.part)
    if part is None or not part.is_pixels or not found.rows or len(part) != found.images:
        return None
    return part


def _answers(record: Record, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each image whether the answer at the last epoch is right, and how sure the model is of it;
    empty where that is not recorded."""
    scores = {score["epoch"]: score for score in getattr(record, part)}
    last = scores.get(len(record.rows), {})
    correct, logits = last.get("correct") or "", last.get("logits") or []
    right = np.frombuffer(correct.encode(), np.uint8) == ord("1")
    values = np.asarray(logits, dtype=float)
    if not len(right) or values.size % len(right):
        return right, np.zeros(len(right))
    if not values.size:
        return right, np.zeros(len(right))
    values = values.reshape(len(right), -1)
    sure = np.abs(values) if values.shape[1] == 1 else probabilities(values)
    return right, sure.max(axis=1)


def _read_sheet(folder: Folder, found: AlwaysWrong) -> bytes | None:
    """None where there is none of these images."""
    try:
        content = folder.read(FILE, MAX_BYTES)
        if content is None:
            return None
        with Image.open(io.BytesIO(content), formats=["PNG"]) as sheet:
            return content if sheet.info.get(OF) == found.digest else None
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError):
        return None


def draw_sheet(
    images: Sequence[np.ndarray], captions: Sequence[tuple[str, str]], columns: int = COLUMNS
) -> Image.Image:
    """The images on a sheet, with two lines under each. Its width is the same for few images: the
    page shows it as wide as any figure."""
    lines = -(-len(images) // columns)
    size = (columns * (SIDE + GAP) + GAP, lines * (SIDE + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left = GAP + place % columns * (SIDE + GAP)
        top = GAP + place // columns * (SIDE + CAPTION + GAP)
        picture = Image.fromarray(image).convert("RGB")
        sheet.paste(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left, top))
        for line, text in enumerate(caption):
            where = (left, top + SIDE + 2 + line * (FONT + 2))
            pen.text(where, printable(text)[:20], fill="black", font=font)
    return sheet
