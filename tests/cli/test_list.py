"""`python -m study list`, and that nothing is deleted under a run that is at work."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.search.plan import save_plan
from study.store.folder import LocalFolder
from study.store.lock import hold_lock
from study.store.open import open_folder
from study.store.records import Record, RecordStore
from study.store.snapshot import Snapshot, StageCount, save_snapshot
from tests.golden import RESULTS
from tests.made import SETTING, epoch_row, plan_of

PLAN = replace(plan_of(), command="python -m study run made.py --seeds 9")
SNAPSHOT = Snapshot(
    *("made", "A made study", "host", 1, PLAN.command),
    started="2026-03-01T10:00:00+00:00",
    written="2026-03-01T10:20:00+00:00",
    phase="training",
    stages=(StageCount("explore", 3, 5), StageCount("confirm", 0, 4)),
)


def run(*arguments, **options):
    return CliRunner().invoke(main, [*map(str, arguments)], **options)


def listed(results):
    answer = run("list", "--results", results)
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def made(tmp_path):
    """The results folder of a run under way, and the folder of its study."""
    folder = LocalFolder(tmp_path) / "made"
    save_plan(PLAN, folder)
    save_snapshot(SNAPSHOT, folder)
    return tmp_path, folder


def test_each_study_has_its_trials_by_stage_and_its_verdicts(tmp_path):
    for name in ("task_a", "task_c"):
        shutil.copytree(RESULTS / name, tmp_path / name)
    (tmp_path / "weights").mkdir()
    said = listed(tmp_path)
    verdicts = json.loads((RESULTS / "task_c" / "verdicts.json").read_text())
    supported = sum(one["verdict"] == "supported" for one in verdicts)
    assert f"{supported} supported" in said and "weights" not in said
    assert said.index("task_a finished explore") < said.index("task_c finished explore")
    assert f"0 records in {tmp_path}" in said


def test_a_run_at_work_is_running_whatever_its_files_say(made):
    results, folder = made
    with hold_lock(folder):
        said = listed(results)
    assert "made running explore 3" in said and "made: 3 of 5 search trials" in said


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("running", "interrupted"),  # nobody holds the lock: it died
        ("interrupted", "interrupted"),
        ("failed", "unfinished"),
        ("finished", "finished"),
    ],
)
def test_a_run_that_has_ended_has_a_state_and_the_command_that_goes_on(made, state, shown):
    results, folder = made
    save_snapshot(replace(SNAPSHOT, state=state, error="1 of 4 failed\nmore"), folder)
    said = listed(results)
    assert f"made {shown} explore 3" in said and "2026-03-01 10:20" in said
    assert (f"go on with: {PLAN.command}" in said) == (shown != "finished")
    assert ("1 of 4 failed go on" in said) == (shown == "unfinished")


def test_a_damaged_plan_hides_no_other_study(made):
    results, folder = made
    folder.write("plan.json", b"\x1b[2J")
    shutil.copytree(RESULTS / "task_c", results / "task_c")
    said = listed(results)
    assert (
        "made damaged" in said and "is damaged or of another version" in said and "\x1b" not in said
    )
    assert "task_c finished" in said


@pytest.mark.parametrize("file", ["verdicts.json", "table.parquet"])
def test_a_damaged_report_is_one_line(tmp_path, file):
    shutil.copytree(RESULTS / "task_c", tmp_path / "task_c")
    (tmp_path / "task_c" / file).write_bytes(b"nothing")
    assert "task_c damaged" in listed(tmp_path)


def test_a_folder_without_studies_is_one_error_with_the_next_command(tmp_path):
    answer = run("list", "--results", tmp_path / "nothing")
    assert answer.exit_code == 1 and "python -m study run" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_studies_in_a_store_are_listed(s3_bucket):
    results = open_folder(f"{s3_bucket}/listed")
    save_plan(PLAN, results / "made")
    save_snapshot(replace(SNAPSHOT, state="finished"), results / "made")
    assert "made finished explore 3" in listed(str(results))


@pytest.mark.parametrize("command", [["delete", "--seed", "1", "--yes"], ["--remove", "CODE"]])
def test_nothing_is_deleted_while_a_run_is_at_work(made, command):
    results, folder = made
    store = RecordStore(LocalFolder(results))
    ingredients = SETTING.ingredients("conv", {}, 1)
    store.write(Record(ingredients, "complete", [epoch_row(1, 0.5)]))
    words = [SETTING.code["conv"] if word == "CODE" else word for word in command]
    with hold_lock(folder):
        answer = run("records", "--results", results, *words)
    assert answer.exit_code == 1 and f"{folder}" in answer.stderr
    assert len(list(store)) == 1
    assert run("records", "--results", results, *words).exit_code == 0
    assert list(store) == []
