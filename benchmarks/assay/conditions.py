"""The studies that are run, and what is wrong to say of each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.assay.family import FAMILY
from study.judge import Outcome
from study.spec.baseline import Baseline
from study.spec.budget import SeedRange
from study.spec.claim import Claim
from study.spec.study import Study

ANY: tuple[Outcome, ...] = ("supported", "refuted")
AT_ONCE = (SeedRange(10, 10),)
LOOKS = (SeedRange(10, 30),)
EVERY_THIRD = tuple(SeedRange(n, n) for n in (*range(10, 29, 3), 30))
EVERY = tuple(SeedRange(n, n) for n in range(10, 31))
COLLAPSES = 0.1  # of a side's trainings
# Widths of a better and a worse side: losses differ by about 0.5, 1, 2 and 3 standard deviations.
PLANTED = (
    ((8, 6), LOOKS),
    ((8, 4), AT_ONCE),
    ((8, 4), LOOKS),
    ((12, 4), AT_ONCE),
    ((24, 4), AT_ONCE),
)


@dataclass(frozen=True)
class Condition:
    """Studies of one kind.

    Attributes:
        name: of the table's row.
        study: with the claims that are judged.
        seeds: of one run after the other, until one gives a verdict that is wrong, or the one
            that is sought.
        wrong: outcomes that are false of every claim.
        sought: the true outcome, of planted effects.
        power_of: the widths of the better and the worse side, of planted effects.
    """

    name: str
    study: Study
    seeds: tuple[SeedRange, ...]
    wrong: tuple[Outcome, ...] = ANY
    sought: Outcome | None = None
    power_of: tuple[int, int] | None = field(default=None)


def _study(name: str, sides: Mapping[str, Mapping[str, Any]], claims: tuple[Claim, ...]) -> Study:
    baselines = tuple(Baseline(key, key, FAMILY, config) for key, config in sides.items())
    return Study(name, name, "Is there a difference?", baselines, claims=claims, figures=())


def _pair(
    name: str, one: Mapping[str, Any], other: Mapping[str, Any], metric: str = "val_loss"
) -> Study:
    """A study with one claim: that the one is better than the other."""
    return _study(name, {"one": one, "other": other}, (_better("better", "one", "other", metric),))


def _better(name: str, one: str, other: str, metric: str = "val_loss") -> Claim:
    above, below = (-math.inf, 0.0) if metric.endswith("loss") else (0.0, math.inf)
    return Claim(name, one, metric, other, above=above, below=below)


def twins(count: int) -> Study:
    """A study with so many claims, each of another name compared with one they share."""
    names = {f"twin_{twin}": {"twin": twin} for twin in range(count + 1)}
    claims = tuple(_better(f"claim_{name}", name, "twin_0") for name in list(names)[1:])
    return _study(f"assay_{count}", names, claims)


def _conditions() -> list[Condition]:
    one, eight = twins(1), twins(8)
    accuracy = _pair("accuracy", {"twin": 1}, {}, "val_accuracy")
    coarse = _pair("coarse", {"twin": 1}, {}, "test_accuracy")
    dead = _pair("dead", {"twin": 1, "dead": COLLAPSES}, {})
    both = _pair("both", {"twin": 1, "dead": COLLAPSES}, {"dead": COLLAPSES})
    broken = _pair("broken", {"twin": 1, "broken": COLLAPSES}, {})
    placebos = [
        Condition("1 claim, 10 seeds", one, AT_ONCE),
        Condition("1 claim, 10..30", one, LOOKS),
        Condition("1 claim, 10, 13, …, 30", one, EVERY_THIRD),
        Condition("1 claim, 10, 11, …, 30", one, EVERY),
        Condition("8 claims, 10 seeds", eight, AT_ONCE),
        Condition("8 claims, 10..30", eight, LOOKS),
        Condition("both sides collapse, 10..30", both, LOOKS),
        Condition("accuracy on 100 images, 10..30", accuracy, LOOKS),
        Condition("accuracy on 10 images, 10..30", coarse, LOOKS),
    ]
    collapses = [
        Condition("one side collapses, 10..30", dead, LOOKS, wrong=("supported",)),
        Condition("one side diverges, 10..30", broken, LOOKS, wrong=("supported",)),
    ]
    planted = [
        Condition(
            f"width {better} against {worse}, {seeds[0]}{' seeds' * (seeds == AT_ONCE)}",
            _pair(f"width_{better}_{worse}", {"width": better}, {"width": worse, "twin": 1}),
            seeds,
            wrong=("refuted",),
            sought="supported",
            power_of=(better, worse),
        )
        for (better, worse), seeds in PLANTED
    ]
    return placebos + collapses + planted


CONDITIONS = {one.name: one for one in _conditions()}
