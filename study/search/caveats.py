"""What the data of a run cannot show, said before it trains: no reason to refuse it."""

from collections.abc import Iterator

from study.search.plan import Plan
from study.stats.replication import share_interval

# A class has too few images where the exact 95 % interval of a share of them (Clopper and Pearson
# 1934) is wider than this at one half, where it is widest: with less than 104. Beleites et al.
# (2013, "Sample size planning for classification models") find that to test a good classifier takes
# 75 to 100 samples of a class, and to show that one is better than another takes more.
TOO_WIDE = 0.2
PARTS = {"val": "validation", "test": "test"}
RATES = ("specificity", "sensitivity")  # of two classes, in the order of their labels


def describe_caveats(plan: Plan) -> Iterator[str]:
    """Classes with too few images to judge anything on, and parts whose patients are unknown; a
    line each. A run that judges nothing has none of the first."""
    if plan.budget.judged:
        yield from _few_images(plan)
    unknown = [part for part in plan.data.counts if plan.data.patients.get(part) is None]
    if unknown:
        yield f"patients unknown in {', '.join(unknown)}: one may have images in two parts"
    scored = [part for part in unknown if part in PARTS]
    if scored:
        yield f"verdicts that generalise count each image of {', '.join(scored)} as a patient"


def _few_images(plan: Plan) -> Iterator[str]:
    examples = "images" if plan.shape.is_image else "examples"
    for part, title in PARTS.items():
        counts = plan.data.counts.get(part, {})
        rates = dict(
            zip(counts, RATES if len(counts) == 2 else ["recall"] * len(counts), strict=True)
        )
        for name, number in counts.items():
            low, high = share_interval(number // 2, number)
            if high - low > TOO_WIDE:
                yield (
                    f"only {number} {name} {title} {examples}: {rates[name]} known to "
                    f"±{50 * (high - low):.0f} points"
                )
