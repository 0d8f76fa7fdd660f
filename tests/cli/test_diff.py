"""`python -m study diff` on two results folders."""

import json
import shutil

import pytest
from click.testing import CliRunner

from study.__main__ import main
from tests.golden import RESULTS

NAMES = ("task_a", "task_c")


@pytest.fixture
def sides(tmp_path):
    """Two results folders with the same reports in them."""
    for side in ("a", "b"):
        for name in NAMES:
            (tmp_path / side / name).mkdir(parents=True)
            for file in ("plan.json", "verdicts.json"):
                shutil.copy(RESULTS / name / file, tmp_path / side / name / file)
    return tmp_path / "a", tmp_path / "b"


def diff(*arguments):
    return CliRunner().invoke(main, ["diff", *map(str, arguments)])


def change(path, how):
    value = json.loads(path.read_text())
    how(value)
    path.write_text(json.dumps(value))


def words(answer):
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


def test_equal_runs_are_one_sentence_for_each_study(sides):
    said = words(diff(*sides))
    assert said.count("nothing changed") == len(NAMES)
    assert said.replace(str(sides[0]), "").count("first") == 0


def test_a_verdict_that_changed_is_shown_with_both_effects_and_the_others_counted(sides):
    def turn(verdicts):
        verdicts[0] |= {"verdict": "supported", "effect": 0.5, "held": 3}

    before = json.loads((sides[0] / "task_c" / "verdicts.json").read_text())
    change(sides[1] / "task_c" / "verdicts.json", turn)
    said = words(diff(*sides, "--study", "task_c"))
    assert f"{before[0]['claim']} verdict {before[0]['verdict']} supported" in said
    assert "50.0 %" in said and f"held in {before[0]['held']} of" in said
    same = len(before) - 1
    assert (
        f"Of {len(before)} claims that both have, {same} got the same verdict, {same} with" in said
    )
    assert "No setting and no claim differs" in said


def test_rounding_changes_no_verdict(sides):
    change(
        sides[1] / "task_c" / "verdicts.json", lambda verdicts: verdicts[0].update(p=0.123456789)
    )
    assert words(diff(*sides)).count("nothing changed") == len(NAMES)


CHANGES = {
    "data": lambda plan: plan["data"].update(fingerprint="0" * 20),
    "code": lambda plan: plan["setting"]["code"].update(gap="0" * 12),
    "seeds": lambda plan: plan["setting"].update(seed=7),
    "budget": lambda plan: plan["budget"].update(trials=99),
    "training": lambda plan: plan["setting"]["recipe"].update(learning_rate=0.5),
    "versions": lambda plan: plan["provenance"].update(python="3.99"),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_each_setting_is_a_reason_of_its_kind(sides, reason):
    change(sides[1] / "task_a" / "plan.json", CHANGES[reason])
    said = words(diff(*(side / "task_a" for side in sides)))
    assert f"though these did: {reason}." in said
    change(sides[1] / "task_a" / "verdicts.json", lambda verdicts: verdicts[0].update(held=7))
    assert f"may differ because of {reason}." in words(diff(*(side / "task_a" for side in sides)))


def test_claims_that_were_added_dropped_or_changed_are_named(sides):
    def edit(verdicts):
        verdicts[0]["margin"]["above"] = 0.123
        del verdicts[1]
        verdicts.append(verdicts[0] | {"claim": "newest"})

    before = json.loads((sides[0] / "task_a" / "verdicts.json").read_text())
    change(sides[1] / "task_a" / "verdicts.json", edit)
    said = words(diff(*sides, "--study", "task_a"))
    assert f"{before[0]['claim']} changed" in said
    assert f"{before[1]['claim']} dropped" in said and "newest added" in said
    assert "claims." in said


def test_files_of_a_report_stand_for_its_folder(sides):
    one, other = (side / "task_a" for side in sides)
    assert "nothing changed" in words(diff(one / "verdicts.json", other / "report.html"))


def test_verdicts_alone_are_compared_and_what_is_not_known_is_said(sides):
    (sides[1] / "task_a" / "plan.json").unlink()
    change(sides[1] / "task_a" / "verdicts.json", lambda verdicts: verdicts[0].update(held=7))
    assert "not known without plan.json" in words(diff(*sides, "--study", "task_a"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("A", "nothing"), "neither verdicts.json nor plan.json"),
        (("A", "B", "--study", "task_z"), "it has task_a, task_c"),
        (("A/task_a", "B/task_c"), "of task_a and of task_c"),
        (("A", "ftp2://host/x"), "URI"),
    ],
)
def test_what_cannot_be_compared_is_one_error(sides, arguments, said):
    given = [word.replace("A", str(sides[0])).replace("B", str(sides[1])) for word in arguments]
    answer = diff(*given)
    assert answer.exit_code == 1 and said in answer.stderr and answer.stderr.count("\n") == 1


@pytest.mark.parametrize("content", ["", "{}", "[3]", '[{"claim": "a"}]'])
def test_damaged_verdicts_are_one_error(sides, content):
    (sides[1] / "task_a" / "verdicts.json").write_text(content)
    answer = diff(*sides)
    assert answer.exit_code == 1 and "verdicts.json is damaged" in answer.stderr


def test_a_claims_words_cannot_act_on_the_terminal(sides):
    change(
        sides[1] / "task_a" / "verdicts.json",
        lambda verdicts: verdicts[0].update(tested="\x1b[2J[red]"),
    )
    said = words(diff(*sides, "--study", "task_a"))
    assert "\x1b" not in said and "\\x1b[2J[red]" in said
