"""Who gets more seeds: the candidates of an open claim, tuned and as they are."""

from dataclasses import replace

from study.judge import wanted_seeds
from study.search.tuning import tuned_study
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.space import Float
from study.spec.study import Study
from study.stats.looks import plan_looks
from study.table.rows import make_table
from tests.judge.test_judge import trials
from tests.made import BUDGET, plan_of

STUDY = Study(
    name="made",
    title="Made",
    question="?",
    baselines=tuple(
        Baseline(name, name, "conv", {"channels": n}) for n, name in enumerate("abc", 4)
    ),
    claims=(
        Claim("open", "a", "val_accuracy", "b", above=0.0),
        Claim("settled", "c", "val_accuracy", above=0.5),
    ),
    tune={"learning_rate": Float(1e-4, 1e-1, log=True)},
)


def test_the_untuned_get_as_many_seeds_as_the_tuned_of_an_open_claim():
    budget = replace(BUDGET, seeds=20, first_seeds=10)
    plan = replace(plan_of(tuned_study(STUDY), budget=budget), looks=plan_looks(10, 20, 2))
    first, second = plan.looks.seeds[:2]
    assert set(wanted_seeds(plan, make_table(trials("a", [0.9]))).values()) == {first}
    turns = [0.89, 0.89, *[0.91] * (first - 2)]
    scores = {"a_tuned": turns, "b_tuned": [0.9] * first, "c_tuned": [0.8] * first}
    scores |= {"a": [0.95] * first, "b": [0.9] * first, "c": [0.8] * first}
    table = make_table([one for name in scores for one in trials(name, scores[name][:first])])
    wanted = wanted_seeds(plan, table)
    assert {wanted[name] for name in ("a", "b", "a_tuned", "b_tuned")} == {second}
    assert wanted["c"] == wanted["c_tuned"] == first
