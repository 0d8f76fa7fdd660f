"""Simulation of intervals over new seeds and new patients, where the truth is known.

    python -m benchmarks.crossed [--samples 600] [--resampled 40] [--images 400]

Two candidates answer the same images at every seed. An answer is right where a sum of normal
variables exceeds a bound: the image's ease, shared by both candidates; the candidate's own liking
of the image; the seed's level; and what is left of a seed and an image. Of each but the level,
PATIENT_SHARE is the patient's. Populations differ in the last three:

    alike      candidates differ in few images, seeds by about half a percentage point
    different  they differ in as much as they share
    same       two names of one configuration: no image is one's rather than the other's
    unsteady   levels of seeds differ by several percentage points

Each row has the shares of 95 % intervals that hold the truth, over populations and accuracies, for
the difference of two accuracies without and with a true difference, for that of two losses without,
and for a single accuracy. "least" and "greatest" are those of `study.stats.crossed` in a single
population, the others pooled; by

    crossed      `study.stats.crossed`
    seeds only   sign flips over the seeds: `study.stats.signflip`; has none for five seeds
    images only  bootstrap of images: `benchmarks.peers.bootstrap`
    pigeonhole   bootstrap of seeds and of patients at once (Owen 2007), percentiles
    statsmodels  its covariance for clusters in two directions, Student's t

of `--samples` samples in each population. The last three are slow: they have `--resampled` samples
without a difference.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from statsmodels.api import OLS

from benchmarks.peers.bootstrap import image_interval
from study.stats.crossed import crossed_mean
from study.stats.rule import ALPHA
from study.stats.signflip import seed_interval

IMAGES, PER_PATIENT, SEEDS = (400, 100), (1, 4), (5, 10)
ACCURACIES = ((0.75, 0.75), (0.97, 0.97), (0.97, 0.93))
PATIENT_SHARE = 0.6  # of the variance between images
STEEPNESS = 4  # logits over standard deviations of the sum
DRAWS = 1000  # of the pigeonhole bootstrap

Interval = tuple[float, float]


@dataclass(frozen=True)
class Population:
    """Variances of what makes an answer right; their sum is 1.

    Attributes:
        ease: of an image, for both candidates.
        liking: of an image, for one candidate.
        level: of one candidate's seed, on all images.
        rest: of one candidate's seed and an image.
    """

    ease: float
    liking: float
    level: float
    rest: float


POPULATIONS = {
    "alike": Population(0.6, 0.15, 0.01, 0.24),
    "different": Population(0.4, 0.4, 0.005, 0.195),
    "same": Population(0.7, 0.0, 0.005, 0.295),
    "unsteady": Population(0.6, 0.05, 0.1, 0.25),
}


@dataclass(frozen=True)
class Sample:
    """What one study would see.

    Attributes:
        margins: by how much an answer is right, wrong below zero, (2, seeds, images).
        patients: (images,).
    """

    margins: np.ndarray
    patients: np.ndarray

    def scores(self, what: str) -> np.ndarray:
        """(1 or 2 candidates, seeds, images)."""
        if what == "loss":
            return np.logaddexp(0, -STEEPNESS * self.margins)
        return self.margins[:1] > 0 if what == "accuracy" else self.margins > 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--resampled", type=int, default=40)
    parser.add_argument("--images", type=int, action="append", help="400 and 100 by default")
    options = parser.parse_args()
    for images, per_patient, seeds in product(options.images or IMAGES, PER_PATIENT, SEEDS):
        rows = coverages(images, per_patient, seeds, options.samples, options.resampled)
        held = pd.DataFrame(rows).groupby("what", sort=False)
        pooled = held[list(METHODS)].mean()
        pooled.insert(1, "least", held["crossed"].min())
        pooled.insert(2, "greatest", held["crossed"].max())
        print(f"{images} images, {per_patient} for each patient, {seeds} seeds")
        print((100 * pooled).to_string(float_format="{:.1f}".format), flush=True)


def coverages(
    images: int, per_patient: int, seeds: int, samples: int, resampled: int
) -> Iterator[dict[str, Any]]:
    """A row for each population, pair of accuracies and kind of score."""
    for (name, population), accuracies in product(POPULATIONS.items(), ACCURACIES):
        rng = np.random.default_rng([images, per_patient, seeds])
        drawn = [
            draw(rng, population, accuracies, images, per_patient, seeds) for _ in range(samples)
        ]
        difference = accuracies[0] - accuracies[1]
        truths = {"true difference": difference}
        if not difference:
            truths = {"no difference": 0.0, "loss": 0.0, "accuracy": accuracies[0]}
        for what, truth in truths.items():
            slow = drawn[: resampled if what == "no difference" else 0]
            yield {"what": what, "population": name, "accuracies": accuracies} | {
                method: share_held(interval, drawn if fast else slow, what, truth)
                for method, (interval, fast) in METHODS.items()
            }


def draw(
    rng: np.random.Generator,
    population: Population,
    accuracies: tuple[float, float],
    images: int,
    per_patient: int,
    seeds: int,
) -> Sample:
    """A study's margins; patients have from 1 to twice as many images as their mean, less one."""
    sizes = rng.integers(1, 2 * per_patient, images, endpoint=False)
    patients = np.repeat(np.arange(images), sizes)[:images]

    def normal(variance: float, *shape: int) -> np.ndarray:
        """Over patients and their images."""
        by_patient = rng.standard_normal((*shape, patients[-1] + 1), np.float32)[..., patients]
        by_image = rng.standard_normal((*shape, images), np.float32)
        shares = np.sqrt([variance * PATIENT_SHARE, variance * (1 - PATIENT_SHARE)])
        return shares[0] * by_patient + shares[1] * by_image

    levels = np.sqrt(population.level) * rng.standard_normal((2, seeds, 1))
    margins = (
        ndtri(accuracies)[:, None, None]
        + levels
        + normal(population.ease)
        + normal(population.liking, 2, 1)
        + normal(population.rest, 2, seeds)
    )
    return Sample(margins, patients)


def share_held(
    interval: Callable[[np.ndarray, np.ndarray], Interval],
    drawn: list[Sample],
    what: str,
    truth: float,
) -> float:
    """Share of the samples whose interval holds the truth; NaN where there are no intervals."""
    found = np.array([interval(sample.scores(what), sample.patients) for sample in drawn])
    if np.isnan(found).all():  # or there are no samples
        return np.nan
    tiny = 1e-12  # of shares, which have no exact sums
    return float(np.mean((found[:, 0] <= truth + tiny) & (truth - tiny <= found[:, 1])))


def effects(scores: np.ndarray) -> np.ndarray:
    """One candidate's scores, or the differences of two, (seeds, images)."""
    return scores[0] if len(scores) == 1 else scores[0].astype(float) - scores[1]


def crossed(scores: np.ndarray, patients: np.ndarray) -> Interval:
    return crossed_mean(effects(scores), patients).interval


def seeds_only(scores: np.ndarray, _patients: np.ndarray) -> Interval:
    return seed_interval(effects(scores).mean(axis=1))


def images_only(scores: np.ndarray, _patients: np.ndarray) -> Interval:
    return image_interval(scores)


def pigeonhole(scores: np.ndarray, patients: np.ndarray) -> Interval:
    values = effects(scores)
    sums = np.array([np.bincount(patients, each) for each in values])
    rng = np.random.default_rng(0)
    seeds, people = (rng.multinomial(n, np.full(n, 1 / n), DRAWS) for n in sums.shape)
    totals = (seeds @ sums * people).sum(axis=1)
    means = totals / (people @ np.bincount(patients)) / len(values)
    low, high = np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def clustered(scores: np.ndarray, patients: np.ndarray) -> Interval:
    values = effects(scores).astype(float)
    rows, columns = np.indices(values.shape).reshape(2, -1)
    groups = np.column_stack([rows, patients[columns]])
    model = OLS(values.ravel(), np.ones(values.size))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fit.conf_int(ALPHA)[0]
    return float(low), float(high)


METHODS = {  # and whether it is fast
    "crossed": (crossed, True),
    "seeds only": (seeds_only, True),
    "images only": (images_only, False),
    "pigeonhole": (pigeonhole, False),
    "statsmodels": (clustered, False),
}

if __name__ == "__main__":
    main()
