"""A study's file with a data source of its own, from its plan to its report."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from hw3.data import SOURCES
from hw3.models import FAMILIES
from study.__main__ import main

FILE = """
import numpy as np

from hw3.data import SOURCES, Source, splits_from_arrays
from study.spec.claim import Claim
from study.spec.baseline import Baseline
from study.spec.study import Study


def load(location, image_size):
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    inputs = rng.normal(size=(300, 6)) + labels[:, None]
    return splits_from_arrays(inputs, labels, classes=("cat", "dog", "fox"))


SOURCES["animals"] = Source("Animals", load=load)
SIZES = {"width_1": 16, "width_2": 16, "width_3": 16}
STUDY = Study(
    name="NAME",
    title="Animals",
    question="Can they be told apart?",
    data="animals",
    baselines=(
        Baseline("small", "small ANN", "ann", SIZES),
        Baseline("wide", "wide ANN", "ann", SIZES | {"width_1": 64}),
    ),
    claims=(Claim("wide_better", "wide", "test_balanced_accuracy", "small", above=0.0),),
)
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a study's file and gives what a command on it answers."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = dict(SOURCES), dict(FAMILIES)

    def act(action, *options, name="animal_study", text=FILE):
        file = tmp_path / f"{name}.py"
        file.write_text(text.replace("NAME", name))
        sys.modules.pop(name, None)
        arguments = [
            action,
            str(file),
            "--workers",
            "inline",
            "--results",
            str(tmp_path / "results"),
        ]
        return CliRunner().invoke(main, [*arguments, *options])

    yield act
    for registry, kept in zip((SOURCES, FAMILIES), before, strict=True):
        registry.clear()
        registry.update(kept)


def test_a_source_of_the_studys_own_needs_no_option(written, tmp_path):
    planned = written("plan")
    assert planned.exit_code == 0, planned.output
    assert "animals: train 180, val 60, test 60 examples of 6 numbers" in " ".join(
        planned.output.split()
    )
    answer = written("run", "--profile", "smoke")
    assert answer.exit_code == 0, answer.output
    folder = tmp_path / "results" / "animal_study"
    facts = json.loads((folder / "plan.json").read_text())["data"]
    assert (facts["source"], facts["inputs"], facts["image_size"]) == ("animals", [6], 0)
    table = pd.read_parquet(folder / "table.parquet")
    finals = table.loc[table["is_final"] & (table["stage"] == "confirm")]
    assert len(finals) == 4 and finals["test_balanced_accuracy"].between(0, 1).all()
    assert written("report").exit_code == 0


def test_another_location_is_taken_in_its_place(written, tmp_path):
    for seed, name in enumerate(("left", "right", "none")):
        images = np.random.default_rng(seed).integers(0, 256, (40, 20, 20, 3), dtype=np.uint8)
        np.save(tmp_path / f"{name}.npy", images)
    text = FILE.replace('"ann", SIZES |', '"conv", {"channels": 4} if 1 else SIZES |')
    chosen = ["--data", str(tmp_path), "--classes", "right,left"]
    answer = written("plan", *chosen, name="sided_study", text=text)
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.output.split())
    assert "train 64, val 16 images of 32x32 pixels" in said
    assert "only 8 “right” validation images: specificity" in said


def test_a_family_that_does_not_fit_the_data_is_one_clear_error(written):
    text = FILE.replace('"ann", SIZES)', '"gap")')
    answer = written("plan", name="unfit_study", text=text)
    assert answer.exit_code == 1
    assert "baseline small" in answer.output
    assert "the family gap takes images" in answer.output
    assert "examples of 6 numbers" in answer.output


def test_a_size_is_refused_only_by_the_families_that_cannot_halve_it(written):
    assert written("plan", "--image-size", "30", name="flat_study").exit_code == 0
    text = FILE.replace('"ann", SIZES)', '"gap")')
    answer = written("plan", "--image-size", "30", name="pooled_study", text=text)
    assert answer.exit_code == 1 and "nearest are 24 and 32" in answer.output
