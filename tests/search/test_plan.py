"""A saved plan, whole and damaged."""

import json
import os
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from study.search.plan import PLAN, describe_data, describe_splits, load_plan, save_plan
from study.spec.errors import StudyError
from study.store.folder import LocalFolder
from tests.made import STUDY, plan_of, square_splits


@pytest.fixture
def results(tmp_path):
    folder = LocalFolder(tmp_path)
    save_plan(plan_of(), folder / STUDY.name)
    return folder


def file_of(results):
    return results.path / STUDY.name / PLAN


def test_a_plan_is_read_as_it_was_saved(results):
    assert asdict(load_plan(STUDY, results)) == asdict(plan_of())


def test_a_plan_of_version_0_2_is_read(results):
    saved = json.loads(file_of(results).read_text())
    del saved["setting"]["code"], saved["setting"]["trials"], saved["setting"]["resampling"]
    file_of(results).write_text(json.dumps(saved | {"known": 3, "claims": [{"content": {}}]}))
    plan = load_plan(STUDY, results)
    assert plan.setting.code == {}
    assert plan.budget == plan_of().budget


def test_a_plan_says_which_images_train_and_which_validate():
    plan = plan_of()
    known = replace(plan.data, patients={"train": 3, "val": 2})
    resampled = replace(plan, setting=replace(plan.setting, resampling="code"))
    assert describe_splits(plan).startswith("fixed")
    assert "patients" not in describe_splits(resampled)
    assert "patients kept apart" in describe_splits(replace(resampled, data=known))


def test_a_plan_knows_whose_each_scored_image_is_and_nobodys_name(tmp_path):
    made = square_splits(train=2, val=2, test=2)
    names = {"train": "abcd", "val": "zyzx", "test": "effe"}
    named: Any = {
        part: replace(getattr(made, part), patients=np.array(list(letters)))
        for part, letters in names.items()
    }
    facts = describe_data(replace(made, **named))
    assert facts.image_patients == {"val": [0, 1, 0, 2], "test": [0, 1, 1, 0]}
    assert facts.patients == {"train": 4, "val": 3, "test": 2}
    assert describe_data(made).image_patients == {"val": None, "test": None}
    folder = LocalFolder(tmp_path)
    save_plan(replace(plan_of(), data=facts), folder / STUDY.name)
    assert load_plan(STUDY, folder).data == facts


def test_a_plan_without_the_patients_of_images_is_read(results):
    saved = json.loads(file_of(results).read_text())
    del saved["data"]["image_patients"]
    file_of(results).write_text(json.dumps(saved))
    assert load_plan(STUDY, results).data.image_patients == {}


SPOIL = {
    "an unknown field": lambda saved: saved.update(mood="good"),
    "an unknown field of the setting": lambda saved: saved["setting"].update(mood=1),
    "patients of other images": lambda saved: saved["data"].update(
        image_patients={"train": [0, 1]}
    ),
    "a missing field": lambda saved: saved.pop("budget"),
    "another type": lambda saved: saved["budget"].update(seeds="10"),
    "a setting that is none": lambda saved: saved.update(setting=[]),
    "no seeds": lambda saved: saved["budget"].update(seeds=0),
    "seeds without end": lambda saved: saved["budget"].update(seeds=10**12),
    "a number that JSON has not": lambda saved: saved.update(seconds=float("nan")),
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_plan_of_another_shape_is_one_error_with_the_next_command(results, spoil):
    saved = json.loads(file_of(results).read_text())
    spoil(saved)
    file_of(results).write_text(json.dumps(saved))
    with pytest.raises(StudyError, match=rf"{PLAN} is damaged.*python -m study\.{STUDY.name}"):
        load_plan(STUDY, results)


@pytest.mark.parametrize(
    "content", ["", "[]", "3", "[" * 9999], ids=["empty", "list", "number", "deep"]
)
def test_a_plan_that_is_none_is_one_error_with_the_next_command(results, content):
    file_of(results).write_text(content)
    with pytest.raises(StudyError, match=rf"{PLAN} is damaged.*python -m study\.{STUDY.name}"):
        load_plan(STUDY, results)


def test_a_named_pipe_in_place_of_a_plan_is_one_error_and_is_replaced(results):
    file_of(results).unlink()
    os.mkfifo(file_of(results))
    with pytest.raises(StudyError, match=f"{PLAN} is damaged.*not a regular file"):
        load_plan(STUDY, results)
    save_plan(plan_of(), results / STUDY.name)
    load_plan(STUDY, results)
