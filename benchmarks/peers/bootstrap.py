"""The noise of drawing the test images, beside the noise of seeds."""

import numpy as np

from study.stats.rule import ALPHA

RESAMPLES = 5000
SEED = 0  # of the resampling: equal input gives equal output


def image_interval(correct: np.ndarray, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of an accuracy, or of the difference of two, over draws of test images.

    A percentile bootstrap of the images (Efron 1979), seeded. Each draw takes whole images, with
    both candidates' answers at every seed, so that the difference is paired and averaged over the
    seeds at hand; McNemar's test would be for a single seed. Images count as independent, even
    those of one patient.

    Args:
        correct: whether an image was classified correctly, bool (1 or 2 candidates, seeds, images).
        alpha: share of intervals that may miss.
    """
    shares = correct.mean(axis=1)
    each = shares[0] - shares[1] if len(shares) == 2 else shares[0]
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(each.size, np.full(each.size, 1 / each.size), RESAMPLES)
    low, high = np.quantile(drawn @ each / each.size, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)
