"""How many seeds a study needs, and what it can see with those it has."""

import math
from bisect import bisect_left
from functools import lru_cache
from itertools import count

import numpy as np
from scipy.special import nctdtrinc, stdtrit  # scipy.stats takes a second to import

from study.stats.signflip import ALPHA, TOLERANCE, least_p, seed_interval
from study.stats.skew import skew_critical

POWER = 0.8
MOST_SEEDS = 1000  # beyond it no number of seeds is named
MOST_SIMULATED = 12  # seeds up to which the power is simulated; beyond, Student's t is as good
SIMULATIONS = 2000


def seeds_needed(n_claims: int, alpha: float = ALPHA, sides: int = 2) -> int:
    """Least number of seeds whose smallest p, sides / 2^n, passes Holm's first step."""
    return next(n for n in count(1) if n_claims * least_p(n, sides) <= alpha)


@lru_cache(maxsize=4096)
def detectable_difference(
    n_seeds: int, n_claims: int, alpha: float = ALPHA, power: float = POWER, sides: int = 2
) -> float:
    """Distance from a bound that Holm's first step sees with this power.

    `sides` is 1 for a one-sided test, else 2. In standard deviations of the (paired) values, which
    are taken as normal. Infinite with less than `seeds_needed`. With few seeds Student's t promises
    too much of the sign flips, so up to 12 the test itself is simulated, seeded.
    """
    if n_seeds < seeds_needed(n_claims, alpha, sides):
        return math.inf
    tail = alpha / max(n_claims, 1) / sides
    skewed = skew_critical(_simulated_seeds(n_seeds), tail, sides)
    if n_seeds > MOST_SIMULATED:
        critical = max(-stdtrit(n_seeds - 1, tail), skewed)
        # statsmodels' TTestPower solves the same equation, but gives up on some of these
        return float(nctdtrinc(n_seeds - 1, 1 - power, critical) / math.sqrt(n_seeds))
    noise = np.random.default_rng(n_seeds).standard_normal((SIMULATIONS, n_seeds))
    # a shift of the noise is seen where it lifts the interval's lower end above the bound, and the
    # mean as far as a skew could throw it
    flips = np.array([-seed_interval(values, 2 * tail)[0] for values in noise])
    skews = skewed * noise.std(axis=1, ddof=1) / math.sqrt(n_seeds) - noise.mean(axis=1)
    return float(np.quantile(np.maximum(flips, skews), power))


def _simulated_seeds(n_seeds: int) -> int:
    """A number of seeds to simulate a skew with, not above the one asked for: each takes tenths of
    a second, and the search for a number tries many. Fewer seeds promise less, never too much."""
    if n_seeds <= MOST_SIMULATED:
        return n_seeds
    return MOST_SIMULATED * 2 ** int(math.log2(n_seeds / MOST_SIMULATED))


def seeds_to_decide(
    values: np.ndarray,
    bounds: tuple[float, float],
    n_claims: int,
    alpha: float = ALPHA,
    sides: int = 2,
) -> int | None:
    """Roughly how many seeds would decide, were effect and spread as seen; more than there are.

    None where the mean lies on a bound, where more than 1,000 are needed, and where a one-sided
    test looks at the other side. The nearest bound counts, for it is the one in doubt whether the
    mean lies inside or outside.

    Args:
        values: finite, (n,), n at least 2.
        bounds: the region's, (above, below), infinite ones too.
        n_claims: of the study.
        alpha: level of the verdicts.
        sides: 1 for a test that sees a mean inside the region only, else 2.
    """
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    distance = min(abs(mean - bound) for bound in bounds)
    out_of_sight = sides == 1 and not bounds[0] < mean < bounds[1]
    if out_of_sight or distance <= TOLERANCE * np.abs(values).max():
        return None
    size = distance / spread if spread > 0 else math.inf
    choices = range(max(values.size + 1, seeds_needed(n_claims, alpha, sides)), MOST_SEEDS + 1)

    def decides(seeds: int) -> bool:
        return detectable_difference(seeds, n_claims, alpha, sides=sides) <= size

    place = bisect_left(choices, True, key=decides)
    return choices[place] if place < len(choices) else None
