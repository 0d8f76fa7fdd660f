"""`python -m study records`: records by code, seen and removed."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.search.trial import UNKNOWN_CODE
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from tests.made import SETTING, epoch_row

CODES = {"here": SETTING, "older": replace(SETTING, code={"conv": "0123456789ab"})}


def record(setting, seed):
    finished = {"finished": "2026-03-01T10:00:00+00:00", "versions": {"torch": "2.13.0"}}
    ingredients = setting.ingredients("conv", {}, seed)
    return Record(ingredients, "complete", [epoch_row(1, 0.5)], provenance=finished)


@pytest.fixture
def results(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    for setting in CODES.values():
        for seed in range(2):
            store.write(record(setting, seed))
    store.write(record(replace(SETTING, code={}), 0))
    return tmp_path


def records(results, *arguments):
    return CliRunner().invoke(main, ["records", "--results", str(results), *arguments])


def test_records_are_listed_by_code_the_present_one_first(results):
    lines = records(results).output.splitlines()[1:]
    assert SETTING.code["conv"] in lines[0] and "used by a run here" in lines[0]
    assert {line.split()[0] for line in lines[1:]} == {"0123456789ab", "unknown"}
    assert sum(int(line.split()[2]) for line in lines) == 5
    assert all("2.13.0" in line and "2026-03-01" in line for line in lines)


@pytest.mark.parametrize(("code", "left"), [("0123456789ab", 3), ("unknown", 4)])
def test_records_of_a_code_are_removed_and_no_others(results, code, left):
    answer = records(results, "--remove", code)
    assert answer.exit_code == 0
    assert f"{5 - left} records removed" in answer.output
    assert len(list(RecordStore(LocalFolder(results)))) == left


def test_a_code_that_trained_nothing_is_an_error_that_names_those_that_did(results):
    answer = records(results, "--remove", "abc")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "0123456789ab" in answer.stderr and SETTING.code["conv"] in answer.stderr
    assert len(list(RecordStore(LocalFolder(results)))) == 5


def test_records_of_earlier_versions_do_not_know_their_code():
    assert UNKNOWN_CODE.items() <= replace(SETTING, code={}).ingredients("conv", {}, 0).items()
    assert "code" not in replace(SETTING, code={}).ingredients("conv", {}, 0)


def test_an_empty_folder_has_no_records(tmp_path):
    assert "no records" in records(tmp_path).output
