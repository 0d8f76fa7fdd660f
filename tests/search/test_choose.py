import dataclasses

import pytest

from hw3.cost import model_cost
from hw3.models import FAMILIES, make_config
from hw3.numerics import Numerics
from study.search.choose import baseline_candidates, chosen_candidates, study_members
from study.spec.budget import Budget
from study.spec.study import Baseline, Match
from study.store.records import Record
from tests.made import DROPOUT_SEARCH, SETTING, STUDY, WIDTH_SEARCH, epoch_row, explored

BUDGET = Budget(trials=5, epochs=8, seeds=2, image_size=16)


def by_key(records):
    return {record.key: record for record in records}


def explored_widths():
    """A short trial of tiny loss, a diverged one, a failed one and two whole ones."""
    return [
        explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.6] * 7 + [0.50]),
        explored(WIDTH_SEARCH, 1, {"channels": 8}, [0.01], "stopped"),
        explored(WIDTH_SEARCH, 2, {"channels": 9}, [0.01, None], "diverged"),
        explored(WIDTH_SEARCH, 3, {"channels": 10}, [], "failed"),
        explored(WIDTH_SEARCH, 4, {"channels": 16}, [0.1] * 7 + [0.45]),
    ]


def test_only_a_full_length_trial_of_least_final_loss_is_chosen():
    chosen = chosen_candidates(STUDY, SETTING, BUDGET, by_key(explored_widths()))
    assert set(chosen) == {"gap"}
    assert chosen["gap"].config == {"channels": 16, "hidden": 0}


def test_trials_beyond_the_budget_do_not_count():
    small = dataclasses.replace(BUDGET, trials=4)
    chosen = chosen_candidates(STUDY, SETTING, small, by_key(explored_widths()))
    assert chosen["gap"].config == {"channels": 32, "hidden": 0}


@pytest.mark.parametrize(
    "change", [{"data": "other"}, {"image_size": 24}, {"seed": 5}, {"sampler": "random"}]
)
def test_trials_of_another_setting_are_not_chosen(change):
    other = dataclasses.replace(SETTING, **change)
    assert chosen_candidates(STUDY, other, BUDGET, by_key(explored_widths())) == {}


def test_confirmation_pairs_all_points_on_seeds_that_no_search_used():
    first, *others = [
        [job.ingredients["seed"] for job in point.jobs(SETTING, 5)]
        for point in [
            *baseline_candidates(STUDY, 16),
            *chosen_candidates(STUDY, SETTING, BUDGET, by_key(explored_widths())).values(),
        ]
    ]
    assert len(set(first)) == 5
    assert all(seeds == first for seeds in others)
    assert not set(first) & {SETTING.explore_seed(search) for search in STUDY.searches}


def test_more_seeds_keep_the_first_ones():
    assert SETTING.confirm_seeds(8)[:5] == SETTING.confirm_seeds(5)


def test_a_baseline_has_one_key_whatever_task_asks_for_it():
    from study import task_a, task_b, task_c

    keys = [
        {job.key for point in baseline_candidates(task.STUDY, 16) for job in point.jobs(SETTING, 3)}
        for task in (task_a, task_b, task_c)
    ]
    assert len(keys[0] & keys[1] & keys[2]) == 3


def test_matched_point_has_the_cost_of_the_other():
    matched = Baseline(
        "ann",
        "ANN",
        "ann",
        match=Match("small", "parameters", ("width_1", "width_2", "width_3")),
    )
    study = dataclasses.replace(STUDY, points=(*STUDY.baselines, matched))
    small, ann = (
        model_cost(point.family, make_config(point.family, point.config), 16).parameters
        for point in baseline_candidates(study, 16)
    )
    assert ann == pytest.approx(small, rel=0.1)


def test_members_find_every_trial_in_its_place_and_no_other():
    point = baseline_candidates(STUDY, 16)[0]
    confirmed = [
        Record(job.ingredients, "complete", [epoch_row(8, 0.4)]) for job in point.jobs(SETTING, 3)
    ]
    foreign = explored(dataclasses.replace(WIDTH_SEARCH, fixed={"hidden": 5}), 0, {}, [0.1] * 8)
    records = by_key([*explored_widths(), *confirmed, foreign])
    members = study_members(STUDY, SETTING, BUDGET, records)
    assert [(m.stage, m.candidate) for m in members] == [("explore", "gap")] * 5 + [
        ("confirm", "small")
    ] * 2
    assert [m.record.provenance["number"] for m in members[:5]] == [0, 1, 2, 3, 4]
    assert [m.hand_picked for m in members] == [True, *[False] * 4, None, None]


def test_arm_of_the_same_name_with_another_space_starts_afresh():
    other = dataclasses.replace(DROPOUT_SEARCH, fixed={"channels": 16})
    assert SETTING.explore_seed(other) != SETTING.explore_seed(DROPOUT_SEARCH)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_key_states_the_precision(family):
    setting = dataclasses.replace(SETTING, numerics=Numerics("cpu", "bfloat16"))
    assert setting.ingredients(family, {}, seed=0)["numerics"]["precision"] == "bfloat16"
