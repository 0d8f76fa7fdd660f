"""What holds for new seeds and new patients alike: a mean over both, and its interval.

Every seed's training is scored on the same images, so seeds and patients are crossed, as readers
and cases are in studies of diagnosis with several readers. The variance of the mean is estimated
as it is there (Dorfman, Berbaum and Metz 1992; Hillis 2007, "A comparison of denominator degrees of
freedom methods for multiple observer ROC analysis"): jackknife pseudo-values, here of patients with
all their images, in a two-way analysis of variance with random effects.

statsmodels' covariance for clusters in two directions (Cameron, Gelbach and Miller 2011) is meant
for many clusters: it subtracts a part of the patients' variance that is their share of one in the
number of seeds. The pigeonhole bootstrap (Owen 2007) resamples a few seeds as if they were many.
`benchmarks/README.md`, "Seeds and patients", has what each of them covers.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, stdtrit

from study.stats.rule import ALPHA
from study.stats.signflip import TOLERANCE


@dataclass(frozen=True)
class CrossedMean:
    """A mean over seeds and images, and what is known of it over new seeds and new patients.

    Attributes:
        mean: of all scores: every image counts once, whoever its patient is.
        interval: at level 1 - alpha; (NaN, NaN) where there is no estimate of its width.
        error: standard error of the mean; NaN with fewer than two seeds or two patients.
        freedom: degrees of freedom of `error`, NaN where it is.
    """

    mean: float
    interval: tuple[float, float]
    error: float
    freedom: float


def crossed_mean(
    scores: np.ndarray, patients: np.ndarray | None = None, alpha: float = ALPHA
) -> CrossedMean:
    """Mean of the scores, with its interval over new seeds and new patients.

    The interval is Student's with Satterthwaite's degrees of freedom; for a share of right answers
    on the scale of logits, so that it stays between 0 and 1. Where scores are all equal their
    spread is not known: the interval is (NaN, NaN), or Clopper's and Pearson's over patients where
    all answers are right, or all wrong.

    Args:
        scores: one for each seed and image, (seeds, images); bool for one candidate's right
            answers, numbers for its losses and for differences of two candidates.
        patients: whose each image is, any integers, (images,); None where every image is taken as
            a patient of its own.
        alpha: share of intervals that may miss the mean.

    Raises:
        ValueError: the shapes differ, or a score is not finite.
    """
    codes = np.arange(scores.shape[1]) if patients is None else np.asarray(patients)
    if codes.shape != scores.shape[1:]:
        raise ValueError(f"{scores.shape[1]} images need as many patients; got {codes.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite; got {scores}")
    mean = float(scores.mean())
    values = _pseudo_values(scores.astype(float), codes)
    if min(values.shape) < 2:
        return CrossedMean(mean, (math.nan, math.nan), math.nan, math.nan)
    error, freedom = _standard_error(values)
    if error <= TOLERANCE * np.abs(values).max():
        same = values.shape[1] if scores.dtype == bool else 0
        return CrossedMean(mean, _interval_without_spread(mean, same, alpha), 0.0, freedom)
    half = -float(stdtrit(freedom, alpha / 2)) * error
    if scores.dtype == bool:
        middle, half = logit(mean), half / (mean * (1 - mean))
        interval = float(expit(middle - half)), float(expit(middle + half))
    else:
        interval = mean - half, mean + half
    return CrossedMean(mean, interval, error, freedom)


def _pseudo_values(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """For each seed and patient P times the mean less P - 1 times that without the patient, P being
    the number of patients: the patient's own mean where all have equally many images.

    Args:
        scores: float (seeds, images).
        codes: integers (images,).

    Returns:
        float (seeds, patients).
    """
    places, sizes = np.unique(codes, return_inverse=True, return_counts=True)[1:]
    sums = np.array([np.bincount(places, each, sizes.size) for each in scores])
    if sizes.size < 2:
        return sums / sizes
    total = sums.sum(axis=1, keepdims=True)
    without = (total - sums) / (sizes.sum() - sizes)
    return sizes.size * total / sizes.sum() - (sizes.size - 1) * without


def _standard_error(values: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean of values crossed in two directions, and its degrees of freedom.

    The variance of the means of rows holds the interaction of both directions once, and so does
    that of the means of columns; it is in the mean's own variance once in all. Where neither
    exceeds the interaction, that alone is left.
    """
    n_rows, n_columns = values.shape
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + values.mean()
    freedom = n_rows - 1, n_columns - 1, (n_rows - 1) * (n_columns - 1)
    by_row, by_column = rows.var(ddof=1) / n_rows, columns.var(ddof=1) / n_columns
    both = np.square(rest).sum() / freedom[2] / values.size
    variance = by_row + by_column - both
    if variance <= both:
        return math.sqrt(both), freedom[2]
    parts = np.square([by_row, by_column, both]) / freedom
    return math.sqrt(variance), float(variance**2 / parts.sum())


def _interval_without_spread(mean: float, patients: int, alpha: float) -> tuple[float, float]:
    """Of a share of which not one patient is an exception, so that the logit is infinite.

    Args:
        patients: with one answer for all; 0 where scores are no answers.
    """
    if not patients or 0 < mean < 1:
        return math.nan, math.nan
    likely = (alpha / 2) ** (1 / patients)  # the least share of which so many can be drawn
    return (likely, 1.0) if mean == 1 else (0.0, 1 - likely)
