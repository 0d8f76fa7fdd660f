"""Claims are registered with the plan; those that were not there before the run are told apart."""

import json
from dataclasses import asdict, replace
from html import unescape

import pytest
from click.testing import CliRunner

from study.cli.command import command
from study.cli.run import register
from study.search.plan import PLAN, Plan, load_plan, save_plan
from study.spec.budget import Budget, DataFacts
from study.spec.registration import (
    claim_notes,
    describe_notes,
    register_claims,
    registered_claim,
)
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from study.task_c import STUDY as TASK_C
from tests.made_table import CLAIMS, EPOCHS, SEARCH, SEEDS, SETTING, STUDY, made_members

FIRST, SECOND, THIRD = CLAIMS[:3]
WIDER = replace(SECOND, below=0.5)
BEFORE, LATER = "2026-01-01T00:00:00+00:00", "2026-02-02T00:00:00+00:00"
REGISTERED = register_claims((FIRST, SECOND), (), 0, BEFORE)
BUDGET = Budget(16, EPOCHS, SEEDS, 32)
PLANNED = Plan(STUDY, BUDGET, SETTING, DataFacts("phantom", "phantom", "0123", 32, {}, {}))


def test_claims_that_stood_before_the_run_need_no_note():
    assert claim_notes((SECOND, FIRST), REGISTERED) == {}
    again = register_claims((FIRST, SECOND), REGISTERED, 40, LATER)
    assert again == REGISTERED
    assert describe_notes({}) == ""


def test_a_report_tells_changed_added_and_dropped_claims():
    notes = claim_notes((WIDER, THIRD), REGISTERED)
    assert notes == {
        WIDER.name: "changed after the run began",
        THIRD.name: "added after the run began",
        FIRST.name: "dropped after the run began",
    }
    assert all(name in describe_notes(notes) for name in notes)


def test_a_second_run_does_not_make_late_claims_early():
    later = register_claims((WIDER, THIRD), REGISTERED, 40, LATER)
    notes = claim_notes((WIDER, THIRD), later)
    for name in (WIDER.name, THIRD.name):
        assert LATER in notes[name] and "40 confirmation trainings" in notes[name]
    assert "dropped" in notes[FIRST.name]
    assert register_claims((WIDER, THIRD), later, 80, "later still") == later
    assert claim_notes((FIRST, SECOND), later) == {THIRD.name: "dropped after the run began"}


def test_claims_may_change_while_nothing_is_known():
    later = register_claims((WIDER, THIRD), REGISTERED, 0, LATER)
    assert claim_notes((WIDER, THIRD), later) == {}
    assert [each.first_seen for each in later] == [LATER] * 2


def test_claims_that_no_run_registered_are_not_taken_for_early():
    assert set(claim_notes((FIRST, SECOND), ())) == {FIRST.name, SECOND.name}


def test_any_part_of_a_claim_counts():
    for field in ("text", "quote", "source"):
        assert claim_notes((replace(FIRST, **{field: "other"}), SECOND), REGISTERED)
    changed = (replace(FIRST, epoch="best"), replace(SECOND, one_sided=True))
    assert claim_notes(changed, REGISTERED).keys() == {FIRST.name, SECOND.name}


# Of version 0.1


def saved_by_version_0_1(name, left, right, above, below) -> dict:
    """A claim as plans of that version hold it; the sides as (baseline or search, metric)."""
    sides = [
        side and {"point": side[0], "metric": side[1], "epoch": "final"} for side in (left, right)
    ]
    content = {
        "name": name,
        "text": "In words that repeat the bounds.",
        "homework": "what was said",
        "figure": "figure 11",
        "left": sides[0],
        "right": sides[1],
        "above": above,
        "below": below,
        "ratio": False,
        "one_sided": False,
    }
    return {"content": content, "first_seen": BEFORE, "known": 0}


def test_claims_of_version_0_1_stand_unless_their_region_differs():
    """A level, a region with two bounds and a difference, as in a plan of task C."""
    lab4, modified = ("lab4", "val_accuracy"), ("modified", "val_accuracy")
    saved = (
        saved_by_version_0_1("lab4_validation", lab4, None, None, 0.9),
        saved_by_version_0_1("gap_costs", lab4, ("convmodel", "val_accuracy"), None, 0.0),
        saved_by_version_0_1("modified_level", modified, None, 0.91, 0.95),
    )
    registered = [registered_claim(claim) for claim in saved]
    names = [one.content["name"] for one in registered]
    now = [claim for claim in TASK_C.claims if claim.name in names]
    assert len(now) == 3
    assert claim_notes(now, registered) == {}
    assert register_claims(now, registered, 40, LATER) == tuple(registered)
    level, difference, band = now
    for changed in (
        replace(level, below=0.91),
        replace(level, metric="train_accuracy"),
        replace(level, epoch="best"),
        replace(level, one_sided=True),
        replace(band, above=0.90),
        replace(difference, versus="modified"),
        replace(difference, versus=None),
        replace(difference, candidate="modified"),
    ):
        claims = [changed if claim.name == changed.name else claim for claim in now]
        assert claim_notes(claims, registered) == {changed.name: "changed after the run began"}


# With a plan and records


@pytest.fixture
def results(tmp_path):
    """A results folder with every record of the made study, and no plan."""
    results = LocalFolder(tmp_path)
    store = RecordStore(results)
    for member in made_members():
        seed = member.record.ingredients["seed"]
        explored = member.stage == "explore"
        seed = SETTING.explore_seed(SEARCH) if explored else SETTING.confirm_seeds(SEEDS)[seed]
        ingredients = member.record.ingredients | {"seed": seed}
        store.write(replace(member.record, ingredients=ingredients))
    return results


def start(results, study: Study = STUDY, plan: Plan = PLANNED) -> Plan:
    """What a run does before it trains."""
    plan = register(replace(plan, study=study), results)
    save_plan(plan, results / study.name)
    return plan


def test_plan_holds_its_claims_as_json(results):
    plan = start(results)
    content = (results / STUDY.name).read(PLAN)
    assert content is not None
    saved = json.loads(content, parse_constant=pytest.fail)  # no Infinity
    assert saved["claims"][0]["content"]["name"] == FIRST.name
    assert saved["claims"][0]["content"]["above"] is None
    assert asdict(load_plan(STUDY, results)) == asdict(plan)
    assert claim_notes(CLAIMS, load_plan(STUDY, results).claims) == {}


def test_first_run_takes_nothing_from_other_studies_trainings(results):
    assert start(results).known == 0


def test_second_run_with_changed_claims_counts_what_the_first_recorded(results):
    start(results)
    changed = replace(STUDY, claims=(FIRST, WIDER, *CLAIMS[2:]))
    plan = start(results, changed)
    assert plan.known == 4 * SEEDS
    assert claim_notes(changed.claims, plan.claims).keys() == {WIDER.name}
    # a run of another size between the two does not hide it
    start(results, changed, replace(PLANNED, budget=replace(BUDGET, seeds=1)))
    assert claim_notes(changed.claims, start(results, changed).claims).keys() == {WIDER.name}


def test_a_smoke_run_tells_nothing(results):
    smoke = replace(PLANNED, budget=replace(BUDGET, judged=False))
    start(results, STUDY, smoke)
    changed = replace(STUDY, claims=(FIRST, WIDER))
    plan = start(results, changed)
    assert (plan.known, claim_notes(changed.claims, plan.claims)) == (0, {})
    start(results, changed)
    start(results, changed, smoke)
    assert start(results, replace(STUDY, claims=CLAIMS)).known == 4 * SEEDS


def test_a_damaged_plan_does_not_make_claims_early(results):
    start(results)
    (results / STUDY.name).write(PLAN, b"{")
    plan = start(results)
    assert claim_notes(CLAIMS, plan.claims).keys() == {claim.name for claim in CLAIMS}


def test_report_says_on_page_and_terminal_which_claims_changed(results, tmp_path):
    drawn = replace(STUDY, figures=STUDY.figures[-1:])
    start(results, drawn)
    for claims, changed in ((CLAIMS, False), ((FIRST, WIDER, *CLAIMS[2:4]), True)):
        study = replace(drawn, claims=claims)
        answer = CliRunner().invoke(command(study), ["report", "--results", str(tmp_path)])
        assert answer.exit_code == 0, answer.output
        page = (tmp_path / STUDY.name / "report.html").read_text()
        verdicts = json.loads((tmp_path / STUDY.name / "verdicts.json").read_text())
        reasons = {verdict["claim"]: verdict["reason"] for verdict in verdicts}
        for text in (page, " ".join(answer.output.split())):
            assert (f"{WIDER.name}: changed after the run began" in text) == changed
            assert (f"{CLAIMS[4].name}: dropped after the run began" in text) == changed
        assert reasons[WIDER.name].startswith("changed after the run began") == changed
        assert ("written in the task's file before the run" in unescape(page)) != changed
