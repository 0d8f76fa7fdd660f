"""What a study can decide with its looks, and how many seeds would decide what it did not."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.special import bdtrc, comb, ndtri  # scipy.stats takes a second to import

from study.stats.looks import Looks
from study.stats.replication import HALF, held_to_support, least_p, shared_shares
from study.stats.rule import Rule

POWER = 0.8
MAX_SEEDS = 1000  # the greatest number of seeds that is ever named
FUTILE = 0.1  # a claim that is decided less often than this is given up
NEGLIGIBLE = 1e-6  # weight of a node of the quadrature over what all seeds share
STEPS = 1000  # of a share, when the least one that is found is looked for


def seeds_needed(rule: Rule) -> int | None:
    """Least number of seeds whose smallest p, sides / 2^n where they are independent, passes Holm's
    first step; None where more than 1,000."""
    limit = rule.alpha / max(1, rule.n_claims)
    choices = range(1, MAX_SEEDS + 1)
    return next((n for n in choices if least_p(n, rule.sides, rule.ratio) <= limit), None)


def needed_at(looks: Looks, rule: Rule) -> list[tuple[int, int | None]]:
    """At each look its seeds, and in how many of them a claim must hold to be supported, whatever
    becomes of the others; None where not even all are enough. Refuted if it fails in as many."""
    pairs = zip(looks.seeds, looks.shares, strict=True)
    return [(n, held_to_support(n, rule.tail * share, rule.ratio)) for n, share in pairs]


def decision_chances(
    looks: Looks, rule: Rule, share: float, held: int = 0, n: int = 0, gives_up: bool = False
) -> tuple[float, float, float]:
    """Chances that a claim is supported and refuted, and the seeds that it takes on average.

    Exact: the distribution of the count is followed from look to look.

    Args:
        looks: those with at most n seeds are over.
        share: of all trainings that meet the claim, 0 to 1.
        held, n: of the trainings so far.
        gives_up: whether a claim gets no more seeds after a look that finds it futile, as in a run.
    """
    shares, weights = shared_shares(share, rule.ratio)
    if weights.size > 1:  # what the trainings so far say of it
        weights = weights * shares**held * (1 - shares) ** (n - held)
        weights = weights / weights.sum()
    likely = np.flatnonzero(weights > NEGLIGIBLE)
    needed = tuple(pair for pair in needed_at(looks, rule) if pair[0] > n)
    dropped = {total: _futile_counts(looks, rule, total) for total, _ in needed if gives_up}
    chances = np.array(
        [_follow(needed, float(shares[i]), held, n, rule.sides, dropped) for i in likely]
    )
    supported, refuted, seeds = weights[likely] @ chances / weights[likely].sum()
    return float(supported), float(refuted), float(seeds)


def _follow(
    needed: tuple[tuple[int, int | None], ...],
    share: float,
    held: int,
    n: int,
    sides: int,
    dropped: Mapping[int, list[int]],
) -> tuple[float, float, float]:
    """The same for independent trainings.

    Args:
        needed: of `needed_at`, the looks that follow.
        dropped: counts after which nothing follows, by the look's number of seeds.
    """
    counts = np.zeros(n + 1)
    counts[held] = 1.0
    supported = refuted = seeds = 0.0
    for (before, _), (total, enough) in pairwise([(n, None), *needed]):
        added = np.arange(total - before + 1)
        seeds += added[-1] * counts.sum()
        law = comb(added[-1], added) * share**added * (1 - share) ** added[::-1]
        counts = np.convolve(counts, law)
        if enough is not None:
            supported += counts[enough:].sum()
            counts[enough:] = 0.0
            if sides == 2:
                refuted += counts[: total - enough + 1].sum()
                counts[: total - enough + 1] = 0.0
        counts[dropped.get(total, [])] = 0.0
    return supported, refuted, n + seeds


@lru_cache(maxsize=256)
def detectable_share(looks: Looks, rule: Rule, power: float = POWER) -> float:
    """The least share of all trainings that a claim must hold in to be supported this often,
    whatever becomes of the other claims. NaN where no look can support any."""
    if all(needed is None for _n, needed in needed_at(looks, rule)):
        return math.nan
    steps = range(STEPS // 2, STEPS + 1)
    place = bisect_left(
        steps,
        power,
        key=lambda step: decision_chances(looks, rule, step / STEPS, gives_up=True)[0],
    )
    return steps[min(place, len(steps) - 1)] / STEPS


def in_deviations(share: float) -> float:
    """How far the mean of normal values lies above a bound, in standard deviations, where this
    share of them does."""
    return float(ndtri(share))


def is_futile(looks: Looks, rule: Rule, held: int, n: int) -> bool:
    """Whether a claim that held in `held` of n trainings so far has little chance to be decided at
    any later look, if it goes on as it did."""
    share = (held + HALF) / (n + 1)
    supported, refuted, _seeds = decision_chances(looks, rule, share, held, n)
    return supported + refuted < FUTILE


@lru_cache(maxsize=256)
def _futile_counts(looks: Looks, rule: Rule, n: int) -> list[int]:
    return [held for held in range(n + 1) if is_futile(looks, rule, held, n)]


def seeds_to_decide(held: int, n: int, left: float, rule: Rule) -> int | None:
    """Roughly how many seeds would decide, if the claim goes on holding in the observed share.

    None where more than 1,000 are needed, where it held in half of the trainings, where a one-sided
    test finds it in less, and where no alpha is left.

    Args:
        held, n: trainings so far, n at least 1; the number named is greater.
        left: the share of alpha that no look has taken.
    """
    share = held / n
    if share == HALF or (rule.sides == 1 and share < HALF) or left <= 0:
        return None
    choices = range(n + 1, MAX_SEEDS + 1)
    likely = max(share, 1 - share)

    def chance(seeds: int) -> float:
        needed = held_to_support(seeds, rule.tail * left, rule.ratio)
        shares, weights = shared_shares(likely, rule.ratio)
        return 0.0 if needed is None else float(weights @ bdtrc(needed - 1, seeds, shares))

    place = bisect_left(choices, POWER, key=chance)
    return choices[place] if place < len(choices) else None
