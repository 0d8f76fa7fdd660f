from dataclasses import replace

from study.search.choose import FinishedTrials
from study.table.members import study_members
from tests.made import BUDGET, SETTING, STUDY, WIDTH_SEARCH, explored, plan_of


def finished(*records):
    return FinishedTrials(plan_of(), {record.key: record for record in records})


def confirmed_on_every_seed(trials):
    """The trials and, of each candidate, a training on every seed."""
    template = next(iter(trials.records.values()))
    jobs = [job for one in trials.candidates() for job in one.jobs(SETTING, BUDGET.seeds)]
    records = [replace(template, ingredients=job.ingredients, params={}) for job in jobs]
    return finished(*trials.records.values(), *records)


def test_explored_trials_have_the_searchs_label_and_candidates_their_own():
    picked = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8)
    proposed = explored(WIDTH_SEARCH, 1, {"channels": 8}, [0.4] * 8)
    members = study_members(confirmed_on_every_seed(finished(picked, proposed)))
    assert [(m.stage, m.candidate, m.label, m.hand_picked) for m in members] == [
        ("explore", "gap", "GAP", True),
        ("explore", "gap", "GAP", False),
        *[("confirm", "small", "small ConvModel", None)] * BUDGET.seeds,
        *[("confirm", "gap", "GAP, chosen", None)] * BUDGET.seeds,
    ]
    assert STUDY.labels()["gap"] == WIDTH_SEARCH.chosen_label == "GAP, chosen"


def test_trials_of_nobody_are_no_members():
    stray = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.5] * 8, setting=replace(SETTING, seed=9))
    assert study_members(finished(stray)) == []
