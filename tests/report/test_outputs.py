"""What a study's folder holds after its records were judged."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

from study.figures.draw import SUFFIXES
from study.report.outputs import MARKDOWN, REPORT, SEARCHES, write_outputs
from study.search.choose import FinishedTrials
from study.search.registration import registration
from study.spec.claim import Claim
from study.spec.figures import Figure
from study.store.folder import LocalFolder
from study.store.records import Record
from tests.made import SETTING, STUDY, WIDTH_SEARCH, explored, plan_of

FIGURE = Figure("search", "search", "The search")
PLAN = plan_of()
TABLES = {"table.parquet", "table.csv", "columns.csv"}
WRITTEN = {REPORT, MARKDOWN, SEARCHES, *TABLES, "verdicts.json"}
CLAIM = Claim("small_is_good", "small", "val_accuracy", above=0.7)


@pytest.fixture
def records() -> dict[str, Record]:
    """Two explored trials by key."""
    made = [
        explored(WIDTH_SEARCH, number, {"channels": channels}, [0.7] * 8)
        for number, channels in enumerate((8, 16))
    ]
    return {record.key: record for record in made}


def confirmed(trials: FinishedTrials) -> dict[str, Record]:
    """A complete training for each seed of the study's one baseline."""
    (record, *_) = trials.records.values()
    jobs = trials.baselines[0].jobs(trials.plan.setting, trials.plan.budget.seeds)
    return {job.key: replace(record, ingredients=job.ingredients) for job in jobs}


def written(path) -> set[str]:
    return {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}


def test_a_figure_that_is_not_drawn_now_leaves_no_earlier_one(tmp_path, records):
    plan = replace(PLAN, study=replace(STUDY, figures=(FIGURE,)))
    steps = []
    write_outputs(
        FinishedTrials(plan, records), LocalFolder(tmp_path), lambda *step: steps.append(step)
    )
    names = ("table", "verdicts", "figure search", "files")
    assert steps == [(name, number, 4) for number, name in enumerate(names, 1)]
    assert written(tmp_path) == WRITTEN | {f"figures/search.{suffix}" for suffix in SUFFIXES}
    write_outputs(FinishedTrials(plan, {}), LocalFolder(tmp_path))
    assert written(tmp_path) == WRITTEN


def test_a_figure_that_cannot_be_drawn_costs_nothing_else(tmp_path, records):
    wrong = Figure("wrong", "search", "The wrong one", {"no_such_option": 1})
    plan = replace(PLAN, study=replace(STUDY, figures=(wrong, FIGURE)))
    write_outputs(FinishedTrials(plan, records), LocalFolder(tmp_path))
    assert written(tmp_path) == WRITTEN | {f"figures/search.{suffix}" for suffix in SUFFIXES}
    for name in (REPORT, MARKDOWN):
        text = (tmp_path / name).read_text()
        assert "The wrong one" in text and "option" in text.split("The wrong one")[1]


def test_the_table_is_the_same_as_parquet_and_as_csv(tmp_path, records):
    key = min(records)
    records[key] = replace(records[key], status="failed", rows=[], error='of "this",\nand that')
    write_outputs(FinishedTrials(PLAN, records), LocalFolder(tmp_path))
    parquet = pd.read_parquet(tmp_path / "table.parquet")
    assert set(parquet["error"].dropna()) == {records[key].error}
    csv = pd.read_csv(tmp_path / "table.csv", dtype=parquet.dtypes.to_dict())
    pd.testing.assert_frame_equal(csv, parquet, check_exact=True)


def test_the_searches_of_the_study_are_in_the_database(tmp_path, records):
    plan = replace(PLAN, study=replace(STUDY, figures=(FIGURE,)))
    write_outputs(FinishedTrials(plan, records), LocalFolder(tmp_path))
    with closing(sqlite3.connect(tmp_path / SEARCHES)) as database:
        names = {name for (name,) in database.execute("select study_name from studies")}
        trials = database.execute("select count(*) from trials").fetchone()
    assert names == {search.name for search in STUDY.searches}
    assert trials == (2,)


def test_verdicts_are_returned_and_written_with_a_note_on_late_claims(tmp_path, records):
    study = replace(STUDY, claims=(CLAIM,), figures=(FIGURE,))
    other = replace(study, claims=(replace(CLAIM, above=0.1),))
    late = "changed after 2 trainings that it reads had been recorded"
    for recorded, note in ((study, ""), (other, late)):
        trials = FinishedTrials(replace(PLAN, study=study), records)
        trials.records = records | {
            key: replace(
                record, params={}, provenance=registration(replace(PLAN, study=recorded), "")
            )
            for key, record in confirmed(trials).items()
        }
        (verdict,) = write_outputs(trials, LocalFolder(tmp_path)).verdicts
        (saved,) = json.loads((tmp_path / "verdicts.json").read_text())
        assert (verdict.claim, verdict.n_seeds, verdict.note) == (CLAIM, 2, note)
        assert (saved["claim"], saved["effect"]) == (CLAIM.name, pytest.approx(0.75))
        assert (note in saved["reason"]) and ("changed" in saved["reason"]) == bool(note)


def text_of(path) -> str:
    return (path / MARKDOWN).read_text().replace("\\", "")


def test_the_page_says_above_all_numbers_what_is_missing_and_what_else_was_tried(tmp_path, records):
    study = replace(STUDY, claims=(CLAIM,), searches=(), figures=(FIGURE,))
    trials = FinishedTrials(replace(PLAN, study=study), records)
    others = replace(trials.plan, setting=replace(SETTING, seed=1))
    more = confirmed(FinishedTrials(others, records)) | confirmed(trials)
    trials.records = {
        key: replace(record, params={}, provenance=registration(trials.plan, "small"))
        for key, record in more.items()
    }
    missing = next(iter(confirmed(FinishedTrials(trials.plan, records))))
    del trials.records[missing]
    write_outputs(trials, LocalFolder(tmp_path))
    above = text_of(tmp_path).split("## Verdicts")[0]
    assert "Not complete: small ConvModel: 1 of 2 trainings are not recorded." in above
    assert f"{PLAN.budget.seeds} trainings of these candidates on other seeds" in above


@pytest.mark.parametrize(("metric", "noted"), [("val_accuracy", True), ("test_accuracy", False)])
def test_a_claim_judged_on_the_images_of_the_choice_says_so(tmp_path, records, metric, noted):
    claim = Claim("chosen_is_good", "gap", metric, above=0.7)
    plan = replace(PLAN, study=replace(STUDY, claims=(claim,), figures=(FIGURE,)))
    trials = FinishedTrials(plan, records)
    record = next(iter(records.values()))
    scores = [{"epoch": 8, "loss": 0.1, "accuracy": 0.9, "auroc": 0.9}]
    trials.records = records | {
        job.key: replace(record, ingredients=job.ingredients, params={}, test=scores)
        for candidate in trials.candidates()
        for job in candidate.jobs(SETTING, 2)
    }
    (verdict,) = write_outputs(trials, LocalFolder(tmp_path)).verdicts
    assert verdict.n_seeds == 2
    assert ("chosen by its loss on these validation images" in verdict.note) == noted
