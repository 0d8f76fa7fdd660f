"""Simulation of the judge: wrong verdicts, coverage and power, where the truth is known.

    python -m benchmarks.statistics [--studies 2000] [--claims 6] [--samples 200]

Studies of independent claims "one candidate's value is greater than the other's", one difference
per seed. Under "wrong", all differences have mean zero, so that every verdict is wrong: shares of
studies with a wrong verdict, a wrong "supported" and a wrong "refuted". Shapes of the differences:

    normal  standard normal
    tied    of two binomial accuracies on 400 images at 97 %, many of them equal
    skewed  exponential minus its mean: as skewed as the judge takes values to be. Candidates that
            do not differ at all have symmetric differences; candidates of equal mean but unequal
            spread or shape need not

"coverage" is that of the 95 % interval of a single claim. "power" is the share of studies that
support the one claim whose mean lies so many standard deviations above zero (normal), the others'
means being zero. Verdicts are those of `study.judge.outcomes`, which is `judge` without a table; on
the first studies of each kind the two are compared.

"deviation" is what a group of flips in the place of all flips does beyond 20 seeds: by how much the
ends of 95 % intervals differ from the exact ones, in standard errors of the mean (root mean square,
and the greatest), and p at three standard errors from the mean, as a share of the exact p.
"""

import argparse

import numpy as np
import pandas as pd

from study.judge import judge, outcomes
from study.spec.study import Claim
from study.stats.rule import ALPHA
from study.stats.signflip import TOLERANCE, seed_interval, sign_flip_p

SEEDS = (6, 10, 20, 30, 100)
MANY_SEEDS = (21, 24, 30)  # more than can all be flipped at each point of a curve
EFFECTS = (1, 2, 3)  # standard deviations
IMAGES, ACCURACY = 400, 0.97
CHECKED = 5  # studies of each kind judged from a table as well


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def tied(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    one, other = rng.binomial(IMAGES, ACCURACY, (2, *shape))
    return (one - other) / IMAGES


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_exponential(shape) - 1


SHAPES = {"normal": normal, "tied": tied, "skewed": skewed}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--claims", type=int, default=6)
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    errors = [
        {"seeds": seeds, "shape": shape, "claims": claims}
        | wrong_verdicts(seeds, shape, claims, options.studies)
        | ({"coverage": coverage(seeds, shape, options.studies)} if claims == 1 else {})
        for seeds in SEEDS
        for shape in SHAPES
        for claims in (1, options.claims)
    ]
    print(pd.DataFrame(errors).to_string(index=False, float_format="{:.4f}".format))
    powers = [
        {"seeds": seeds, "claims": claims}
        | {f"{effect} SD": power(seeds, effect, claims, options.studies) for effect in EFFECTS}
        for seeds in SEEDS
        for claims in (1, options.claims)
    ]
    print(pd.DataFrame(powers).to_string(index=False, float_format="{:.3f}".format))
    deviations = [
        {"seeds": seeds, "shape": shape} | deviation(seeds, shape, options.samples)
        for seeds in MANY_SEEDS
        for shape in SHAPES
    ]
    print(pd.DataFrame(deviations).to_string(index=False, float_format="{:.4f}".format))


def wrong_verdicts(seeds: int, shape: str, claims: int, studies: int) -> dict[str, float]:
    """Shares of studies with a wrong verdict, a wrong "supported", a wrong "refuted"."""
    rng = np.random.default_rng([seeds, claims])
    stated = make_claims(claims)
    found = []
    for number, values in enumerate(SHAPES[shape](rng, (studies, claims, seeds))):
        verdicts = outcomes(stated, list(values))
        if number < CHECKED:
            check_judge(stated, values, verdicts)
        found.append(("supported" in verdicts, "refuted" in verdicts))
    supported, refuted = np.array(found).T
    return {
        "wrong": float(np.mean(supported | refuted)),
        "supported": float(np.mean(supported)),
        "refuted": float(np.mean(refuted)),
    }


def coverage(seeds: int, shape: str, samples: int) -> float:
    """Share of 95 % intervals that hold the mean, zero."""
    rng = np.random.default_rng([seeds, 0])
    values = SHAPES[shape](rng, (samples, seeds))
    low, high = np.array([seed_interval(each) for each in values]).T
    tiny = 1e-12  # of accuracies, which have no exact sums
    return float(np.mean((low <= tiny) & (high >= -tiny)))


def power(seeds: int, effect: float, claims: int, studies: int) -> float:
    """Share of studies that support the one claim with an effect, among claims without."""
    rng = np.random.default_rng([seeds, claims, 1])
    values = normal(rng, (studies, claims, seeds))
    values[:, 0] += effect
    stated = make_claims(claims)
    return float(np.mean([outcomes(stated, list(each))[0] == "supported" for each in values]))


def deviation(seeds: int, shape: str, samples: int) -> dict[str, float]:
    """How far intervals and p lie from those of all flips: root mean square, and the greatest."""
    rng = np.random.default_rng([seeds, 2])
    ends, shares = [], []
    for values in SHAPES[shape](rng, (samples, seeds)):
        error = values.std(ddof=1) / seeds**0.5
        ends += list(np.subtract(seed_interval(values), exact_interval(values)) / error)
        bound = values.mean() - 3 * error
        shares.append(sign_flip_p(values, bound) / exact_p(values, bound) - 1)
    return {
        "end, RMS": float(np.sqrt(np.mean(np.square(ends)))),
        "greatest": float(np.abs(ends).max()),
        "p, median": float(np.median(np.abs(shares))),
    }


def exact_interval(values: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """What `seed_interval` would give if it looked at all flips, to 1e-9 of the values' range."""
    low, high = (sign * _last_rejected(sign * values, alpha / 2) for sign in (1, -1))
    return low, high


def _last_rejected(values: np.ndarray, tail: float) -> float:
    """The greatest bound below the mean with an exact p of at most `tail`, by bisection."""
    low, high = float(values.min()) - 1e-9, float(values.mean())
    while high - low > 1e-9 * np.ptp(values):
        middle = (low + high) / 2
        low, high = (middle, high) if exact_p(values, middle) <= tail else (low, middle)
    return low


def exact_p(values: np.ndarray, bound: float) -> float:
    """What `sign_flip_p` would give if it looked at all 2^n flips: in seconds for n = 40."""
    tolerance = TOLERANCE * np.abs(values).max(initial=abs(bound))
    first, second = (_subset_sums(half) for half in np.array_split(values - bound, 2))
    counts = np.searchsorted(np.sort(second), np.sort(tolerance - first), side="right")
    return float(counts.sum() / (first.size * second.size))


def _subset_sums(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums, sums + value))
    return sums


def make_claims(count: int) -> list[Claim]:
    """Claims that a candidate's validation loss is above another's."""
    return [
        Claim(f"claim {number}", f"one {number}", "val_loss", f"other {number}", above=0.0)
        for number in range(count)
    ]


def check_judge(claims: list[Claim], values: np.ndarray, verdicts: list[str]) -> None:
    """Stop where `judge` finds other verdicts in a table with these differences.

    Args:
        values: (claims, seeds).
    """
    judged = [verdict.outcome for verdict in judge(claims, table_of(values))]
    if judged != verdicts:
        raise SystemExit(f"judge found {judged}, outcomes {verdicts}")


def table_of(values: np.ndarray) -> pd.DataFrame:
    """What `judge` reads of a study's table: two candidates' trials for each claim and seed.

    Args:
        values: their differences, (claims, seeds).
    """
    rows = [
        {"candidate": f"{which} {number}", "seed": seed, "val_loss": value}
        for number, differences in enumerate(values)
        for seed, difference in enumerate(differences)
        for which, value in (("one", difference), ("other", 0.0))
    ]
    same = {"stage": "confirm", "status": "complete", "is_final": True, "is_best": True}
    return pd.DataFrame(rows).assign(**same)


if __name__ == "__main__":
    main()
