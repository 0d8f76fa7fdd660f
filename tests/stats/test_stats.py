"""Verdicts: the test against scipy's, its error rates by simulation, and each way a claim ends."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap, permutation_test, ttest_1samp
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from benchmarks.statistics import SHAPES, power, wrong_verdicts
from study.judge import judge, outcomes, verdict_values
from study.spec.errors import StudyError
from study.spec.study import Claim, Measure
from study.stats.bootstrap import image_interval
from study.stats.power import detectable_difference, seeds_needed, seeds_to_decide
from study.stats.region import holm, mean_p, region_p
from study.stats.signflip import seed_interval, sign_flip_p
from study.stats.skew import skew_critical, skew_p
from study.store.records import Record
from study.table.columns import Member, make_table

WIDE = (0.90, 0.98, 0.91, 0.99, 0.89, 0.97, 0.92, 1.0)  # eight accuracies, mean 0.945
RATIO = {"ratio": True}
TIGHT = (0.94, 0.95, 0.945, 0.95, 0.94, 0.95, 0.945, 0.95)


def trial(point, seed, *, status="complete", stage="confirm", epochs=({},), test=()):
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
    return Member(stage, point, point, record)


def trials(point, values, metric="val_accuracy", first_seed=1):
    """A confirmed trial for each value, on consecutive seeds."""
    return [
        trial(point, seed, epochs=({metric: value},))
        for seed, value in enumerate(values, start=first_seed)
    ]


def claim(name="claim", left="a", right=None, metric="val_accuracy", epoch="final", **region):
    return Claim(
        name,
        "It is so.",
        "said so",
        "figure 1",
        left=Measure(left, metric, epoch),
        right=right and Measure(right, metric, epoch),
        **region,
    )


def judge_one(members, **region):
    return judge([claim(**region)], make_table(members))[0]


def scipy_p(values, alternative):
    return permutation_test(
        (values,),
        lambda x, axis: np.sum(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        alternative=alternative,
    ).pvalue


# The test


@pytest.mark.parametrize("n", [2, 5, 8, 11])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("bound", [0.0, 1.0, -0.75])
def test_sign_flip_p_is_the_paired_permutation_test(n, tied, bound):
    rng = np.random.default_rng([n, tied])
    values = rng.integers(-2, 4, n).astype(float) if tied else rng.standard_normal(n) + 0.5
    greater = scipy_p(values - bound, "greater")
    less = scipy_p(values - bound, "less")
    assert sign_flip_p(values, bound) == pytest.approx(greater, abs=1e-12)
    assert sign_flip_p(-values, -bound) == pytest.approx(less, abs=1e-12)


def test_sign_flip_p_counts_ties_of_accuracies_as_equal():
    """Shares of 400 images have no exact floating-point sums; images counted whole do."""
    rng = np.random.default_rng(0)
    images = rng.integers(-8, 10, (300, 8))
    bounds = rng.integers(-4, 4, 300)
    for row, bound in zip(images, bounds, strict=True):
        exact = sign_flip_p(row.astype(float), float(bound))
        left = (row + 380) / 400
        assert sign_flip_p(left - 380 / 400, bound / 400) == exact


def test_mean_p_is_the_greater_of_both_tests():
    clear, skewed = np.array([1.0, 2.0, 4.0, 3.0, 2.5, 1.5]), np.array(TIGHT)
    for values, bound in ((clear, 0.0), (clear, 9.0), (skewed, 0.95)):
        for sides in (1, 2):
            both = sign_flip_p(values, bound), skew_p(values, bound, sides)
            assert mean_p(values, bound, sides) == max(both)
    assert mean_p(np.array(TIGHT), 0.5) == 1 / 256  # all on one side: no more can eight seeds say
    assert mean_p(np.empty(0), 0.0) == mean_p(np.array([1.0]), 0.0) == 1


def test_region_p_of_one_bound_gives_both_sides():
    values = np.array([1.0, 2.0, 4.0, -0.5])
    inside, outside = mean_p(values, 0.0), mean_p(-values, 0.0)
    assert inside < outside
    assert region_p(values, 0.0, math.inf) == (inside, outside)
    assert region_p(values, -math.inf, 0.0) == (outside, inside)


def test_region_p_of_two_bounds_needs_both_inside_or_one_outside():
    values = np.array([1.0, 2.0, 4.0, -0.5])
    above, below = mean_p(values, -9.0), mean_p(-values, -1.5)
    outside = mean_p(values, 1.5)
    assert region_p(values, -9.0, 1.5) == (max(above, below), outside)


def test_region_p_of_support_never_rises_when_values_do():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.standard_normal(7)
        p = [region_p(values + shift, 0.0, math.inf) for shift in np.linspace(-3, 3, 61)]
        support, refute = np.array(p).T
        assert (np.diff(support) <= 0).all()
        assert (np.diff(refute) >= 0).all()
        assert support[0] > support[-1]


def test_sign_flip_p_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="finite"):
        sign_flip_p(np.array([1.0, math.nan, 2.0]), 0.0)


def test_sign_flip_p_of_many_seeds_is_sampled_and_repeatable():
    values = np.random.default_rng(0).standard_normal(24) + 0.5
    p = sign_flip_p(values, 0.0)
    assert p == sign_flip_p(values, 0.0)
    assert p == pytest.approx(ttest_1samp(values, 0.0, alternative="greater").pvalue, rel=0.2)
    low, high = seed_interval(values)
    assert 2 * sign_flip_p(values, low - 1e-6) <= 0.05 < 2 * sign_flip_p(values, low + 1e-6)
    assert 2 * sign_flip_p(-values, -high - 1e-6) <= 0.05 < 2 * sign_flip_p(-values, -high + 1e-6)


# What a skew alone makes


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("n", [6, 10, 30])
def test_skew_p_is_small_as_often_as_it_says_where_values_are_exponential(n, sides):
    samples = 1 - np.random.default_rng(5).standard_exponential((4000, n))
    p = np.array([skew_p(values, 0.0, sides) for values in samples])
    if sides == 2:
        p = 2 * np.minimum(p, [skew_p(-values, 0.0) for values in samples])
    for level in (0.05, 0.005):
        noise = 3.5 * math.sqrt(level / 4000)
        assert np.mean(p <= level) == pytest.approx(level, abs=noise)


@pytest.mark.parametrize("n", [6, 10, 30])
def test_skew_p_of_less_skewed_values_is_larger_than_students(n):
    for values in np.random.default_rng(n).standard_normal((20, n)) + 0.5:
        student = ttest_1samp(values, 0.0, alternative="greater").pvalue
        assert skew_p(values, 0.0) >= student or student > 0.2
        assert skew_p(values, 0.0) + skew_p(-values, 0.0) == pytest.approx(1)


@pytest.mark.parametrize("sides", [1, 2])
def test_skew_critical_is_where_skew_p_comes_down_to_the_tail(sides):
    for n, tail in ((6, 0.025), (10, 0.004), (100, 0.01)):
        critical = skew_critical(n, tail, sides)
        values = np.random.default_rng(0).standard_normal(n)
        values = (values - values.mean()) / values.std(ddof=1) * math.sqrt(n)
        assert skew_p(values + critical + 1e-4, 0.0, sides) <= tail
        assert skew_p(values + critical - 0.05, 0.0, sides) > tail
    assert skew_critical(10, 1e-9) == math.inf


def test_skew_p_of_equal_values():
    assert skew_p(np.full(8, 0.5), 0.4) < 1e-5
    assert skew_p(np.full(8, 0.5), 0.6) > 0.99
    assert skew_p(np.full(8, 0.5), 0.5) == pytest.approx(0.5)


# The interval


@pytest.mark.parametrize("n", [6, 7, 8, 10, 12])
def test_seed_interval_holds_what_the_test_does_not_reject(n):
    rng = np.random.default_rng(n)
    for values in (rng.standard_normal(n), rng.integers(-3, 4, n) / 400):
        low, high = seed_interval(values)
        step = 1e-7
        assert 2 * sign_flip_p(values, low - step) <= 0.05 < 2 * sign_flip_p(values, low)
        assert 2 * sign_flip_p(-values, -high - step) <= 0.05 < 2 * sign_flip_p(-values, -high)


def test_seed_interval_of_six_seeds_is_their_range_and_of_five_there_is_none():
    values = np.array([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    assert seed_interval(values) == (1.0, 6.0)
    assert np.isnan(seed_interval(values[:5])).all()
    assert np.isnan(seed_interval(np.empty(0))).all()


NOMINAL = {6: 1 - 2 / 64, 8: 1 - 12 / 256, 10: 1 - 50 / 1024}  # what order statistics allow


@pytest.mark.parametrize("n", NOMINAL)
@pytest.mark.parametrize("shape", ["normal", "heavy", "tied", "skewed"])
def test_seed_interval_covers_the_mean_as_often_as_it_says(n, shape):
    rng = np.random.default_rng(n)
    samples = {
        "normal": rng.standard_normal((3000, n)),
        "heavy": rng.standard_t(2, (3000, n)),
        "tied": (rng.binomial(400, 0.97, (3000, n)) - rng.binomial(400, 0.97, (3000, n))) / 400,
        "skewed": rng.standard_exponential((3000, n)) - 1,
    }[shape]
    low, high = np.array([seed_interval(values) for values in samples]).T
    coverage = np.mean((low <= 1e-9) & (high >= -1e-9))
    noise = 3.5 * math.sqrt(0.05 * 0.95 / 3000)
    if shape in ("normal", "heavy"):
        assert coverage == pytest.approx(NOMINAL[n], abs=noise)
    else:  # ties make it wider; a skew costs what the module's docstring says
        promised = 0.95 if shape == "tied" else 0.905
        assert coverage >= promised - noise


# Error rates


@pytest.mark.parametrize("effect", [0.0, 0.06])
def test_judge_is_seldom_wrong_about_any_of_several_claims(effect):
    """Six searches against one reference; the first three differ by `effect`, the rest not at all."""
    rng = np.random.default_rng(7)
    claims = [claim(f"claim {i}", f"search {i}", "reference", above=0.0) for i in range(6)]
    names = [*(f"search {i}" for i in range(6)), "reference"]
    shifts = np.array([effect] * 3 + [0.0] * 4)
    table = make_table([m for name in names for m in trials(name, [0.5] * 8)])
    runs, wrong, right = 60, 0, 0
    for _ in range(runs):
        accuracy = rng.binomial(400, 0.9, (7, 8)) / 400 + shifts[:, None]
        table["val_accuracy"] = accuracy.ravel()
        outcomes = [verdict.verdict for verdict in judge(claims, table)]
        differ, equal = outcomes[:3], outcomes[3:]
        if effect == 0:
            equal, differ = outcomes, []
        wrong += any(o != "undecided" for o in equal) or "refuted" in differ
        right += "supported" in differ
    assert wrong / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert right / runs > 0.5 or effect == 0


def test_holm_is_statsmodels():
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 9):
        p = rng.integers(1, 40, size) / 128
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


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


@pytest.mark.parametrize("n", [6, 10, 20])
@pytest.mark.parametrize("shape", SHAPES)
def test_simulated_studies_without_a_difference_are_seldom_judged(n, shape):
    """`benchmarks.statistics` in small; six seeds are too few for six claims."""
    studies = 300
    wrong = {claims: wrong_verdicts(n, shape, claims, studies)["wrong"] for claims in (1, 6)}
    assert max(wrong.values()) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)
    assert n > 6 or wrong[6] == 0
    if shape == "skewed":  # as often as the level says: nothing is given away
        assert wrong[1] > 0
        assert (wrong[6] > 0) == (n > 6)


def test_power_rises_with_effect_and_seeds():
    powers = [power(n, effect, 6, 100) for n, effect in ((6, 3), (10, 1), (10, 2), (20, 2))]
    assert powers[0] == 0
    assert powers == sorted(powers)
    assert powers[1] < powers[2] < powers[3]
    assert powers[-1] > 0.95


# One-sided claims


@pytest.mark.parametrize("region", [{"above": 0.93}, {"below": 0.96}])
def test_a_one_sided_claim_has_the_p_of_its_side_alone(region):
    members = trials("a", TIGHT)
    two, one = (judge_one(members, **region, one_sided=sided) for sided in (False, True))
    assert (one.verdict, one.one_sided, two.one_sided) == ("supported", True, False)
    assert one.p == two.p / 2 == 1 / 256
    assert (one.ci_low, one.ci_high) == (two.ci_low, two.ci_high)


def test_a_one_sided_claim_is_never_refuted():
    verdict = judge_one(trials("a", TIGHT), above=0.96, one_sided=True)
    assert (verdict.verdict, verdict.p, verdict.seeds_to_decide) == ("undecided", 1.0, None)
    assert "not as claimed" in verdict.reason
    assert judge_one(trials("a", TIGHT), above=0.96).verdict == "refuted"


def test_a_one_sided_claim_needs_a_seed_less():
    for n_claims in (1, 2, 6):
        assert seeds_needed(n_claims, sides=1) == seeds_needed(n_claims) - 1
    few = trials("a", TIGHT[:5])
    assert judge_one(few, above=0.9).verdict == "not judged"
    assert judge_one(few, above=0.9, one_sided=True).verdict == "supported"
    assert "5 needed" in judge_one(few[:4], above=0.9, one_sided=True).reason


def test_a_one_sided_claim_detects_less_with_equal_power():
    """Never more; where a skew decides, one side is nearly as hard to see as two."""
    for n, n_claims in ((10, 4), (15, 6), (400, 6)):
        one = detectable_difference(n, n_claims, sides=1)
        assert 0.8 < one / detectable_difference(n, n_claims) <= 1
    size = detectable_difference(8, 6, sides=1)
    samples = np.random.default_rng(99).standard_normal((1500, 8)) + size
    seen = [mean_p(values, 0.0, sides=1) <= 0.05 / 6 for values in samples]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.05)


def test_seeds_to_decide_one_sided_are_fewer_and_none_on_the_other_side():
    noise = np.random.default_rng(0).standard_normal(8)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    region = (0.0, math.inf)
    assert seeds_to_decide(noise + 0.3, region, 6, sides=1) < seeds_to_decide(
        noise + 0.3, region, 6
    )
    assert seeds_to_decide(noise - 0.3, region, 6, sides=1) is None


def test_one_sided_claims_without_a_difference_are_seldom_supported():
    claims = [claim(f"{i}", above=0.0, one_sided=True) for i in range(6)]
    noise = np.random.default_rng(3).standard_normal((300, 6, 10))
    found = ["supported" in outcomes(claims, list(values)) for values in noise]
    assert np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    skewed = 1 - np.random.default_rng(3).standard_exponential((300, 6, 10))
    found = ["supported" in outcomes(claims, list(values)) for values in skewed]
    assert 0 < np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


# The outcomes


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
    assert verdict.verdict == outcome
    assert verdict.effect == pytest.approx(np.mean(values))
    assert (verdict.ci_low, verdict.ci_high) == seed_interval(np.array(values))
    assert verdict.margin == (region.get("above"), region.get("below"))
    assert (verdict.n_seeds, verdict.unit) == (8, "share")


def test_judge_pairs_by_seed_not_by_order():
    level = np.linspace(0.5, 0.9, 8)  # seeds differ far more than points do
    left, right = trials("a", level + 0.01), trials("b", level)
    verdict = judge_one([*left, *right[::-1]], right="b", above=0.0)
    assert verdict.verdict == "supported"
    assert verdict.effect == pytest.approx(0.01)
    assert (verdict.ci_low, verdict.ci_high) == pytest.approx((0.01, 0.01))


def test_judge_of_a_ratio_reports_ratios():
    right = np.geomspace(1.0, 8.0, 8)
    left = right * np.array([2.0, 2.2, 1.9, 2.1, 2.0, 2.3, 1.8, 2.0])
    members = [*trials("a", left, "seconds"), *trials("b", right, "seconds")]
    verdict = judge_one(members, right="b", metric="seconds", ratio=True, above=1.5)
    assert verdict.verdict == "supported"
    assert verdict.effect == pytest.approx(np.exp(np.log(left / right).mean()))
    assert 1.8 < verdict.ci_low < verdict.effect < verdict.ci_high < 2.3
    assert (verdict.margin, verdict.unit) == ((1.5, None), "ratio")

    inverse = claim(left="b", right="a", metric="seconds", ratio=True, below=1 / 1.5)
    other = judge([inverse], make_table(members))[0]
    assert (other.verdict, other.p) == ("supported", verdict.p)
    assert other.ci_low == pytest.approx(1 / verdict.ci_high)


def test_judge_of_a_ratio_needs_values_above_zero():
    members = [*trials("a", [0.1] * 7 + [-0.1], "val_loss"), *trials("b", [0.1] * 8, "val_loss")]
    verdict = judge_one(members, right="b", metric="val_loss", ratio=True, above=0.5)
    assert verdict.verdict == "not judged"


def test_judge_takes_nothing_for_what_arithmetic_leaves():
    """0.9 - 0.8 and 0.8 - 0.7 are not equal in floating point; the gaps are."""
    left = [{"train_eval_accuracy": 0.9, "val_accuracy": 0.8}] * 8
    right = [{"train_eval_accuracy": 0.8, "val_accuracy": 0.7}] * 8
    members = [
        trial(point, seed, epochs=(row,))
        for point, rows in (("a", left), ("b", right))
        for seed, row in enumerate(rows)
    ]
    verdict = judge_one(members, right="b", metric="gap_accuracy", above=0.0)
    assert (verdict.verdict, verdict.p, verdict.effect) == ("undecided", 1.0, 0.0)
    assert verdict.seeds_to_decide is None


def test_judge_needs_seeds_enough_for_its_claims():
    members = trials("a", TIGHT)
    one, two = [claim(above=0.9)], [claim("x", above=0.9), claim("y", below=0.9)]
    assert judge(one, make_table(members[:6]))[0].verdict == "supported"
    assert judge(one, make_table(members[:5]))[0].verdict == "not judged"
    assert [v.verdict for v in judge(two, make_table(members[:6]))] == ["not judged"] * 2
    few = judge(two, make_table(members[:5]))
    assert [v.verdict for v in few] == ["not judged"] * 2
    assert all("7 needed" in v.reason and math.isnan(v.ci_low) for v in few)
    assert few[0].effect == pytest.approx(np.mean(TIGHT[:5]))
    assert [v.verdict for v in judge(two, make_table(members[:7]))] == ["supported", "refuted"]


def test_judge_lets_a_claim_with_a_lost_seed_pass_after_clearer_ones():
    members = [*trials("a", TIGHT), *trials("b", TIGHT[:6])]
    clear, short = claim("clear", above=0.9), claim("short", "b", above=0.9)
    assert [v.verdict for v in judge([short, clear], make_table(members))] == ["supported"] * 2
    unclear = replace(clear, above=0.944)
    verdicts = judge([short, unclear], make_table(members))
    assert [v.verdict for v in verdicts] == ["undecided"] * 2


def test_judge_of_a_smoke_run_judges_nothing():
    verdict = judge([claim(above=0.9)], make_table(trials("a", TIGHT)), judged=False)[0]
    assert verdict.verdict == "not judged"
    assert verdict.reason
    assert verdict.effect == pytest.approx(np.mean(TIGHT))


# What counts


def with_tests(point, values, validation=0.5):
    return [
        trial(
            point,
            seed,
            epochs=({"val_accuracy": validation},),
            test=[{"epoch": 1, "loss": 0.1, "accuracy": value, "auroc": 0.9}],
        )
        for seed, value in enumerate(values)
    ]


def test_judge_reads_the_test_part():
    verdict = judge_one(with_tests("a", TIGHT), metric="test_accuracy", above=0.9)
    assert (verdict.judged_on, verdict.verdict) == ("test", "supported")
    assert verdict.effect == pytest.approx(np.mean(TIGHT))


def test_judge_falls_back_to_validation_where_there_is_no_test_part():
    verdict = judge_one(trials("a", TIGHT), metric="test_accuracy", above=0.9)
    assert verdict.judged_on == "validation (the data has no test part)"
    assert (verdict.verdict, verdict.effect) == ("supported", pytest.approx(np.mean(TIGHT)))


def test_judge_does_not_fall_back_where_another_point_was_tested():
    members = [*with_tests("a", TIGHT), *trials("b", TIGHT)]
    verdict = judge_one(members, left="b", metric="test_accuracy", above=0.9)
    assert (verdict.judged_on, verdict.verdict) == ("test", "not judged")


@pytest.mark.parametrize(
    "metric, part",
    [
        ("val_loss", "validation"),
        ("train_accuracy", "training"),
        ("train_eval_loss", "training"),
        ("gap_loss", "training and validation"),
        ("seconds", "cost"),
        ("seconds_to_converge", "validation"),
    ],
)
def test_judge_says_what_it_was_judged_on(metric, part):
    assert judge_one(trials("a", TIGHT), metric=metric, above=0.0).judged_on == part


def test_judge_reads_the_final_or_the_first_best_epoch():
    losses, accuracies = (0.3, 0.2, 0.2, 0.4), (0.6, 0.7, 0.8, 0.9)
    epochs = [
        {"val_loss": loss, "val_accuracy": accuracy}
        for loss, accuracy in zip(losses, accuracies, strict=True)
    ]
    members = [trial("a", seed, epochs=epochs) for seed in range(8)]
    assert judge_one(members, above=0.0).effect == pytest.approx(0.9)
    assert judge_one(members, epoch="best", above=0.0).effect == pytest.approx(0.7)


def test_judge_leaves_out_what_is_not_whole_and_says_so():
    members = [
        *trials("a", [*TIGHT, math.nan]),
        trial("a", 10, status="diverged", epochs=({"val_accuracy": 0.1},)),
        trial("a", 11, status="failed", epochs=()),
        trial("a", 12, stage="explore", epochs=({"val_accuracy": 0.1},)),
    ]
    verdict = judge_one(members, above=0.9)
    assert (verdict.verdict, verdict.n_seeds) == ("supported", 8)
    assert verdict.effect == pytest.approx(np.mean(TIGHT))
    assert "3 seeds left out" in verdict.reason


def test_judge_of_points_with_other_seeds_uses_the_shared_ones():
    members = [*trials("a", [*TIGHT, 0.1]), *trials("b", [0.1, *TIGHT], first_seed=0)]
    verdict = judge_one(members, right="b", above=-0.01, below=0.01)
    assert (verdict.n_seeds, verdict.verdict) == (8, "supported")
    assert "2 seeds left out" in verdict.reason
    strangers = [*trials("a", TIGHT), *trials("b", TIGHT, first_seed=100)]
    assert judge_one(strangers, right="b", above=0.0).verdict == "not judged"


@pytest.mark.parametrize(
    "members",
    [
        [],
        trials("b", TIGHT),
        trials("a", [math.nan] * 8),
        [trial("a", seed, status="failed", epochs=()) for seed in range(8)],
    ],
    ids=["empty table", "missing point", "no value", "all failed"],
)
def test_judge_of_what_cannot_be_computed(members):
    verdict = judge_one(members, right="b", above=0.0)
    assert (verdict.verdict, verdict.n_seeds) == ("not judged", 0)
    assert verdict.reason
    assert np.isnan([verdict.effect, verdict.ci_low, verdict.p, verdict.p_holm]).all()


def test_judge_refuses_a_metric_that_is_no_number():
    with pytest.raises(StudyError, match="host"):
        judge_one(trials("a", TIGHT), metric="host", above=0.0)


def test_judge_of_no_claims_is_empty():
    assert judge([], make_table([])) == []


def test_verdict_values_are_json_for_every_outcome():
    claims = [
        claim("supported", above=0.9),
        claim("refuted", below=0.9),
        claim("undecided", left="wide", above=0.944),
        claim("missing", left="nobody", above=0.9),
        claim("few", left="few", above=0.9),
    ]
    members = [*trials("a", TIGHT), *trials("wide", WIDE), *trials("few", TIGHT[:3])]
    verdicts = judge(claims, make_table(members))
    assert [v.verdict for v in verdicts] == [
        "supported",
        "refuted",
        "undecided",
        *["not judged"] * 2,
    ]
    for verdict in verdicts:
        values = verdict_values(verdict)
        assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert verdict_values(verdicts[0])["margin"] == {"above": 0.9, "below": None}
    assert verdict_values(verdicts[3])["effect"] is None


# The noise of the images


def with_images(point, correct):
    """A confirmed trial for each row of `correct`, (seeds, images)."""
    test = {"epoch": 1, "loss": 0.1, "auroc": 0.9}
    return [
        trial(
            point,
            seed,
            test=[
                test | {"accuracy": row.mean(), "correct": "".join("01"[int(hit)] for hit in row)}
            ],
        )
        for seed, row in enumerate(correct)
    ]


def made_answers(left=0.95, right=0.90, seeds=8, images=400):
    """Right or wrong for each image, (2, seeds, images); images differ in difficulty."""
    rng = np.random.default_rng(5)
    ease = rng.normal(0, 0.03, images)
    return np.array([rng.random((seeds, images)) < level + ease for level in (left, right)])


def test_image_interval_is_scipys_paired_bootstrap():
    answers = made_answers()
    shares = answers.mean(axis=1)
    expected = bootstrap(
        tuple(shares),
        lambda left, right, axis=-1: np.mean(left - right, axis=axis),
        paired=True,
        n_resamples=5000,
        method="percentile",
        rng=0,
    ).confidence_interval
    assert image_interval(answers) == pytest.approx(tuple(expected), abs=0.0015)
    assert image_interval(answers) == image_interval(answers)
    level = bootstrap((shares[0],), np.mean, n_resamples=5000, method="percentile", rng=0)
    interval = tuple(level.confidence_interval)
    assert image_interval(answers[:1]) == pytest.approx(interval, abs=0.0015)


def test_image_interval_covers_the_difference_of_other_images():
    """200 images drawn from a population of two classifiers' answers, one seed each."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(120):
        both = rng.choice(3, 200, p=(0.88, 0.08, 0.04))  # equal, left alone right, right alone
        low, high = image_interval(np.array([[both != 2], [both != 1]]))
        hits += low <= 0.04 <= high
    assert hits / 120 == pytest.approx(0.95, abs=0.06)


def test_image_interval_of_answers_that_never_differ_is_a_point():
    same = made_answers()[:1].repeat(2, axis=0)
    assert image_interval(same) == (0.0, 0.0)
    assert image_interval(np.ones((1, 2, 30), bool)) == (1.0, 1.0)


def test_judge_gives_test_accuracies_an_interval_over_images_as_well():
    answers = made_answers()
    members = [*with_images("a", answers[0]), *with_images("b", answers[1])[::-1]]
    verdict = judge_one(members, right="b", metric="test_accuracy", above=0.0)
    assert (verdict.images_low, verdict.images_high) == image_interval(answers)
    assert verdict.effect == pytest.approx(answers[0].mean() - answers[1].mean())
    assert verdict.images_low < verdict.effect < verdict.images_high
    level = judge_one(members, metric="test_accuracy", above=0.5)
    assert (level.images_low, level.images_high) == image_interval(answers[:1])


def test_judge_gives_no_interval_over_images_where_it_knows_none():
    answers = made_answers()
    new, old = with_images("a", answers[0]), with_tests("b", TIGHT)  # an earlier version's records
    for members, asked in (
        ([*new, *old], {"right": "b", "metric": "test_accuracy"}),
        (new, {"metric": "test_auroc"}),
        (new, {"metric": "val_accuracy"}),
        (trials("a", TIGHT), {"metric": "test_accuracy"}),
        ([*new, *with_images("b", answers[1])], {"right": "b", "metric": "test_accuracy"} | RATIO),
    ):
        verdict = judge_one(members, **{"above": 0.5} | asked)
        assert verdict.n_seeds == 8
        assert np.isnan([verdict.images_low, verdict.images_high]).all()
    lost = [*new[1:], *with_images("b", answers[1])]
    found = judge_one(lost, right="b", metric="test_accuracy", above=0.0)
    assert (found.images_low, found.images_high) == image_interval(answers[:, 1:])


# How many seeds


@pytest.mark.parametrize("n_claims, needed", [(0, 1), (1, 6), (2, 7), (3, 7), (6, 8), (7, 9)])
def test_seeds_needed_is_the_least_that_passes(n_claims, needed):
    assert seeds_needed(n_claims) == needed


@pytest.mark.parametrize("n, n_claims", [(6, 1), (8, 6), (12, 6), (15, 6)])
def test_detectable_difference_is_seen_with_its_power(n, n_claims):
    size = detectable_difference(n, n_claims)
    samples = np.random.default_rng(99).standard_normal((1500, n)) + size
    count = 1500 if n <= 12 else 300
    seen = [2 * mean_p(values, 0.0) <= 0.05 / n_claims for values in samples[:count]]
    noise = 0.02 + 3 * math.sqrt(0.16 / count)
    assert np.mean(seen) >= 0.8 - noise
    assert np.mean(seen) <= 0.8 + noise or n > 12  # beyond, a skew's reach is rounded up


@pytest.mark.parametrize("n, n_claims", [(13, 1), (30, 6), (500, 3)])
def test_detectable_difference_of_many_seeds_nears_students(n, n_claims):
    size = detectable_difference(n, n_claims)
    assert 0.8 < TTestPower().power(size, n, 0.05 / n_claims) < 1
    assert TTestPower().power(0.7 * size, n, 0.05 / n_claims) < 0.8


def test_detectable_difference_shrinks_with_seeds_and_grows_with_claims():
    sizes = [detectable_difference(n, 3) for n in range(5, 40)]
    assert sizes[:2] == [math.inf] * 2
    assert np.isfinite(sizes[2:]).all()
    assert (np.diff(sizes[2:]) < 0).all()
    assert detectable_difference(8, 1) < detectable_difference(8, 3) < detectable_difference(8, 6)
    assert detectable_difference(8, 7) == math.inf


def test_seeds_to_decide_falls_with_the_distance_and_exceeds_the_seeds_there_are():
    noise = np.random.default_rng(0).standard_normal(8)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    near, middle, far, clear = (
        seeds_to_decide(noise + size, (0.0, math.inf), 1) for size in (0.1, 0.3, 0.8, 5.0)
    )
    assert near > middle > far > clear == 9
    assert detectable_difference(middle, 1) <= 0.3 < detectable_difference(middle - 1, 1)
    assert seeds_to_decide(noise + 0.3, (0.0, math.inf), 6) > middle
    assert seeds_to_decide(noise + 0.3, (0.0, 0.4), 1) == near  # the nearest bound counts
    assert seeds_to_decide(noise - 0.3, (0.0, math.inf), 1) == middle
    assert seeds_to_decide(noise, (0.0, math.inf), 1) is None
    assert seeds_to_decide(noise + 0.01, (0.0, math.inf), 1) is None


def test_judge_says_how_many_seeds_would_decide():
    verdict = judge_one(trials("a", WIDE), above=0.93)
    assert verdict.verdict == "undecided"
    assert verdict.seeds_to_decide == seeds_to_decide(np.array(WIDE), (0.93, math.inf), 1)
    assert str(verdict.seeds_to_decide) in verdict.reason
    assert judge_one(trials("a", TIGHT), above=0.93).seeds_to_decide is None
