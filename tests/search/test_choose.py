import dataclasses

import pytest

from hw3.cost import model_cost
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics
from study.search.choose import FinishedTrials, baseline_candidates
from study.spec.baseline import Baseline, Match
from tests.made import (
    BUDGET,
    DROPOUT_SEARCH,
    SETTING,
    STUDY,
    WIDTH_SEARCH,
    explored,
    plan_of,
)

WIDTHS = [  # a short trial of tiny loss, a diverged one, a failed one and two whole ones
    explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.6] * 7 + [0.50]),
    explored(WIDTH_SEARCH, 1, {"channels": 8}, [0.01], "stopped"),
    explored(WIDTH_SEARCH, 2, {"channels": 9}, [0.01, None], "diverged"),
    explored(WIDTH_SEARCH, 3, {"channels": 10}, [], "failed"),
    explored(WIDTH_SEARCH, 4, {"channels": 16}, [0.1] * 7 + [0.45]),
]


def trials_of(setting=SETTING, budget=BUDGET, records=WIDTHS):
    plan = plan_of(setting=setting, budget=budget)
    return FinishedTrials(plan, {record.key: record for record in records})


def test_only_a_full_length_trial_of_least_final_loss_is_chosen():
    trials = trials_of()
    assert trials.chosen(WIDTH_SEARCH).config == {"channels": 16, "hidden": 0}
    assert trials.chosen(DROPOUT_SEARCH) is None
    assert [candidate.name for candidate in trials.candidates()] == ["small", "gap"]


def test_trials_beyond_the_budget_do_not_count():
    chosen = trials_of(budget=dataclasses.replace(BUDGET, trials=4)).chosen(WIDTH_SEARCH)
    assert chosen.config == {"channels": 32, "hidden": 0}


@pytest.mark.parametrize(
    "change", [{"data": "other"}, {"image_size": 24}, {"seed": 5}, {"sampler": "random"}]
)
def test_trials_of_another_setting_are_not_chosen(change):
    assert trials_of(dataclasses.replace(SETTING, **change)).chosen(WIDTH_SEARCH) is None


def test_confirmation_pairs_all_candidates_on_seeds_that_no_search_used():
    first, *others = [
        [job.ingredients["seed"] for job in candidate.jobs(SETTING, 5)]
        for candidate in trials_of().candidates()
    ]
    assert len(set(first)) == 5
    assert others and all(seeds == first for seeds in others)
    assert not set(first) & {SETTING.explore_seed(search) for search in STUDY.searches}


def test_resampled_splits_are_of_the_keys_of_confirmed_trials_alone():
    """Explored trials, and all trials on fixed splits, keep theirs."""
    resampled = dataclasses.replace(SETTING, resampling="code")
    small = baseline_candidates(STUDY, 16)[0]
    keys = [[job.key for job in small.jobs(setting, 3)] for setting in (SETTING, resampled)]
    assert len({*keys[0], *keys[1]}) == 6
    assert all("resampling" not in job.ingredients for job in small.jobs(SETTING, 3))
    (record,) = trials_of(resampled).explored(WIDTH_SEARCH)[:1]
    assert resampled.belongs_to(WIDTH_SEARCH, record) and SETTING.belongs_to(WIDTH_SEARCH, record)


def test_more_seeds_keep_the_first_ones():
    assert SETTING.confirm_seeds(8)[:5] == SETTING.confirm_seeds(5)


def test_a_baseline_has_one_key_whatever_task_asks_for_it():
    from study import task_a, task_b, task_c

    keys = [
        {
            job.key
            for candidate in baseline_candidates(task.STUDY, 16)
            for job in candidate.jobs(SETTING, 3)
        }
        for task in (task_a, task_b, task_c)
    ]
    assert len(keys[0] & keys[1] & keys[2]) == 3


def test_a_matched_baseline_has_the_cost_of_the_other():
    sizes = ("width_1", "width_2", "width_3")
    matched = Baseline("ann", "ANN", "ann", match=Match("small", "parameters", sizes))
    study = dataclasses.replace(STUDY, baselines=(*STUDY.baselines, matched))
    small, ann = (
        model_cost(make_architecture(candidate.family, candidate.config, 16)).parameters
        for candidate in baseline_candidates(study, 16)
    )
    assert ann == pytest.approx(small, rel=0.1)


def test_a_search_of_the_same_name_with_another_space_starts_afresh():
    other = dataclasses.replace(DROPOUT_SEARCH, fixed={"channels": 16})
    assert SETTING.explore_seed(other) != SETTING.explore_seed(DROPOUT_SEARCH)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_key_states_the_precision(family):
    setting = dataclasses.replace(SETTING, numerics=Numerics("cpu", "bfloat16"))
    assert setting.ingredients(family, {}, seed=0)["numerics"]["precision"] == "bfloat16"
