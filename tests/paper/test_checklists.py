"""Checklists: every item is there, answered or left to the author."""

from study.paper.checklists import CLAIM, NEURIPS, SAME_AS, SUPPLY, TRIPOD, checklists
from study.paper.latex import render


def test_every_item_has_an_answer(facts):
    lists = checklists(facts)
    assert [list(each.answers) for each in lists] == [list(NEURIPS), list(CLAIM), list(TRIPOD)]
    for each in lists:
        answers = each.answers.values()
        assert all(answers)
        assert any(answer == SUPPLY for answer in answers)
        assert any(SUPPLY not in answer for answer in answers)
    assert set(SAME_AS) <= {*NEURIPS, *CLAIM, *TRIPOD}


def test_an_items_place_is_its_number_in_the_original(facts):
    """Numbers from RSNA's page of CLAIM, the BMJ's article of TRIPOD+AI and the style file."""
    neurips, claim, tripod = (list(each.answers) for each in checklists(facts))
    assert (len(neurips), len(claim), len(tripod)) == (16, 44, 27)
    numbers = {7: "Experiment statistical significance", 13: "New assets"}
    assert {number: neurips[number - 1] for number in numbers} == numbers
    numbers = {
        9: "Data pre-processing",
        21: "Intended sample size",
        34: "Clinical trial registration",
    }
    assert {number: claim[number - 1] for number in numbers} == numbers
    numbers = {7: "Data preparation", 16: "Training versus evaluation", 24: "Model updating"}
    assert {number: tripod[number - 1] for number in numbers} == numbers


def test_the_original_is_named_and_numbers_are_shown(facts):
    lists = checklists(facts)
    shown = render("checklists.tex", lists=lists).replace(r"\allowbreak{}", "")
    for said in ("10.1148/ryai.240300", "10.1136/bmj-2023-078378", "consult the original"):
        assert said in shown
    assert r"\textbf{44. Sources of funding" in shown and r"\textbf{27. Usability" in shown


def test_what_tripod_asks_beyond_the_records_is_left_to_the_author(facts):
    _, _, tripod = (each.answers for each in checklists(facts))
    counts = facts.plan.data.counts["train"]
    assert all(f"{count:,} {name}" in tripod["Model development"] for name, count in counts.items())
    for name in ("Training versus evaluation", "Open science", "Model performance"):
        assert SUPPLY in tripod[name], name


def test_what_a_study_knows_is_answered_with_its_numbers(facts):
    neurips, claim, _ = (each.answers for each in checklists(facts))
    assert "10 seeds" in neurips["Experiment statistical significance"]
    assert f"{len(facts.records)} trainings" in neurips["Experiments compute resources"]
    assert "bfloat16" not in claim["Software libraries, frameworks and packages"]
    assert "PyTorch 2." in claim["Software libraries, frameworks and packages"]
    assert claim["Sources of funding, role of funders"] == SUPPLY
