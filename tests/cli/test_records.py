"""`python -m study records`: records by code, seen and removed."""

from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from hw3.text import count_of
from study.__main__ import main
from study.search.trial import UNKNOWN_CODE
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from study.store.weights import WeightsStore
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
    assert f"{count_of(5 - left, 'record')} removed" in answer.output
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


def key_of(setting, seed):
    return record(setting, seed).key


def test_records_are_found_by_all_that_is_asked_for(results):
    everything = records(results, "find").output
    assert everything.splitlines()[-1] == "5 records"
    for given, count in {
        ("--family", "conv", "--stage", "confirm", "--status", "complete"): 5,
        ("--seed", "1"): 2,
        ("--text", "CHANNELS=", "--text", "optimiser=adam"): 5,
        ("--text", "optimiser=sgd"): 0,
        ("--status", "failed"): 0,
        ("--host", "nowhere"): 0,
    }.items():
        answer = records(results, "find", *given)
        assert answer.exit_code == (0 if count else 1)
        assert f"{count} record" in answer.output if count else "none of 5 records" in answer.stderr


def test_results_may_stand_before_or_behind_the_command(results):
    given = ["--results", str(results)]
    before = CliRunner().invoke(main, ["records", *given, "find"]).output
    assert before == CliRunner().invoke(main, ["records", "find", *given]).output != ""


def test_a_record_is_shown_with_all_of_its_ingredients(results):
    key = key_of(SETTING, 1)
    answer = records(results, "show", key[:8])
    assert answer.exit_code == 0 and key in answer.output
    for name in record(SETTING, 1).ingredients["recipe"]:
        assert f"recipe.{name}" in answer.output
    assert "used by a run" in answer.output and "0.500 nats" in answer.output


def test_two_records_are_compared_in_what_differs(results):
    keys = [key_of(SETTING, 0), key_of(CODES["older"], 1)]
    lines = records(results, "compare", *keys).output.splitlines()
    named = {line.split()[0] for line in lines[2 : lines.index("Curves") - 1]}
    assert {"seed", "code"} <= named and not named & {"family", "data", "image_size"}


def weigh(results, key):
    """Keep weights of a training."""
    WeightsStore(LocalFolder(results)).write(key, {"w": torch.zeros(1)}, {})


def test_deleted_are_the_record_and_its_weights_and_nothing_else(results):
    gone, stays = key_of(SETTING, 0), key_of(SETTING, 1)
    for key in (gone, stays):
        weigh(results, key)
    answer = records(results, "delete", gone, "--yes")
    assert answer.exit_code == 0
    assert "1 record removed; the next run trains it again" in answer.output
    assert len(list(RecordStore(LocalFolder(results)))) == 4
    assert WeightsStore(LocalFolder(results)).kept() == {stays}


@pytest.mark.parametrize(("answered", "left"), [("y\n", 3), ("n\n", 5), ("", 5)])
def test_deletion_asks_first_and_says_what_follows(results, answered, left):
    words = ["records", "--results", str(results), "delete", "--seed", "1"]
    answer = CliRunner().invoke(main, words, input=answered)
    assert answer.exit_code == (0 if left < 5 else 1)
    assert "trains them again" in answer.output and "2 records" in answer.output
    assert len(list(RecordStore(LocalFolder(results)))) == left


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "abc"], 1, "first 4 digits"),
        (["show", "0" * 20], 1, "records find lists them"),
        (["show", "../../x"], 1, "records find lists them"),
        (["compare", "KEY", "KEY"], 1, "one record"),
        (["delete"], 2, "records find"),
        (["delete", "KEY", "--status", "failed"], 2, "records find"),
        (["delete", "--status", "failed", "--yes"], 1, "none of 5 records"),
        (["find", "--stage", "test"], 2, "explore"),
        (["find", "--seed", "-1"], 2, "--seed"),
        (["--remove", "abc", "find"], 2, "--remove"),
    ],
)
def test_what_names_no_records_is_one_error(results, arguments, code, said):
    given = [key_of(SETTING, 0) if word == "KEY" else word for word in arguments]
    answer = records(results, *given)
    assert answer.exit_code == code and said in answer.stderr
    assert len(list(RecordStore(LocalFolder(results)))) == 5


@pytest.mark.parametrize("command", [["show", "abcd"], ["find"], ["delete", "abcd"]])
def test_a_folder_without_records_is_one_error(tmp_path, command):
    answer = records(tmp_path / "nothing", *command)
    assert answer.exit_code == 1 and "--results" in answer.stderr
    assert not (tmp_path / "nothing").exists()


def test_what_a_record_holds_cannot_act_on_the_terminal(results):
    hostile = record(SETTING, 7)
    evil = hostile.provenance | {"host": "\x1b[2J[red]x[/red]"}
    RecordStore(LocalFolder(results)).write(replace(hostile, provenance=evil, error="\x1b]0;t\x07"))
    for command in (["find", "--seed", "7"], ["show", hostile.key]):
        output = records(results, *command).output
        assert "\x1b" not in output and "\x07" not in output
    assert "\\x1b[2J[red]x[/red]" in output
