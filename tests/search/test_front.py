"""Searches for the best score at each cost: what is proposed, stopped, chosen, and refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
from optuna.samplers import RandomSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from study.cli.check import check_study
from study.search.choose import FinishedTrials
from study.search.costs import cost_of_trials, recorded_cost
from study.search.explore import Explorer
from study.search.history import History
from study.search.proposals import propose_point
from study.search.pruning import Pruner
from study.search.registration import claim_digests
from study.search.samplers import SAMPLERS
from study.search.trial import Job
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.front import Front
from tests.made import BUDGET, SETTING, STUDY, WIDTH_SEARCH, explored, plan_of

COMPLETE, COST = TrialState.COMPLETE, "multiply_adds"
SEARCH = replace(WIDTH_SEARCH, front=Front(COST, within=0.02))
FRONT_STUDY = replace(STUDY, searches=(SEARCH,))
SHAPE = plan_of(FRONT_STUDY).shape


def trained(number, channels, losses, status="complete", search=SEARCH):
    return explored(search, number, {"channels": channels}, losses, status)


def finished(*records):
    return FinishedTrials(plan_of(FRONT_STUDY), {record.key: record for record in records})


def test_the_cost_is_what_was_recorded_or_else_what_the_model_would_cost():
    cost_of = cost_of_trials(SEARCH, SHAPE)
    record = trained(0, 8, [0.5] * 8)
    known = replace(trained(1, 16, [0.5] * 8), cost={COST: 77})
    job = Job("explore", "gap", record.ingredients, record.params, 0)
    assert recorded_cost(record, COST) is None
    assert cost_of(record) == cost_of(job) > 77
    assert cost_of(known) == 77
    assert cost_of_trials(WIDTH_SEARCH, SHAPE)(record) == 0


def test_a_trial_is_stopped_only_by_better_ones_that_cost_no_more():
    """Four agreeing trials of 16 channels; then one of 4 and one of 64, both worse than all."""

    def stops(channels, search):
        pruner = Pruner(8, cost_of=cost_of_trials(search, SHAPE))
        for number, loss in enumerate((0.5, 0.6, 0.7, 0.8)):
            record = explored(search, number, {"channels": 16 + number}, [loss] * 8)
            pruner.finish(replace(record, pruned_by="none"))
        next_one = trained(5, channels, [0.9] * 3, search=search)  # as far as a rung
        job = Job("explore", "gap", next_one.ingredients, next_one.params, 5, prunable=True)
        return pruner.stops(job, next_one.rows)

    assert stops(64, SEARCH) and not stops(4, SEARCH)
    assert stops(64, WIDTH_SEARCH) and stops(4, WIDTH_SEARCH)


def test_the_sampler_is_told_of_scores_and_costs():
    told = {}

    class Watching(RandomSampler):
        def infer_relative_search_space(self, study, trial):
            told["directions"] = study.directions
            told["values"] = [one.values for one in study.get_trials(states=[COMPLETE])]
            return super().infer_relative_search_space(study, trial)

    points = [{"channels": channels} for channels in (4, 64, 16)]
    losses, costs = np.array([0.9, 0.5, np.inf]), np.array([100.0, 300.0, 200.0])
    propose_point(SEARCH, Watching(0), points, losses, [], costs)
    assert told["directions"] == [StudyDirection.MINIMIZE] * 2
    scores = np.array(told["values"])
    assert scores.argsort(axis=0).T.tolist() == [[1, 0, 2], [0, 2, 1]] and np.isfinite(scores).all()
    propose_point(SEARCH, Watching(0), points, losses, [])
    assert told["directions"] == [StudyDirection.MINIMIZE] and len(told["values"][0]) == 1


def test_of_many_trials_a_sampler_is_told_of_those_on_the_front():
    """The cheap ones are the worst, and the latest ones are neither good nor cheap."""
    history = History(8, cost_of=lambda record: float(record.params["channels"]))
    channels = [4, 8, 16, 32] + [64] * 8
    for number, one in enumerate(channels):
        history.add(trained(number, one, [1 / one + (number > 3)] * 8))
    points, _ranks, costs = history.told(len(channels), 8, is_open=lambda _epoch: False)
    assert [point["channels"] for point in points] == [4, 8, 16, 32, 64, 64, 64, 64]
    assert costs.tolist() == [point["channels"] for point in points]


@pytest.mark.parametrize("sampler", [name for name, kind in SAMPLERS.items() if kind.fronts])
def test_every_sampler_that_takes_a_front_proposes_for_one(sampler):
    setting = replace(SETTING, sampler=sampler, trials=6 * SAMPLERS[sampler].budgeted)
    explorer = Explorer(SEARCH, setting, 6, cost_of=cost_of_trials(SEARCH, SHAPE))
    for number in range(6):
        job = explorer.propose()
        losses = [1 / job.params["channels"] + number / 100] * 8
        explorer.finish(explored(SEARCH, job.number, job.params, losses, setting=setting))
    assert explorer.is_over


def test_the_cheapest_that_is_nearly_as_good_is_chosen_beside_the_best():
    trials = finished(
        trained(0, 64, [0.50] * 8),
        trained(1, 16, [0.515] * 8),
        trained(2, 4, [0.53] * 8),
        trained(3, 8, [0.51] * 4, status="stopped"),
    )
    best, cheapest = trials.choices(SEARCH)
    assert (best.name, best.config["channels"]) == ("gap", 64)
    assert (cheapest.name, cheapest.config["channels"]) == ("gap_cheapest", 16)
    assert cheapest.label == "GAP, cheapest"
    assert [one.name for one in trials.candidates()] == ["small", "gap", "gap_cheapest"]


def test_the_best_may_be_the_cheapest_and_without_trials_there_is_neither():
    best, cheapest = finished(trained(0, 4, [0.5] * 8), trained(1, 16, [0.6] * 8)).choices(SEARCH)
    assert best.config == cheapest.config
    assert [one.key for one in best.jobs(SETTING, 2)] == [
        one.key for one in cheapest.jobs(SETTING, 2)
    ]
    assert finished().choices(SEARCH) == []
    assert finished(trained(0, 4, [0.5] * 8)).cheapest(WIDTH_SEARCH) is None


def test_a_search_with_a_front_is_another_search_however_near_the_cheapest_must_be():
    seeds = {
        SETTING.explore_seed(search)
        for search in (WIDTH_SEARCH, SEARCH, replace(SEARCH, front=Front(COST, within=0.1)))
    }
    assert len(seeds) == 2


def test_the_front_is_part_of_what_a_claim_says():
    def digests(search):
        claims = (
            Claim("smaller", "gap_cheapest", "val_accuracy", "small", above=0.0),
            Claim("best", "gap", "val_accuracy", "small", above=0.0),
        )
        study = replace(STUDY, searches=(search,), claims=claims)
        return claim_digests(study).values()

    narrow, wide = digests(SEARCH), digests(replace(SEARCH, front=Front(COST, within=0.1)))
    assert len({*narrow, *wide}) == 4


@pytest.mark.parametrize(
    ("front", "said"),
    [
        (Front("seconds", 0.02), "front: cost must be one of parameters, multiply_adds"),
        (Front(COST, 0.0), "front: within must be greater than 0 and finite; got 0.0"),
        (Front(COST, math.inf), "front: within must be greater than 0 and finite; got inf"),
        (COST, "front must be Front or None; got 'multiply_adds'"),
    ],
)
def test_a_wrong_front_is_refused(front, said):
    study = replace(FRONT_STUDY, searches=(replace(SEARCH, front=front),))
    with pytest.raises(StudyError, match=said):
        check_study(study, BUDGET)


def test_a_sampler_of_one_score_is_refused_for_a_front():
    with pytest.raises(StudyError, match="the sampler cmaes optimises one score"):
        check_study(FRONT_STUDY, BUDGET, sampler="cmaes")
    check_study(FRONT_STUDY, BUDGET, sampler="auto")


def test_names_of_cheapest_candidates_must_be_free():
    baseline = replace(STUDY.baselines[0], name="gap_cheapest")
    study = replace(FRONT_STUDY, baselines=(baseline,))
    with pytest.raises(StudyError, match="'gap_cheapest' is there twice"):
        check_study(study, BUDGET)
