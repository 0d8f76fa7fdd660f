"""When claims are judged, and what share of alpha each time has: written down before the run.

Whoever looks again after more seeds, each time at the full 5 %, is wrong more often than that. So
the looks are planned, and each is given a share of alpha; the shares add up to at most 1. A claim's
p at a look is divided by the look's share, and the least of these over all looks so far is its p.
However the looks depend on each other, a wrong verdict at any of them is then no likelier than
alpha (Bonferroni over looks; Holm's method over claims takes such p as any others). That no look
need be taken, and that a claim may be given up at any, costs nothing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from study.stats.replication import attainable_p, least_p
from study.stats.rule import ALPHA

MOST_LOOKS, RATIO = 5, 1.25
# Ten trainings that all agree then decide one of up to 13 claims at the first of several looks.
FIRST_SHARE = 0.52


@dataclass(frozen=True)
class Looks:
    """Numbers of seeds after which claims are judged, ascending, and the share of alpha of each.

    Attributes:
        seeds: each look takes these many first seeds.
        shares: above 0, at most 1 together.
    """

    seeds: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def left(self) -> float:
        """The share of alpha that no look has."""
        return max(0.0, 1.0 - sum(self.shares))

    def until(self, seeds: int) -> "Looks":
        """Those of the looks that take at most so many seeds."""
        pairs = [pair for pair in zip(self.seeds, self.shares, strict=True) if pair[0] <= seeds]
        return Looks(tuple(n for n, _share in pairs), tuple(share for _n, share in pairs))


NO_LOOKS = Looks((), ())


def plan_looks(
    first: int,
    most: int,
    n_claims: int,
    sides: Iterable[int] = (2,),
    spent: Looks = NO_LOOKS,
    ratio: float = 0.0,
) -> Looks:
    """The looks of a run with `first` to `most` seeds: those that were taken, then new ones.

    One new look where `first` is `most`, else up to five, each after about the same factor of
    seeds. The first has a share of FIRST_SHARE, the others equal ones. p of a few trainings are
    few, so that a look seldom uses all of its share: it takes what it can use, and the next one has
    the rest. What the last leaves is for a later run with more seeds.

    Args:
        n_claims: number of claims of the study.
        sides: of their tests; empty where p may be anything, as of tests of a mean.
        spent: looks that earlier runs of the study have taken.
        ratio: see `study.stats.replication`.
    """
    new = [n for n in look_seeds(first, most) if n > max(spent.seeds, default=0)]
    allowed = spent.left * FIRST_SHARE if len(new) > 1 else spent.left
    step = (spent.left - allowed) / max(1, len(new) - 1)
    seeds, shares = [*spent.seeds], [*spent.shares]
    used = 0.0
    for n in new:
        share = usable_share(n, allowed - used, n_claims, tuple(sides), ratio)
        if share > 0:
            seeds.append(n)
            shares.append(float(share))
            used += share
        allowed += step
    return Looks(tuple(seeds), tuple(shares))


def look_seeds(first: int, most: int) -> list[int]:
    """Up to five numbers of seeds from `first` to `most`, in about equal ratios of a quarter more
    or so: looks that follow each other closely share alpha and find nothing new."""
    if first == most:
        return [first]
    steps = int(math.log(most / first) / math.log(RATIO))
    count = min(MOST_LOOKS, 1 + max(1, steps))
    ratio = (most / first) ** (1 / (count - 1))
    return sorted({round(first * ratio**place) for place in range(count)})


def usable_share(
    n: int, share: float, n_claims: int, sides: tuple[int, ...] = (2,), ratio: float = 0.0
) -> float:
    """The least share with which Holm's method decides after n seeds as it does with this one.

    0 where no p is small enough for any verdict.

    Args:
        share: at most; of alpha.
        sides: of the claims' tests; with none the whole share is used.
    """
    if not sides:
        return share
    needed = 0.0
    for step in range(1, n_claims + 1):  # claims that are open when Holm's method comes to one
        limit = ALPHA * share / step
        for side in sides:
            small = [float(p) for p in attainable_p(n, side, ratio) if p <= limit]
            needed = max(needed, step * max(small, default=0.0) / ALPHA)
    # Holm's strictest step must be passable, or nothing is decided
    passable = n_claims * min(least_p(n, side, ratio) for side in sides) <= ALPHA * share
    return min(share, needed) if passable else 0.0
