"""Simulation of fixed and resampled splits: wrong verdicts about two procedures that are equal.

    python -m benchmarks.splits [--studies 2000]

A study has one data set of 500 images and trains two procedures on every seed, with the same split
of 400 training and 100 validation images: either all seeds on one split, or each on a split of its
own. A claim says that the one procedure is more accurate than the other. They see features of equal
distribution, each its own, so that over draws of data sets they are equally accurate, and every
verdict is wrong. The claims of a study are of procedures of their own, on the same splits.

    stable    a linear classifier of eight features; the seed adds noise to its weights
    unstable  the one best of eight features; the seed adds noise to what is compared

The rules, two-sided, after Holm: Student's t test; the exact sign test, which leaves out ties; and
both corrected for splits that overlap, `study.stats.resampled`. "wrong" is the share of studies
with a wrong verdict. "power" is the share of studies that find the one claim with an effect of so
many standard deviations over seeds and splits, of values that are as correlated as assumed.
"correlation" is that of two seeds' differences over data sets; the corrected rules assume 0.2.
"collapses" is the corrected t test's share of wrong verdicts where the means are equal and one side
collapses in one training of ten; what the sign test is asked, in which share of trainings the claim
holds, is another question there.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from study.stats.region_test import holm
from study.stats.replication import sign_tails
from study.stats.resampled import resampled_t_p
from study.stats.rule import ALPHA

TRAIN, VAL = 400, 100
RATIO = VAL / TRAIN
FEATURES = 8
SEEDS, CLAIMS = (10, 20, 30), (1, 8)
EFFECTS = (1, 1.5, 2, 3)  # standard deviations
COLLAPSES = 0.1  # of one side's trainings
# What each feature separates by, in standard deviations, and the noise of the seeds on that scale.
LEARNERS = {
    "stable": (np.full(FEATURES, 0.45), 0.2),
    "unstable": (np.linspace(0.9, 1.1, FEATURES), 0.03),
}


def t_p(values: np.ndarray, ratio: float) -> float:
    return 2 * min(resampled_t_p(sign * values, 0.0, ratio) for sign in (1, -1))


def sign_p(values: np.ndarray, ratio: float) -> float:
    signs = np.sign(values[values != 0])
    if not signs.size:
        return 1.0
    more = max(int((signs == side).sum()) for side in (1, -1))
    return min(1.0, 2 * sign_tails(signs.size, ratio)[more])


RULES: dict[str, Callable[[np.ndarray], float]] = {
    "t": lambda values: t_p(values, 0.0),
    "sign": lambda values: sign_p(values, 0.0),
    "corrected t": lambda values: t_p(values, RATIO),
    "corrected sign": lambda values: sign_p(values, RATIO),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=2000)
    options = parser.parse_args()
    rates = [
        {"learner": learner, "splits": splits, "seeds": seeds, "claims": claims}
        | wrong_verdicts(learner, splits, seeds, claims, options.studies)
        for learner in LEARNERS
        for splits in ("fixed", "resampled")
        for seeds in SEEDS
        for claims in CLAIMS
    ]
    print(pd.DataFrame(rates).to_string(index=False, float_format="{:.3f}".format))
    powers = [
        {"seeds": seeds, "claims": claims, "effect": f"{effect} SD"}
        | power(seeds, claims, effect, options.studies)
        for seeds in SEEDS
        for claims in CLAIMS
        for effect in EFFECTS
    ]
    print(pd.DataFrame(powers).to_string(index=False, float_format="{:.3f}".format))
    skewed = [{"seeds": n, "collapses": collapsing(n, options.studies)} for n in SEEDS]
    print(pd.DataFrame(skewed).to_string(index=False, float_format="{:.3f}".format))


def wrong_verdicts(
    learner: str, splits: str, seeds: int, claims: int, studies: int
) -> dict[str, float]:
    """Shares of studies with a wrong verdict, by rule; and what two seeds have in common."""
    rng = np.random.default_rng([seeds, claims, *map(ord, learner + splits)])
    drawn = [differences(rng, learner, splits, seeds, claims) for _ in range(studies)]
    values = np.concatenate(drawn)
    shared = np.cov(values.T)[~np.eye(seeds, dtype=bool)].mean() / values.var()
    wrong = {
        name: float(np.mean([any(decided(rule, study)) for study in drawn]))
        for name, rule in RULES.items()
    }
    return {"correlation": float(shared)} | wrong


def power(seeds: int, claims: int, effect: float, studies: int) -> dict[str, float]:
    """Shares of studies that find the one claim with an effect among claims without, by rule; of
    the corrected rules, since the others do not keep their level."""
    rng = np.random.default_rng([seeds, claims])
    own = rng.standard_normal((studies, claims, seeds))
    values = (own + RATIO**0.5 * rng.standard_normal((studies, claims, 1))) / (1 + RATIO) ** 0.5
    values[:, 0] += effect
    corrected = {name: rule for name, rule in RULES.items() if name.startswith("corrected")}
    return {
        name: float(np.mean([decided(rule, study)[0] for study in values]))
        for name, rule in corrected.items()
    }


def collapsing(seeds: int, studies: int) -> float:
    """The corrected t test's share of wrong verdicts, one claim, where one side may collapse."""
    rng = np.random.default_rng(seeds)
    fallen = rng.random((studies, seeds)) < COLLAPSES
    own = np.where(fallen, COLLAPSES - 1, COLLAPSES) + 0.05 * rng.standard_normal(fallen.shape)
    spread = (COLLAPSES * (1 - COLLAPSES)) ** 0.5
    values = own + spread * RATIO**0.5 * rng.standard_normal((studies, 1))
    return float(np.mean([t_p(each, RATIO) <= ALPHA for each in values]))


def decided(rule: Callable[[np.ndarray], float], study: np.ndarray) -> np.ndarray:
    """Which claims get a verdict, bool (claims,), by their differences (claims, seeds)."""
    return holm([rule(values) for values in study]) <= ALPHA


def differences(
    rng: np.random.Generator, learner: str, splits: str, seeds: int, claims: int
) -> np.ndarray:
    """Differences in accuracy of each claim's two procedures on one data set, (claims, seeds)."""
    separation, noise = LEARNERS[learner]
    # an image's features times its class, 1 or -1: those of one procedure after the other's
    images = separation + rng.standard_normal((TRAIN + VAL, 2 * claims, FEATURES))
    validates = np.stack(list(_draw_splits(rng, splits, seeds)))
    trains = (~validates).astype(float)
    learnt = np.tensordot(trains, images, axes=1) / TRAIN  # (seeds, procedures, features)
    learnt = learnt + noise * rng.standard_normal(learnt.shape)
    if learner == "unstable":
        learnt = (learnt == learnt.max(axis=2, keepdims=True)).astype(float)
    correct = np.einsum("spf,npf->spn", learnt, images, optimize=True) > 0
    accuracies = (correct & validates[:, None]).sum(axis=2) / VAL
    return (accuracies[:, ::2] - accuracies[:, 1::2]).T


def _draw_splits(rng: np.random.Generator, splits: str, seeds: int) -> Iterator[np.ndarray]:
    """Which images validate, bool (images,), for each seed."""
    fixed = np.arange(TRAIN + VAL) < VAL
    for _ in range(seeds):
        yield rng.permutation(fixed) if splits == "resampled" else fixed


if __name__ == "__main__":
    main()
