"""Which job comes next."""

from dataclasses import replace

import pytest

from study.pool.dispatch import Dispatcher
from study.search.choose import FinishedTrials
from tests.made import STUDY, WIDTH_SEARCH, plan_of


def dispatcher_of(search, unfinished=()):
    plan = plan_of(replace(STUDY, searches=(search,)))
    return Dispatcher(FinishedTrials(plan, {}), unfinished)


def test_a_trial_under_way_is_resumed_though_its_search_was_renamed():
    job = dispatcher_of(WIDTH_SEARCH).next_job()
    renamed = replace(WIDTH_SEARCH, name="renamed")
    dispatcher = dispatcher_of(renamed, [job])
    again = dispatcher.next_job()
    assert (again.key, again.number, again.candidate) == (job.key, job.number, "renamed")
    dispatcher.requeue(again)
    assert dispatcher.next_job() == again


@pytest.mark.parametrize("params", [{}, {"channels": "x"}, {"channels": 2**62}, {"width": 1}])
def test_a_trial_under_way_whose_params_are_not_its_own_begins_anew(params):
    job = dispatcher_of(WIDTH_SEARCH).next_job()
    assert dispatcher_of(WIDTH_SEARCH, [replace(job, params=params)]).next_job() == job


def test_what_was_given_up_is_not_handed_out_again():
    """Its last trial may have been under way on a host that died."""
    plan = plan_of(replace(STUDY, searches=()))
    dispatcher = Dispatcher(FinishedTrials(plan, {}))
    job = dispatcher.next_job()
    dispatcher.give_up(job.candidate)
    dispatcher.requeue(job)
    rest = []
    while (following := dispatcher.next_job()) is not None:
        rest.append(following.candidate)
    assert job.candidate not in rest
