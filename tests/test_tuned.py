"""A study that tunes its candidates, run as a whole: judged, resumed, changed, used."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from hw3.data import SOURCES, Source, splits_from_arrays
from study import load, run
from study.cli.command import command
from study.search.plan import load_plan
from study.search.registration import study_digest
from study.spec.baseline import Baseline, Match
from study.spec.claim import Claim
from study.spec.figures import Figure
from study.spec.space import Float
from study.spec.study import Study
from study.store.folder import LocalFolder

MATCH = Match("plain", "parameters", ("channels",))
SHARED = {"learning_rate": 1e-7, "batch_size": 8, "schedule": "constant"}
STUDY = Study(
    name="tuned",
    title="Tuned",
    question="Which?",
    baselines=(
        Baseline("plain", "CNN", "conv", {"channels": 4, **SHARED}),
        Baseline("equal", "GAP, equal", "gap", SHARED, MATCH),
    ),
    claims=(
        Claim("learns", "plain", "val_loss", below=0.65),
        Claim("better", "equal", "val_loss", "plain", below=0.0),
    ),
    figures=(Figure("comparison", "comparison", "Both"),),
    tune={"learning_rate": Float(1e-7, 3e-3, log=True)},
)
SEEDS, TRIALS = 8, 6
OPTIONS = {"workers": "inline", "epochs": 3, "seeds": SEEDS, "trials": TRIALS, "image_size": 16}
OPTIONS["data"] = "squares"


def load_squares(_location, _size):
    draw, labels = np.random.default_rng(0), np.arange(300) % 2
    images = draw.integers(0, 100, (300, 16, 16)) + 150 * labels[:, None, None]
    return splits_from_arrays(images.astype(np.uint8), labels)


@pytest.fixture(scope="module", autouse=True)
def squares():
    """Data that a CNN learns in three epochs, though not at a learning rate of nearly nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SOURCES, "squares", Source("Squares", load=load_squares))
        yield


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("tuned") / "results"


@pytest.fixture(scope="module")
def result(results):
    return run(STUDY, results=results, **OPTIONS)


def recorded(results):
    return {path.name: path.stat().st_mtime_ns for path in (results / "trials").glob("*.json")}


def test_verdicts_are_about_the_tuned_and_the_report_says_what_hangs_on_it(result, results):
    learns, _ = result.verdicts.to_dict("records")
    assert learns["verdict"] == "supported" and learns["n_seeds"] == SEEDS
    assert learns["untuned"]["verdict"] == "refuted"
    page = (results / "tuned" / "report.md").read_text()
    assert "A verdict hangs on the tuning of learning rate: CNN: validation loss is" in page
    assert "untuned: refuted, held in 0 of 8" in page and "sensitivity analysis" in page
    counts = result.table.groupby(["stage", "candidate"])["key"].nunique()
    names = ["plain", "equal"]
    assert {counts["explore", f"{name}_tuned"] for name in names} == {TRIALS}
    each = {counts["confirm", f"{name}{end}"] for name in names for end in ("", "_tuned")}
    assert each == {SEEDS}


def test_a_matched_baseline_has_one_size_tuned_or_not(result):
    mine = result.table.loc[result.table["candidate"].isin(["equal", "equal_tuned"])]
    assert mine["config_channels"].nunique() == mine["parameters"].nunique() == 1


def test_a_run_that_was_interrupted_trains_only_what_is_missing(result, results):
    before = recorded(results)
    mine = result.table.loc[result.table["candidate"] == "plain_tuned"]
    lost = mine.loc[mine["stage"] == "confirm", "key"].unique()[::2]
    for key in lost:
        (results / "trials" / f"{key}.json").unlink()
    again = run(STUDY, results=results, **OPTIONS)
    after = recorded(results)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == {f"{k}.json" for k in lost}
    assert again.verdicts["held"].tolist() == result.verdicts["held"].tolist()


def test_the_tuned_models_and_figures_are_there_afterwards(result, results, tmp_path):
    loaded = load(STUDY, results=results)
    assert len(loaded.models("plain_tuned")) == 1
    np.save(tmp_path / "images.npy", np.zeros((2, 16, 16), np.uint8))
    assert len(loaded.predict("plain_tuned", tmp_path / "images.npy")) == 2
    assert loaded.figure("comparison").axes


def test_the_plan_has_the_tuning_in_its_numbers_and_its_digest_is_the_runs(result, results):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
    answer = CliRunner().invoke(command(STUDY), ["plan", *options])
    text = " ".join(answer.output.split())
    assert f"at most {2 * TRIALS + 4 * SEEDS} trainings of 3 epochs" in text
    assert f"learning_rate of 2 candidates, {2 * TRIALS} trials of those above" in text
    plan = load_plan(STUDY, LocalFolder(results))
    assert f"{study_digest(plan.study)}, of the claims" in text


def test_who_begins_to_tune_after_a_run_is_told_on(tmp_path):
    quick = OPTIONS | {"epochs": 1, "trials": 2}
    run(replace(STUDY, tune={}), results=tmp_path, **quick)
    notes = run(STUDY, results=tmp_path, **quick).verdicts["reason"]
    said = f"changed after {2 * SEEDS} trainings of its study had been recorded"
    assert notes.str.contains(said).tolist() == [True, True]
