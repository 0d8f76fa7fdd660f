"""How the judge decides claims: each outcome, the correction over claims, and too few seeds."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from study.judge import Terms, judge
from study.spec.claim import Claim, Scale
from study.spec.errors import StudyError
from study.spec.times import SECONDS
from study.stats.looks import Looks, plan_looks
from study.stats.power import seeds_to_decide
from study.stats.region_test import region_p
from study.stats.replication import share_interval
from study.stats.rule import Rule
from study.stats.signflip import seed_interval
from study.store.records import Record
from study.table.members import Member
from study.table.rows import make_table

WIDE = (0.90, 0.98, 0.91, 0.99, 0.89, 0.97, 0.92, 1.0)  # eight accuracies, mean 0.945
TIGHT = (0.94, 0.95, 0.945, 0.95, 0.94, 0.95, 0.945, 0.95)


def trial(candidate, seed, *, status="complete", stage="confirm", epochs=({},), test=(), val=()):
    """A trial with a row for each of `epochs`, where they say more than the defaults."""
    default = {
        "learning_rate": 1e-3,
        "train_loss": 0.5,
        "train_accuracy": 0.8,
        "train_eval_loss": 0.4,
        "train_eval_accuracy": 0.85,
        "val_loss": 0.45,
        "val_accuracy": 0.75,
        "val_auroc": 0.9,
        "seconds": 2.0,
    }
    record = Record(
        ingredients={
            "family": "conv",
            "config": {},
            "made": candidate,  # so that candidates have keys of their own
            "seed": seed,
            "image_size": 16,
            "recipe": {"epochs": len(epochs)},
        },
        status=status,
        rows=[default | {"epoch": n} | row for n, row in enumerate(epochs, start=1)],
        test=list(test),
        val=list(val),
    )
    return Member(stage, candidate, candidate, record)


def trials(candidate, values, metric="val_accuracy", first_seed=1):
    """A confirmed trial for each value, on consecutive seeds."""
    return [
        trial(candidate, seed, epochs=({metric: value},))
        for seed, value in enumerate(values, start=first_seed)
    ]


def timed(candidate, seconds, hosts=None, epochs=1):
    """A confirmed trial of so many epochs and a round of the timing for each value.

    Args:
        seconds: of an epoch, measured alone.
        hosts: of each round.
    """
    members = []
    for number, (value, host) in enumerate(
        zip(seconds, hosts or ["laptop"] * len(seconds), strict=True)
    ):
        alone = trial(candidate, number, stage="timing", epochs=({}, {"seconds": value}))
        record = replace(alone.record, provenance={"host": host, "device": "CPU"})
        beside = trial(candidate, number, epochs=({"seconds": 99.0},) * epochs)
        members += [
            replace(beside, seed_number=number),
            replace(alone, record=record, seed_number=number),
        ]
    return members


def claim(name="claim", candidate="a", versus=None, metric="val_accuracy", **options):
    return Claim(name, candidate, metric, versus, **options)


def judge_one(members, terms=Terms(), **options):  # noqa: B008 - frozen
    """The verdict on a claim that stands alone."""
    return judge([claim(**options)], make_table(members), terms)[0]


def outcomes_of(claims, members, terms=Terms()):  # noqa: B008 - frozen
    return [verdict.outcome for verdict in judge(claims, make_table(members), terms)]


@pytest.mark.parametrize(
    "values, region, outcome",
    [
        (TIGHT, {"above": 0.93, "below": 0.96}, "supported"),
        (TIGHT, {"above": 0.96, "below": 0.98}, "refuted"),
        (TIGHT, {"above": 0.90, "below": 0.93}, "refuted"),
        (WIDE, {"above": 0.93, "below": 0.96}, "refuted"),  # the mean lies there, no training does
        (WIDE, {"above": 0.905, "below": 0.985}, "undecided"),
        (WIDE, {"above": 0.80, "below": 1.10}, "supported"),
        (TIGHT, {"above": 0.93}, "supported"),
        (TIGHT, {"above": 0.96}, "refuted"),
        (TIGHT, {"below": 0.96}, "supported"),
        (TIGHT, {"below": 0.93}, "refuted"),
        (WIDE, {"above": 0.93}, "undecided"),
    ],
)
def test_judge_of_a_level(values, region, outcome):
    verdict = judge_one(trials("a", values), **region)
    assert verdict.outcome == outcome
    held = [region.get("above", -1) < value < region.get("below", 2) for value in values]
    assert verdict.held == sum(held)
    assert verdict.share == share_interval(sum(held), 8)
    assert verdict.effect == pytest.approx(np.mean(values))
    assert verdict.interval == seed_interval(np.array(values))
    assert (verdict.n_seeds, verdict.unit) == (8, "share")


def test_judge_corrects_by_holm():
    members = [
        *trials("one", [1.0] * 8, "val_loss"),
        *trials("two", [1.0] * 7 + [-9.0], "val_loss"),
        *trials("three", [1.0] * 6 + [-20.0] * 2, "val_loss"),
    ]
    claims = [claim(name, name, metric="val_loss", above=0.0) for name in ("two", "three", "one")]
    verdicts = judge(claims, make_table(members))
    p = [verdict.p for verdict in verdicts]
    assert p[2] == 2 / 256 < p[0] == 18 / 256 < p[1]
    assert [v.p_holm for v in verdicts] == pytest.approx(multipletests(p, method="holm")[1])


def test_judge_counts_claims_that_cannot_be_computed():
    members = trials("a", TIGHT)
    alone = judge([claim(above=0.9)], make_table(members))[0]
    missing = [claim(f"missing {i}", "nobody", above=0.9) for i in range(3)]
    among = judge([claim(above=0.9), *missing], make_table(members))[0]
    assert among.p == alone.p
    assert among.p_holm == pytest.approx(4 * alone.p)


@pytest.mark.parametrize("region", [{"above": 0.93}, {"below": 0.96}])
def test_a_one_sided_claim_has_the_p_of_its_side_alone(region):
    members = trials("a", TIGHT)
    two, one = (judge_one(members, **region, one_sided=sided) for sided in (False, True))
    assert one.outcome == two.outcome == "supported"
    assert one.p == two.p / 2 == 1 / 256
    assert one.interval == two.interval


def test_a_one_sided_claim_is_never_refuted():
    verdict = judge_one(trials("a", TIGHT), above=0.96, one_sided=True)
    assert (verdict.outcome, verdict.p, verdict.seeds_to_decide) == ("undecided", 1.0, None)
    assert judge_one(trials("a", TIGHT), above=0.96).outcome == "refuted"


def test_judge_pairs_by_seed_not_by_order():
    level = np.linspace(0.5, 0.9, 8)  # seeds differ far more than candidates do
    first, second = trials("a", level + 0.01), trials("b", level)
    verdict = judge_one([*first, *second[::-1]], versus="b", above=0.0)
    assert verdict.outcome == "supported"
    assert verdict.effect == pytest.approx(0.01)
    assert verdict.interval == pytest.approx((0.01, 0.01))


def test_judge_of_a_ratio_reports_ratios():
    second = np.geomspace(1.0, 8.0, 8)
    first = second * np.array([2.0, 2.2, 1.9, 2.1, 2.0, 2.3, 1.8, 2.0])
    members = [*timed("a", first), *timed("b", second)]
    verdict = judge_one(members, versus="b", metric=SECONDS, ratio=True, above=1.5)
    assert verdict.outcome == "supported"
    assert verdict.effect == pytest.approx(np.exp(np.log(first / second).mean()))
    low, high = verdict.interval
    assert 1.8 < low < verdict.effect < high < 2.3
    assert verdict.unit == "ratio"

    inverse = claim(candidate="b", versus="a", metric=SECONDS, ratio=True, below=1 / 1.5)
    other = judge([inverse], make_table(members))[0]
    assert (other.outcome, other.p) == ("supported", verdict.p)
    assert other.interval == pytest.approx((1 / high, 1 / low))


def test_judge_of_a_ratio_needs_values_above_zero():
    members = [*trials("a", [0.1] * 7 + [-0.1], "val_loss"), *trials("b", [0.1] * 8, "val_loss")]
    verdict = judge_one(members, versus="b", metric="val_loss", ratio=True, above=0.5)
    assert verdict.outcome == "not judged"


def test_judge_needs_seeds_enough_for_its_claims():
    members = trials("a", TIGHT)
    one, two = [claim(above=0.9)], [claim("x", above=0.9), claim("y", below=0.9)]
    assert outcomes_of(one, members[:6]) == ["supported"]
    assert outcomes_of(one, members[:5]) == ["not judged"]
    assert outcomes_of(two, members[:6]) == ["not judged"] * 2
    assert outcomes_of(two, members[:7]) == ["supported", "refuted"]
    few = judge(two, make_table(members[:5]))[0]
    assert (few.outcome, few.n_seeds, few.rule) == ("not judged", 5, Rule(2))
    assert few.effect == pytest.approx(np.mean(TIGHT[:5]))
    assert np.isnan(few.interval).all()


def test_judge_lets_a_claim_with_a_lost_seed_pass_after_clearer_ones():
    members = [*trials("a", TIGHT), *trials("b", TIGHT[:6])]
    clear, short = claim("clear", above=0.9), claim("short", "b", above=0.9)  # 6 seeds: p 1/32
    assert outcomes_of([short, clear], members) == ["supported"] * 2
    unclear = replace(clear, above=0.944)
    assert outcomes_of([short, unclear], members) == ["undecided"] * 2  # held in 5 of 8


def test_judge_of_a_smoke_run_judges_nothing_and_gives_no_number():
    verdict = judge([claim(above=0.9)], make_table(trials("a", TIGHT)), Terms(judged=False))[0]
    assert (verdict.outcome, verdict.rule, verdict.n_seeds) == ("not judged", None, 0)
    numbers = (verdict.effect, *verdict.interval, *verdict.patients, verdict.p, verdict.p_holm)
    assert np.isnan(numbers).all()


def test_a_test_part_is_missed_only_where_trainings_finished():
    """Where all failed, nobody knows of it."""
    failed = make_table(trials("a", TIGHT)).assign(status="failed")
    assert judge([claim(metric="test_accuracy", above=0.9)], failed)[0].judged_on == "test"


def test_a_one_sided_claim_is_judged_with_a_seed_less():
    few = trials("a", TIGHT[:5])
    assert judge_one(few, above=0.9).outcome == "not judged"
    assert judge_one(few, above=0.9, one_sided=True).outcome == "supported"
    assert judge_one(few[:4], above=0.9, one_sided=True).outcome == "not judged"


@pytest.mark.parametrize("metric", ["host", "val_acuracy"])
def test_judge_refuses_a_metric_that_is_no_number(metric):
    with pytest.raises(StudyError, match=metric):
        judge_one(trials("a", TIGHT), metric=metric, above=0.0)


def test_judge_of_no_claims_is_empty():
    assert judge([], make_table([])) == []


def test_judge_says_how_many_seeds_would_decide():
    values = [0.95] * 7 + [0.9] * 2
    verdict = judge_one(trials("a", values), above=0.93)
    assert verdict.outcome == "undecided"
    assert verdict.seeds_to_decide == seeds_to_decide(7, 9, 1.0, Rule())
    assert judge_one(trials("a", TIGHT), above=0.93).seeds_to_decide is None


def test_a_claim_about_a_mean_is_tested_as_one():
    verdict = judge_one(trials("a", WIDE), about="mean", above=0.91, below=0.98)
    support, refute = region_p(np.array(WIDE), 0.91, 0.98)
    assert verdict.p == pytest.approx(2 * min(support, refute))
    assert verdict.outcome == "undecided"
    assert verdict.held == 2  # shown, and not what is tested
    assert judge_one(trials("a", TIGHT), about="mean", above=0.93).outcome == "supported"


LOSSES = {"metric": "val_loss", "versus": "b"}


def with_diverged(name, losses):
    """Trials of which those without a loss diverged."""
    return [
        trial(name, seed, epochs=({"val_loss": loss},))
        if loss is not None
        else trial(name, seed, status="diverged", epochs=({"val_loss": 0.1},))
        for seed, loss in enumerate(losses)
    ]


@pytest.mark.parametrize(
    ("first", "second", "region", "held"),
    [
        ([None, 0.1, 0.1], [0.5, 0.5, 0.5], {"below": 0.0}, 2),  # the side that was better
        ([0.1, 0.1, 0.1], [None, 0.5, 0.5], {"below": 0.0}, 3),
        ([None, 0.1, 0.1], [None, 0.5, 0.5], {"below": 0.0}, 2),
        ([None, 0.6, 0.6], [0.5, 0.5, 0.5], {"above": 0.0}, 3),  # that it is worse is true of it
        ([None, 0.5, 0.5], [0.5, 0.5, 0.5], {"above": -0.1, "below": 0.1}, 2),
    ],
)
def test_a_diverged_training_counts_against_its_own_side(first, second, region, held):
    members = [*with_diverged("a", first), *with_diverged("b", second)]
    verdict = judge_one(members, **LOSSES, **region)
    assert (verdict.held, verdict.n_seeds) == (held, 3)
    assert "1 training diverged" in verdict.note


@pytest.mark.parametrize(
    ("better", "worse", "outcome", "held"),
    [(0, 0, "undecided", 0), (5, 0, "undecided", 5), (1, 9, "refuted", 1), (9, 1, "supported", 9)],
)
def test_a_tie_speaks_neither_for_a_claim_nor_against(better, worse, outcome, held):
    """Nor for the opposite claim: accuracies on few images are often equal."""
    scores = [0.8] * better + [0.6] * worse + [0.7] * (10 - better - worse)
    members = [*trials("a", scores), *trials("b", [0.7] * 10)]
    verdict = judge_one(members, versus="b", above=0.0)
    assert (verdict.outcome, verdict.held, verdict.n_seeds) == (outcome, held, 10)
    opposite = judge_one(members, versus="b", below=0.0)
    assert opposite.held == worse
    assert {outcome, opposite.outcome} in ({"undecided"}, {"supported", "refuted"})
    ties = 10 - better - worse
    assert (f"{ties} seeds tied" in verdict.note) == (ties > 0)


def test_a_tie_is_within_a_margin():
    members = [*trials("a", [0.7] * 10), *trials("b", [0.7] * 10)]
    assert judge_one(members, versus="b", above=-0.01, below=0.01).outcome == "supported"
    assert judge_one(members, versus="b", above=0.01).outcome == "refuted"


def test_a_level_that_is_just_reached_is_not_exceeded():
    assert judge_one(trials("a", [0.7] * 10), above=0.7).outcome == "refuted"


@pytest.mark.parametrize("region", [{"below": 0.9}, {"above": 0.05}])
def test_no_level_is_reached_by_a_training_that_diverged(region):
    verdict = judge_one(with_diverged("a", [0.1, None, None]), metric="val_loss", **region)
    assert (verdict.held, verdict.n_seeds) == (1, 3)
    assert verdict.effect == pytest.approx(0.1)


def test_trainings_that_diverged_have_no_mean():
    members = with_diverged("a", [0.1] * 9 + [None])
    verdict = judge_one(members, metric="val_loss", below=0.9, about="mean")
    assert verdict.outcome == "not judged"
    assert "1 training diverged" in verdict.note
    assert judge_one(members, metric="val_loss", below=0.9).outcome == "supported"


TEN_TO_THIRTY = Terms(plan_looks(10, 30, 1))


def judged_after(values, terms=TEN_TO_THIRTY, **options):
    return judge_one(trials("a", values), terms, **{"above": 0.5} | options)


def test_nothing_is_shown_before_the_first_look():
    verdict = judged_after([0.9] * 9)
    assert (verdict.outcome, verdict.n_seeds, verdict.next_look) == ("not judged", 0, 10)
    assert np.isnan([verdict.effect, verdict.p, *verdict.share]).all()
    assert "10 seeds; 9 have been trained" in verdict.note


def test_an_open_claim_is_judged_again_at_the_next_look():
    assert judged_after([0.9] * 10).next_look is None  # decided
    open_claim = judged_after([0.9] * 8 + [0.1] * 2)
    assert (open_claim.outcome, open_claim.next_look) == ("undecided", 13)
    between = judged_after([0.9] * 8 + [0.1] * 2 + [0.9] * 2)
    assert (between.held, between.n_seeds, between.next_look) == (8, 10, 13)


def test_a_claim_that_holds_in_half_is_given_up():
    verdict = judged_after([0.9, 0.1] * 5)
    assert (verdict.outcome, verdict.next_look) == ("undecided", None)
    assert "given up" in verdict.note


def test_what_was_decided_at_a_look_stays_decided():
    verdict = judged_after([0.9] * 10 + [0.1] * 20)
    assert (verdict.outcome, verdict.held, verdict.n_seeds) == ("supported", 10, 30)


def test_p_is_divided_by_the_share_of_the_look():
    looks = Looks((8, 12), (0.15, 0.75))
    first = judged_after([0.9] * 8, Terms(looks))
    assert first.p == pytest.approx(2 / 2**8 / 0.15)
    assert first.outcome == "not judged"  # no p after 8 seeds is small enough
    assert first.next_look == 12
    second = judged_after([0.9] * 12, Terms(looks))
    assert second.p == pytest.approx(2 / 2**12 / 0.75)


def test_after_the_last_look_the_alpha_that_is_left_says_what_would_decide():
    some_left = judged_after([0.9] * 8 + [0.1] * 2, Terms(plan_looks(10, 10, 1)))
    assert some_left.seeds_to_decide is not None
    spent = judged_after([0.9] * 8 + [0.1] * 2, Terms(Looks((10,), (1.0,))))
    assert (spent.seeds_to_decide, spent.alpha_left) == (None, 0.0)


SCALE = Scale(30, 256, ("course",), "chest X-rays")


@pytest.mark.parametrize(
    ("epochs", "size", "source", "covered"),
    [
        (30, 256, "course", True),
        (12, 256, "course", False),
        (30, 32, "course", False),
        (30, 256, "phantom", False),
    ],
)
def test_a_claim_is_judged_at_its_scale_alone(epochs, size, source, covered):
    members, terms = trials("a", TIGHT), Terms(None, epochs, size, source)
    verdict = judge_one(members, terms, above=0.9, scale=SCALE)
    assert verdict.outcome == ("supported" if covered else "not judged")
    assert verdict.effect == pytest.approx(np.mean(TIGHT))  # shown all the same
    assert ("30 epochs at 256×256 pixels on chest X-rays" in verdict.note) != covered


@pytest.mark.parametrize(
    ("epochs", "size", "covered"), [(30, 32, True), (30, 0, True), (9, 0, False)]
)
def test_a_scale_may_leave_the_image_size_open(epochs, size, covered):
    terms = Terms(None, epochs, size, "course")
    verdict = judge_one(trials("a", TIGHT), terms, above=0.9, scale=Scale(30, images="cells"))
    assert verdict.outcome == ("supported" if covered else "not judged")
    assert ("said of 30 epochs on cells" in verdict.note) != covered


def test_claims_of_another_scale_cost_the_others_nothing():
    members, terms = trials("a", TIGHT[:6]), Terms(None, 12, 32, "course")
    scaled = [claim(f"{n}", above=n / 10, scale=SCALE) for n in range(5)]
    assert outcomes_of([claim(above=0.9), *scaled], members, terms)[0] == "supported"
    assert outcomes_of([claim(above=0.9), *scaled], members)[0] == "not judged"


def test_a_search_that_chose_its_rival_is_not_compared_with_itself():
    chosen = [replace(member, candidate="b") for member in trials("a", TIGHT)]
    verdict = judge_one([*trials("a", TIGHT), *chosen], versus="b", above=-0.01)
    assert verdict.outcome == "not judged"
    assert "nothing to compare" in verdict.note
