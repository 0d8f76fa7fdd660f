"""Images that every training gets wrong: which they are, their sheet, and the report without it."""

import io
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from study.cli.command import command
from study.report.blocks import Pictures, Text
from study.report.wrong import FILE, MOST, find_wrong, save_sheet, wrong_blocks
from study.search.choose import FinishedTrials
from study.spec.baseline import Baseline
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import Record
from tests.made import SETTING, epoch_row, plan_of, square_splits

STUDY = Study(
    name="wrong",
    title="Wrong",
    question="Which?",
    baselines=(Baseline("one", "one", "conv", {"channels": 4}),),
    figures=(),
)
DATA = square_splits(train=8, val=8, test=8)


def trials_of(*answers, part="test", logits=None, **changes):
    """A candidate's trainings with these answers at their last epoch, wrong at the one before."""
    plan = plan_of(STUDY, replace(SETTING, **changes))
    counts = {name: one.counts() for name, one in DATA.parts().items()}
    plan = replace(plan, data=replace(plan.data, counts=counts))
    family, config = "conv", {"channels": 4}
    records = [
        Record(
            SETTING.confirm_ingredients(family, config, seed),
            "complete",
            [epoch_row(1, 0.5), epoch_row(2, 0.5)],
            **{
                part: [
                    {"epoch": 1, "correct": "0" * len(correct), "logits": [1.0] * len(correct)},
                    {"epoch": 2, "correct": correct, "logits": logits or [1.0] * len(correct)},
                ]
            },
        )
        for seed, correct in zip(SETTING.confirm_seeds(len(answers)), answers, strict=True)
    ]
    return FinishedTrials(plan, {record.key: record for record in records})


@pytest.mark.parametrize("part", ["test", "val"])
def test_an_image_counts_that_no_training_answers_rightly_the_surest_first(part):
    logits = [0.1] * 15 + [-9.0]
    found = find_wrong(
        trials_of("0011" * 3 + "0010", "0101" * 3 + "0110", part=part, logits=logits)
    )
    assert found.part == part and (found.images, found.trainings) == (16, 2)
    assert found.rows == (15, 0, 4, 8, 12)


def test_nothing_is_said_of_answers_that_are_not_recorded_or_of_other_images(tmp_path):
    assert find_wrong(trials_of("", "")) is None
    assert find_wrong(trials_of("01", "011")) is None
    assert wrong_blocks(trials_of("", ""), LocalFolder(tmp_path)) == []


def test_the_sheet_is_small_shown_and_gone_where_it_is_of_other_trainings(tmp_path):
    folder, trials = LocalFolder(tmp_path), trials_of("0" * 16, "0" * 16)
    (text,) = wrong_blocks(trials, folder)
    assert "16 of 16 test images" in text.text and "They are not shown" in text.text
    save_sheet(trials, DATA, folder)
    content = (tmp_path / FILE).read_bytes()
    assert len(content) < 500_000
    assert np.asarray(Image.open(io.BytesIO(content))).std() > 0
    text, picture = wrong_blocks(trials, folder)
    assert isinstance(text, Text) and isinstance(picture, Pictures)
    assert f"The {MOST} of which the models are most sure" in text.text
    assert picture.figures[0].files == {"png": content}
    (other,) = wrong_blocks(trials_of("0" * 16), folder)
    assert "They are not shown" in other.text
    save_sheet(trials_of("1" * 16), DATA, folder)
    assert not (tmp_path / FILE).exists()
    (none,) = wrong_blocks(trials_of("1" * 16), folder)
    assert none.text == "No test image is answered wrongly by the one training."


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_sheet_is_not_shown(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    (text,) = wrong_blocks(trials_of("0" * 16), LocalFolder(tmp_path))
    assert "They are not shown" in text.text


def test_images_can_be_hidden(tmp_path):
    trials, folder = trials_of("0" * 16), LocalFolder(tmp_path)
    save_sheet(trials, DATA, folder)
    save_sheet(trials, DATA, folder, hidden=True)
    assert not (tmp_path / FILE).exists()


def changed(images):
    return replace(DATA, test=replace(DATA.test, images=images))


def test_one_image_is_shown_no_larger_than_one_of_many(tmp_path):
    widths = set()
    for answers in ("0" * 16, "0" + "1" * 15):
        save_sheet(trials_of(answers), DATA, LocalFolder(tmp_path))
        with Image.open(tmp_path / FILE) as sheet:
            widths.add(sheet.width)
    assert len(widths) == 1


def test_colours_are_shown_and_what_is_no_image_is_not(tmp_path):
    trials, folder, grey = trials_of("0" * 16), LocalFolder(tmp_path), DATA.test.images
    save_sheet(trials, changed(np.stack([grey, 0 * grey, grey], axis=-1)), folder)
    pixels = np.asarray(Image.open(tmp_path / FILE))
    assert (pixels[..., 0] != pixels[..., 1]).any()
    save_sheet(trials, changed(grey.astype(np.float32)), folder)
    assert not (tmp_path / FILE).exists()


def test_of_several_classes_the_greatest_probability_is_how_sure_a_model_is():
    logits = [[5.0, 5.0, 5.0], [0.0, 2.0, 0.0]]
    assert find_wrong(trials_of("00", logits=logits)).rows == (1, 0)


def test_a_run_makes_the_sheet_and_a_report_keeps_it(tmp_path):
    """Of a model that has learnt nothing: it gives one answer to all images."""
    options = ["--profile", "smoke", "--workers", "inline", "--epochs", "1", "--seeds", "1"]
    where = ["--results", str(tmp_path)]

    def invoke(*arguments):
        answer = CliRunner().invoke(command(STUDY), [*arguments, *where], catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return (tmp_path / "wrong" / "report.md").read_text()

    sheet = tmp_path / "wrong" / "figures" / FILE
    page = invoke(*options)
    assert sheet.exists() and "figures/always_wrong.png" in page
    assert invoke("report") == page
    hidden = invoke(*options, "--hide-images")
    assert not sheet.exists() and "They are not shown" in hidden
