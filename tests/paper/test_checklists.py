"""Checklists: every item is there, answered or left to the author."""

from study.paper.checklists import CLAIM, NEURIPS, SAME_AS, SUPPLY, TRIPOD, checklists


def test_every_item_has_an_answer(facts):
    lists = checklists(facts)
    assert [list(each.answers) for each in lists] == [list(NEURIPS), list(CLAIM), list(TRIPOD)]
    for each in lists:
        answers = each.answers.values()
        assert all(answers)
        assert any(answer == SUPPLY for answer in answers)
        assert any(SUPPLY not in answer for answer in answers)
    assert set(SAME_AS) <= {*NEURIPS, *CLAIM, *TRIPOD}


def test_what_a_study_knows_is_answered_with_its_numbers(facts):
    neurips, claim, _ = (each.answers for each in checklists(facts))
    assert "10 seeds" in neurips["Experiment statistical significance"]
    assert f"{len(facts.records)} trainings" in neurips["Experiments compute resources"]
    assert "bfloat16" not in claim["Software and packages"]
    assert "PyTorch 2." in claim["Software and packages"]
    assert claim["Sources of funding"] == SUPPLY
