"""Claims are kept with the plan; those that did not stand before the run are told apart."""

import json
from dataclasses import asdict, replace

import pytest
from click.testing import CliRunner

from study.cli.command import command
from study.cli.run import keep_what_was_known
from study.search.plan import PLAN, Plan, load_plan, save_plan
from study.spec.budget import Budget, DataFacts
from study.spec.registration import claim_notes, describe_notes, register_claims
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made_table import CLAIMS, EPOCHS, SEARCH, SEEDS, SETTING, STUDY, made_members

FIRST, SECOND, THIRD = CLAIMS[:3]
WIDER = replace(SECOND, below=0.5)
BEFORE, LATER = "2026-01-01T00:00:00+00:00", "2026-02-02T00:00:00+00:00"
KEPT = register_claims((FIRST, SECOND), (), 0, BEFORE)
BUDGET = Budget(16, EPOCHS, SEEDS, 32)
PLANNED = Plan(STUDY.name, BUDGET, SETTING, DataFacts("phantom", "phantom", "0123", 32, {}, {}))


def test_claims_that_stood_before_the_run_need_no_note():
    assert claim_notes((SECOND, FIRST), KEPT) == {}
    again = register_claims((FIRST, SECOND), KEPT, 40, LATER)
    assert again == KEPT
    assert describe_notes({}) == ""


def test_a_report_tells_changed_added_and_dropped_claims():
    notes = claim_notes((WIDER, THIRD), KEPT)
    assert notes == {
        WIDER.name: "changed after the run began",
        THIRD.name: "added after the run began",
        FIRST.name: "dropped after the run began",
    }
    assert all(name in describe_notes(notes) for name in notes)


def test_a_second_run_does_not_make_late_claims_early():
    kept = register_claims((WIDER, THIRD), KEPT, 40, LATER)
    notes = claim_notes((WIDER, THIRD), kept)
    for name in (WIDER.name, THIRD.name):
        assert LATER in notes[name] and "40 confirmation trainings" in notes[name]
    assert "dropped" in notes[FIRST.name]
    assert register_claims((WIDER, THIRD), kept, 80, "later still") == kept
    assert claim_notes((FIRST, SECOND), kept) == {THIRD.name: "dropped after the run began"}


def test_claims_may_change_while_nothing_is_known():
    kept = register_claims((WIDER, THIRD), KEPT, 0, LATER)
    assert claim_notes((WIDER, THIRD), kept) == {}
    assert [each.first_seen for each in kept] == [LATER] * 2


def test_claims_that_no_run_kept_are_not_taken_for_early():
    assert set(claim_notes((FIRST, SECOND), ())) == {FIRST.name, SECOND.name}


def test_any_part_of_a_claim_counts():
    for field in ("text", "homework", "figure"):
        assert claim_notes((replace(FIRST, **{field: "other"}), SECOND), KEPT)
    moved = replace(FIRST, left=replace(FIRST.left, epoch="best"))
    assert claim_notes((moved, replace(SECOND, one_sided=True)), KEPT).keys() == {
        FIRST.name,
        SECOND.name,
    }


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
    plan = keep_what_was_known(study, plan, results)
    save_plan(plan, results / study.name)
    return plan


def test_plan_keeps_its_claims_as_json(results):
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
    start(results, replace(STUDY, figures=()))
    for claims, changed in ((CLAIMS, False), ((FIRST, WIDER, *CLAIMS[2:4]), True)):
        study = replace(STUDY, figures=(), claims=claims)
        answer = CliRunner().invoke(command(study), ["report", "--results", str(tmp_path)])
        assert answer.exit_code == 0, answer.output
        page = (tmp_path / STUDY.name / "report.html").read_text()
        verdicts = json.loads((tmp_path / STUDY.name / "verdicts.json").read_text())
        reasons = {verdict["claim"]: verdict["reason"] for verdict in verdicts}
        for text in (page, " ".join(answer.output.split())):
            assert (f"{WIDER.name}: changed after the run began" in text) == changed
            assert (f"{CLAIMS[4].name}: dropped after the run began" in text) == changed
        assert reasons[WIDER.name].startswith("changed after the run began") == changed
        assert ("Claims stood in the task" in page) != changed
