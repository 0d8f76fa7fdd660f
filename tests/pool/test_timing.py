"""The timing: which candidates it trains, in which order, and that nothing runs beside it."""

from dataclasses import replace

import pytest

from study.search.timing import rounds_of
from study.search.trial import TIMED, TIMED_EPOCHS
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.claim import Claim
from study.spec.figures import Figure
from study.spec.times import ELAPSED, SECONDS
from study.table.members import study_members
from study.table.rows import make_table
from tests.made import STUDY, plan_of, square_splits
from tests.sessions import plan_on, run_session

BUDGET = Budget(trials=2, epochs=3, seeds=4, image_size=16)
NAMES = ("small", "wide", "idle")
TIMED_STUDY = replace(
    STUDY,
    baselines=tuple(
        Baseline(name, name, "conv", {"channels": 2 + place}) for place, name in enumerate(NAMES)
    ),
    searches=STUDY.searches[:1],
    claims=(Claim("slower", "wide", ELAPSED, "small", above=1.0, ratio=True),),
    figures=(),
)


class Witness:
    """Notes which trials are under way when a trial starts."""

    def __init__(self):
        self.order, self._under_way, self.together = [], [], set()

    def on_start(self, job):
        if job.stage == "timing":
            self.order.append((job.candidate, job.ingredients["seed"]))
        self._under_way.append(job)
        if len(self._under_way) > 1:
            self.together |= {job.stage for job in self._under_way}

    def on_epoch(self, job, report):
        pass

    def on_end(self, job, report, status):
        self._under_way.remove(job)


def test_compared_candidates_are_trained_in_turn_after_the_confirmation(tmp_path):
    plan, witness = plan_on(TIMED_STUDY, square_splits(), BUDGET), Witness()
    trials, dispatcher = run_session(plan, square_splits(), tmp_path, observers=[witness])
    seeds = plan.setting.confirm_seeds(4)
    few, more = ["small", "wide", "idle", "gap"], ["small", "wide"]
    rounds = [few, few[::-1], few, more[::-1]]
    expected = [(name, seed) for names, seed in zip(rounds, seeds, strict=True) for name in names]
    assert witness.order == expected
    assert dispatcher.remaining() == {"explore": 0, "confirm": 0, "timing": 0}
    timed = trials.timed(trials.candidates()[1])
    assert [len(one.rows) for one in timed.values()] == [TIMED_EPOCHS] * 4
    assert all(one.ingredients["recipe"]["epochs"] == 3 for one in timed.values())
    assert not any(one.val or one.test for one in timed.values())  # no answers: nothing to judge
    table = make_table(study_members(trials))
    assert table.loc[table["candidate"] == "wide"].groupby("stage")["key"].nunique().to_dict() == {
        "confirm": 4,
        "timing": 4,
    }
    wide = table.loc[(table["candidate"] == "wide") & (table["stage"] == "confirm")]
    assert wide[ELAPSED].notna().all()


def test_a_timing_is_not_done_again(tmp_path):
    plan = plan_on(TIMED_STUDY, square_splits(), BUDGET)
    run_session(plan, square_splits(), tmp_path)
    trials, _ = run_session(plan, square_splits(), tmp_path, observers=[witness := Witness()])
    assert witness.order == []
    lost = trials.timed(trials.candidates()[0])[2]
    (tmp_path / "trials" / f"{lost.key}.json").unlink()
    run_session(plan, square_splits(), tmp_path, observers=[witness])
    assert witness.order == [("small", plan.setting.confirm_seeds(3)[2])]


def test_a_timing_is_another_trial_than_the_training_that_it_begins():
    plan = plan_of(TIMED_STUDY, budget=BUDGET)
    one = plan.setting.confirm_ingredients("conv", {}, 1)
    timing = plan.setting.timing_ingredients("conv", {}, 1)
    assert timing == one | {TIMED: TIMED_EPOCHS}


@pytest.mark.parametrize(
    ("changes", "rounds"),
    [
        ({}, [7, 7, 3]),
        ({"claims": ()}, [0, 0, 0]),
        ({"claims": (), "figures": (Figure("t", "time_to_accuracy", "T"),)}, [3, 3, 3]),
        ({"claims": (), "figures": (Figure("t", "pareto", "T", {"xs": ("a", SECONDS)}),)}, [3] * 3),
        (
            {"claims": (), "figures": (Figure("t", "pareto", "T", {"xs": ("parameters",)}),)},
            [0] * 3,
        ),
    ],
)
def test_what_a_claim_is_judged_on_has_as_many_rounds_as_seeds(changes, rounds):
    plan = plan_of(replace(TIMED_STUDY, **changes), budget=replace(BUDGET, judged=True))
    assert list(rounds_of(plan, dict.fromkeys(NAMES, 7)).values()) == rounds
    assert list(rounds_of(plan, dict.fromkeys(NAMES, 2)).values()) == [min(n, 2) for n in rounds]


def test_a_smoke_run_has_as_many_rounds_as_a_figure_needs():
    plan = plan_of(TIMED_STUDY, budget=replace(BUDGET, judged=False))
    assert rounds_of(plan, dict.fromkeys(NAMES, 7)) == dict.fromkeys(NAMES, 3)
