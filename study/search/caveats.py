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
    """Classes with too few images to judge anything on, a test part that claims read and that is
    not there, and parts whose patients are unknown; a line each. A run that judges nothing has none
    of the first."""
    if plan.budget.judged:
        yield from _few_images(plan)
    reading = [one.name for one in plan.study.claims if one.metric.startswith("test_")]
    if reading and "test" not in plan.data.counts:
        verb = "reads" if len(reading) == 1 else "read"
        yield f"no test part, which {', '.join(reading)} {verb}: the validation part stands in"
    unknown = [part for part in plan.data.counts if plan.data.patients.get(part) is None]
    if unknown:
        yield f"patients unknown in {', '.join(unknown)}: one may have {plan.examples} in two parts"
    scored = [part for part in unknown if part in PARTS]
    if scored:
        one = plan.examples[:-1]
        yield f"verdicts that generalise count each {one} of {', '.join(scored)} as a patient"


def _few_images(plan: Plan) -> Iterator[str]:
    """Each class of two; of more the smallest, with how many others have too few."""
    for part, title in PARTS.items():
        counts = plan.data.counts.get(part, {})
        wide = {name: width for name, n in counts.items() if (width := _width(n)) > TOO_WIDE}
        rates = dict(zip(counts, RATES, strict=True)) if len(counts) == len(RATES) else {}
        for name in [*wide] if rates else sorted(wide, key=lambda name: counts[name])[:1]:
            others = f", {len(wide) - 1} other classes have few" * (not rates and len(wide) > 1)
            yield (
                f"only {counts[name]} “{name}” {title} {plan.examples}: "
                f"{rates.get(name, 'recall')} known to ±{50 * wide[name]:.0f} points{others}"
            )


def _width(number: int) -> float:
    """Of the interval of a share of so many images."""
    low, high = share_interval(number // 2, number)
    return high - low
