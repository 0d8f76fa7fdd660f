"""Simulation of the judge: how often it is wrong, what it finds, how many seeds it takes.

    python -m benchmarks.statistics [--studies 2000] [--only wrong] [--only power]

A claim says that a value lies above zero. Verdicts are those of `study.judge.decide`, which is
`judge` without a table; on the first studies of each kind the two are compared.

"wrong": shares of studies with a wrong verdict on one or more of their claims, which must be at
most 5 %. A verdict is wrong if it says that a claim holds in more than half of all trainings where
it does not, or in less where it does not; where it holds in just half, every verdict is wrong.
Shapes of the values, one per seed; those with a centre have it at zero, so that a claim holds in
half of all trainings:

    normal     standard normal
    tied       difference of two binomial accuracies on 400 images at 97 %, many of them equal
    exponential, lognormal   centred at their medians
    two-point  +1, but in one training of five -4: the mean is zero, the claim holds in 80 %
    collapse   normal, but in one training of ten -20: the claim holds in 45 %

"shared" are differences of candidates of that shape from one baseline of that shape, the same for
all claims. Ways to look:

    10, 20     one look at so many seeds
    10..30     all five looks that `study.stats.looks.plan_looks` names, none left out
    advice     after 10 seeds, then once more after as many as the undecided claims' verdicts name,
               with the alpha that is left

"power": claims of normal values whose means lie so many standard deviations above zero, half of a
study's claims, the others at zero: the share that is supported, and the seeds that a claim takes,
beside those of claims about the mean (`about="mean"`), which all claims were in versions up to 0.2.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from study.judge import Decision, decide, judge
from study.spec.claim import Claim, Target
from study.stats.looks import Looks, plan_looks
from study.stats.power import seeds_to_decide

CLAIMS = (1, 8, 13)
EFFECTS = (0.5, 1.0, 2.0, 3.0)  # standard deviations
MOST = 30  # seeds
IMAGES, ACCURACY = 400, 0.97
CHECKED = 3  # studies of each kind judged from a table as well

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def tied(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    one, other = rng.binomial(IMAGES, ACCURACY, (2, *shape))
    return (one - other) / IMAGES


def collapse(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) - 20.0 * (rng.random(shape) < 0.1)


# of each shape: how it is drawn, and whether a claim holds in more than half of all trainings,
# in less, or in just half
SHAPES: dict[str, tuple[Draw, int]] = {
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0),
    "tied": (tied, -1),
    "exponential": (lambda rng, shape: rng.standard_exponential(shape) - np.log(2), 0),
    "lognormal": (lambda rng, shape: rng.lognormal(size=shape) - 1, 0),
    "two-point": (lambda rng, shape: np.where(rng.random(shape) < 0.2, -4.0, 1.0), 1),
    "collapse": (collapse, -1),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--only", choices=("wrong", "power"), action="append")
    options = parser.parse_args()
    parts = options.only or ("wrong", "power")
    if "wrong" in parts:
        rows = [
            {"shape": shape, "shared": shared, "claims": claims}
            | {way: wrong_verdicts(shape, claims, way, options.studies, shared) for way in WAYS}
            for shape in SHAPES
            for shared in (False, True)
            for claims in CLAIMS
            if not shared or claims > 1
        ]
        print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4f}".format))
    if "power" in parts:
        rows = [
            {"claims": claims, "way": way}
            | {
                f"{effect:g} SD": describe_power(power(way, effect, claims, options.studies))
                for effect in EFFECTS
            }
            for claims in CLAIMS
            for way in ("mean 10", "mean 20", "10", "20", "10..30")
        ]
        print(pd.DataFrame(rows).to_string(index=False))


def describe_power(found: tuple[float, float]) -> str:
    return f"{found[0]:.3f} / {found[1]:.1f}"


def look_at_all(claims: list[Claim], values: np.ndarray, looks: Looks) -> list[Decision]:
    return decide(claims, [each[: looks.seeds[-1]] for each in values], looks)


def follow_advice(claims: list[Claim], values: np.ndarray) -> list[Decision]:
    """Ten seeds, then as many as would decide the first of the undecided claims that names any."""
    looks = plan_looks(10, 10, len(claims))
    found = look_at_all(claims, values, looks)
    advised = [
        seeds_to_decide(int((each[:10] > 0).sum()), 10, looks.left, decision.rule)
        for each, decision in zip(values, found, strict=True)
        if decision.outcome == "undecided"
    ]
    seeds = [n for n in advised if n is not None and n <= values.shape[1]]
    if not seeds:
        return found
    return look_at_all(claims, values, plan_looks(*[min(seeds)] * 2, len(claims), spent=looks))


WAYS: dict[str, Callable[[list[Claim], np.ndarray], list[Decision]]] = {
    "10": lambda claims, values: look_at_all(claims, values, plan_looks(10, 10, len(claims))),
    "20": lambda claims, values: look_at_all(claims, values, plan_looks(20, 20, len(claims))),
    "10..30": lambda claims, values: look_at_all(claims, values, plan_looks(10, 30, len(claims))),
    "advice": follow_advice,
}


def wrong_verdicts(shape: str, claims: int, way: str, studies: int, shared: bool = False) -> float:
    """Share of studies with a wrong verdict."""
    draw, truth = SHAPES[shape]
    rng = np.random.default_rng([claims, len(way), shared])
    stated, wrong = make_claims(claims), 0
    seeds = 60 if way == "advice" else MOST
    for number in range(studies):
        values = draw(rng, (claims + shared, seeds))
        if shared:
            values, truth = values[1:] - values[0], -1 if shape in ("tied", "two-point") else 0
        found = WAYS[way](stated, values)
        if number < CHECKED and way == "10":
            check_judge(stated, values[:, :10], found)
        outcomes = {decision.outcome for decision in found}
        wrong += ("supported" in outcomes and truth <= 0) or ("refuted" in outcomes and truth >= 0)
    return wrong / studies


def power(way: str, effect: float, claims: int, studies: int) -> tuple[float, float]:
    """Share of the claims with an effect that are supported, and the seeds that these take."""
    rng = np.random.default_rng([claims, len(way), round(10 * effect)])
    about: Target = "mean" if way.startswith("mean") else "trainings"
    stated, different = make_claims(claims, about), max(1, claims // 2)
    first, _, most = way.removeprefix("mean ").partition("..")
    sides = () if about == "mean" else (2,)
    looks = plan_looks(int(first), int(most or first), claims, sides)
    supported = seeds = 0
    for _ in range(studies):
        values = rng.standard_normal((claims, looks.seeds[-1]))
        values[:different] += effect
        found, taken = take_looks(stated, values, looks)
        supported += sum(decision.outcome == "supported" for decision in found[:different])
        seeds += sum(taken[:different])
    return supported / studies / different, seeds / studies / different


def take_looks(
    claims: list[Claim], values: np.ndarray, looks: Looks
) -> tuple[list[Decision], list[int]]:
    """Look after look, as a run takes them: a claim that is decided or given up gets no more
    seeds. What was decided, and after how many seeds each claim was left."""
    given = [looks.seeds[0]] * len(claims)
    while True:
        samples = [each[:n] for each, n in zip(values, given, strict=True)]
        found = decide(claims, samples, looks)
        wanted = [max(n, d.next_look or 0) for n, d in zip(given, found, strict=True)]
        if wanted == given:
            return found, given
        given = wanted


def make_claims(count: int, about: Target = "trainings") -> list[Claim]:
    """Claims that a candidate's validation loss is above another's."""
    return [
        Claim(f"{number}", f"one {number}", "val_loss", f"other {number}", above=0.0, about=about)
        for number in range(count)
    ]


def check_judge(claims: list[Claim], values: np.ndarray, found: list[Decision]) -> None:
    """Stop where `judge` finds other verdicts in a table with these differences.

    Args:
        values: (claims, seeds).
    """
    judged = [verdict.outcome for verdict in judge(claims, table_of(values))]
    if judged != [decision.outcome for decision in found]:
        raise SystemExit(f"judge found {judged}, decide {found}")


def table_of(values: np.ndarray) -> pd.DataFrame:
    """What `judge` reads of a study's table: two candidates' trials for each claim and seed.

    Args:
        values: their differences, (claims, seeds).
    """
    rows = [
        {"candidate": f"{which} {number}", "key": f"{which} {number} {seed}", "val_loss": value}
        | {"seed": seed, "seed_number": seed}
        for number, differences in enumerate(values)
        for seed, difference in enumerate(differences)
        for which, value in (("one", difference), ("other", 0.0))
    ]
    images = dict.fromkeys(("val_correct", "val_logits"))  # nothing is known of them
    same = {"stage": "confirm", "status": "complete", "is_final": True, "is_best": True}
    return pd.DataFrame(rows).assign(**same, **images)


if __name__ == "__main__":
    main()
