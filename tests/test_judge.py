"""How the judge decides claims: each outcome, the correction over claims, and too few seeds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from study.judge import judge
from study.spec.errors import StudyError
from study.spec.study import Claim
from study.stats.power import seeds_to_decide
from study.stats.rule import Rule
from study.stats.signflip import seed_interval
from study.store.records import Record
from study.table.members import Member
from study.table.rows import make_table

WIDE = (0.90, 0.98, 0.91, 0.99, 0.89, 0.97, 0.92, 1.0)  # eight accuracies, mean 0.945
TIGHT = (0.94, 0.95, 0.945, 0.95, 0.94, 0.95, 0.945, 0.95)


def trial(candidate, seed, *, status="complete", stage="confirm", epochs=({},), test=()):
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
            "seed": seed,
            "image_size": 16,
            "recipe": {"epochs": len(epochs)},
        },
        status=status,
        rows=[default | {"epoch": n} | row for n, row in enumerate(epochs, start=1)],
        test=list(test),
    )
    return Member(stage, candidate, candidate, record)


def trials(candidate, values, metric="val_accuracy", first_seed=1):
    """A confirmed trial for each value, on consecutive seeds."""
    return [
        trial(candidate, seed, epochs=({metric: value},))
        for seed, value in enumerate(values, start=first_seed)
    ]


def claim(name="claim", candidate="a", versus=None, metric="val_accuracy", **options):
    return Claim(name, candidate, metric, versus, **options)


def judge_one(members, **options):
    """The verdict on a claim that stands alone."""
    return judge([claim(**options)], make_table(members))[0]


def outcomes_of(claims, members):
    return [verdict.outcome for verdict in judge(claims, make_table(members))]


@pytest.mark.parametrize(
    "values, region, outcome",
    [
        (TIGHT, {"above": 0.93, "below": 0.96}, "supported"),
        (TIGHT, {"above": 0.96, "below": 0.98}, "refuted"),
        (TIGHT, {"above": 0.90, "below": 0.93}, "refuted"),
        (WIDE, {"above": 0.93, "below": 0.96}, "undecided"),
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
    assert verdict.effect == pytest.approx(np.mean(values))
    assert verdict.interval == seed_interval(np.array(values))
    assert (verdict.n_seeds, verdict.unit) == (8, "share")


def test_judge_corrects_by_holm():
    doubling = 50 + np.arange(7.0)
    members = [
        *trials("one", [*doubling, 40], "val_loss"),
        *trials("two", [*doubling, -9], "val_loss"),
        *trials("three", [*doubling, -20], "val_loss"),
    ]
    claims = [claim(name, name, metric="val_loss", above=0.0) for name in ("two", "three", "one")]
    verdicts = judge(claims, make_table(members))
    p = [verdict.p for verdict in verdicts]
    assert p[2] == 2 / 256 < p[0] < p[1]  # all of one sign; eight seeds can say no more
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
    members = [*trials("a", first, "seconds"), *trials("b", second, "seconds")]
    verdict = judge_one(members, versus="b", metric="seconds", ratio=True, above=1.5)
    assert verdict.outcome == "supported"
    assert verdict.effect == pytest.approx(np.exp(np.log(first / second).mean()))
    low, high = verdict.interval
    assert 1.8 < low < verdict.effect < high < 2.3
    assert verdict.unit == "ratio"

    inverse = claim(candidate="b", versus="a", metric="seconds", ratio=True, below=1 / 1.5)
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
    clear, short = claim("clear", above=0.9), claim("short", "b", above=0.9)
    assert outcomes_of([short, clear], members) == ["supported"] * 2
    unclear = replace(clear, above=0.944)
    assert outcomes_of([short, unclear], members) == ["undecided"] * 2


def test_judge_of_a_smoke_run_judges_nothing_and_gives_no_number():
    verdict = judge([claim(above=0.9)], make_table(trials("a", TIGHT)), judged=False)[0]
    assert (verdict.outcome, verdict.rule, verdict.n_seeds) == ("not judged", None, 0)
    numbers = (verdict.effect, *verdict.interval, *verdict.images, verdict.p, verdict.p_holm)
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
    verdict = judge_one(trials("a", WIDE), above=0.93)
    assert verdict.outcome == "undecided"
    assert verdict.seeds_to_decide == seeds_to_decide(np.array(WIDE), (0.93, math.inf), Rule())
    assert judge_one(trials("a", TIGHT), above=0.93).seeds_to_decide is None
