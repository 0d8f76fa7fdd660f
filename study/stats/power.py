"""How many seeds a study needs, and which differences it can detect with those that it has."""

import math
from bisect import bisect_left
from functools import lru_cache
from itertools import count

import numpy as np
from scipy.special import nctdtrinc, stdtrit  # scipy.stats takes a second to import

from study.stats.rule import Rule
from study.stats.signflip import TOLERANCE, least_p, seed_interval
from study.stats.skew import skew_critical

POWER = 0.8
MAX_SEEDS = 1000  # the greatest number of seeds that is ever named
MAX_SIMULATED = 12  # seeds up to which the power is simulated; beyond, Student's t is as good
SIMULATIONS = 2000


def seeds_needed(rule: Rule) -> int:
    """Least number of seeds whose smallest p, sides / 2^n, passes Holm's first step."""
    return next(n for n in count(1) if rule.n_claims * least_p(n, rule.sides) <= rule.alpha)


@lru_cache(maxsize=4096)
def detectable_difference(n_seeds: int, rule: Rule, power: float = POWER) -> float:
    """Distance of the mean from a bound that Holm's first step detects with this power.

    In standard deviations of the (paired) values, which are taken as normal. Infinite with fewer
    seeds than `seeds_needed`. With few seeds Student's t promises more than sign flips can keep, so
    up to 12 the test itself is simulated, seeded.

    Args:
        n_seeds: from 1.
        rule: that decides.
        power: from 0 to 1.
    """
    if n_seeds < seeds_needed(rule):
        return math.inf
    skewed = skew_critical(_simulated_seeds(n_seeds), rule)
    if n_seeds > MAX_SIMULATED:
        critical = max(-stdtrit(n_seeds - 1, rule.tail), skewed)
        # statsmodels' TTestPower solves the same equation, but gives up on some of these
        return float(nctdtrinc(n_seeds - 1, 1 - power, critical) / math.sqrt(n_seeds))
    noise = np.random.default_rng(n_seeds).standard_normal((SIMULATIONS, n_seeds))
    # a shift of the noise is detected where it lifts the interval's lower end above the bound, and
    # the mean as far as a skew could throw it
    flips = np.array([-seed_interval(values, 2 * rule.tail)[0] for values in noise])
    skews = skewed * noise.std(axis=1, ddof=1) / math.sqrt(n_seeds) - noise.mean(axis=1)
    return float(np.quantile(np.maximum(flips, skews), power))


def _simulated_seeds(n_seeds: int) -> int:
    """A number of seeds to simulate a skew with, at most the one asked for.

    Each simulation takes tenths of a second, and the search for a number of seeds tries many. Fewer
    seeds detect less, so that never too much is promised.
    """
    if n_seeds <= MAX_SIMULATED:
        return n_seeds
    return MAX_SIMULATED * 2 ** int(math.log2(n_seeds / MAX_SIMULATED))


def seeds_to_decide(values: np.ndarray, bounds: tuple[float, float], rule: Rule) -> int | None:
    """Roughly how many seeds would decide, with effect and spread as observed; more than given.

    The nearest bound counts, since in doubt is whether the mean lies inside or outside of it. None
    where the mean lies on a bound, where more than 1,000 seeds are needed, and where a one-sided
    test finds the mean outside the region.

    Args:
        values: finite, (n,), n at least 2.
        bounds: of the region, (above, below); one of them may be infinite.
        rule: that decides.
    """
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    distance = min(abs(mean - bound) for bound in bounds)
    never = rule.sides == 1 and not bounds[0] < mean < bounds[1]
    if never or distance <= TOLERANCE * np.abs(values).max():
        return None
    size = distance / spread if spread > 0 else math.inf
    choices = range(max(values.size + 1, seeds_needed(rule)), MAX_SEEDS + 1)
    place = bisect_left(choices, True, key=lambda n: detectable_difference(n, rule) <= size)
    return choices[place] if place < len(choices) else None
