"""The pages on records and on Python, from docstrings."""

from collections.abc import Iterator
from dataclasses import is_dataclass

from docstrings import code, function, parse, record, table


def records() -> Iterator[str]:
    """What is written: a trial's record, an epoch's row, a verdict."""
    from hw3.cost import Cost
    from hw3.engine import EpochRow
    from study.judge.verdict import Verdict
    from study.report.verdicts import verdict_values
    from study.spec.claim import Claim
    from study.store.records import Record

    yield "# Records and verdicts\n"
    yield (
        "`RESULTS/trials/KEY.json` is one finished trial, a `Record` as JSON with a checksum. KEY "
        "is made of its ingredients, so that equal work is found again and is not repeated. "
        "[Which files there are](results.md).\n"
    )
    for kind in (Record, EpochRow, Cost):
        yield record(kind)
    yield "## Verdicts\n"
    yield (
        "`RESULTS/TASK/verdicts.json` is a list with one object for each claim; numbers that "
        "cannot be computed are null. `Result.verdicts` is the same as a DataFrame.\n"
    )
    claim = Claim("name", "candidate", "val_accuracy", above=0.0)
    keys = verdict_values(Verdict(claim, "undecided"), {"candidate": "candidate"})
    meanings = parse(Claim)[1]["Attributes"] | parse(Verdict)[1]["Attributes"] | VERDICT_KEYS
    rows = [(code(key), meanings.get(key, "")) for key in (*keys, "untuned")]
    yield table(("key", "meaning"), rows)


# Keys of verdicts.json that are no fields of Verdict or Claim, or need other words than these.
VERDICT_KEYS = {
    "claim": "name of the claim.",
    "text": "the claim in words, the study's own where it has some.",
    "tested": "the claim in words as it was tested.",
    "verdict": "supported, refuted, undecided or not judged.",
    "share_low": "lower end of the 95 % interval of the share of all trainings in which it holds.",
    "share_high": "its upper end.",
    "ci_low": "lower end of the 95 % interval of the effect, over seeds.",
    "ci_high": "its upper end.",
    "patients_low": "lower end of the 95 % interval of the effect over new seeds and patients.",
    "patients_high": "its upper end.",
    "generalises": "yes, no or not shown; empty without a verdict.",
    "margin": "the claim's bounds.",
    "unit": "of effect, intervals and bounds.",
    "reason": "what else a reader must know, in words.",
}


# Records of `study` that other pages or other parts of this one describe.
ELSEWHERE = ("Result", "Float", "Int", "Choice", "If")


def python() -> Iterator[str]:
    """The public Python API."""
    import study
    from hw3 import data, splits
    from hw3.metrics import Metric
    from hw3.models import Engine, Family, Shape

    yield "# Python\n"
    yield "What `from study import …` has, and what a study's file uses of `hw3`.\n"
    for name in ("run", "load"):
        yield function(getattr(study, name), f"study.{name}")
    yield "## Result\n\n" + parse(study.Result)[0] + "\n"
    for name, one in vars(study.Result).items():
        if name.startswith("_"):
            continue
        inner = getattr(one, "func", None) or getattr(one, "fget", None)
        if inner is not None:
            yield f"### Result.{name}\n\n{parse(inner)[0]}\n"
        elif callable(one):
            yield function(one, f"Result.{name}", "###")
    for name in study.__all__:
        if is_dataclass(kind := getattr(study, name)) and name not in ELSEWHERE:
            yield record(kind)
    yield "Dimensions of a space are in [search spaces and samplers](search.md#dimensions).\n"
    for kind in (Family, Shape, Engine, Metric, data.Source):
        yield record(kind)
    for one in (data.splits_from_arrays, data.splits_from_dataset):
        yield function(one, f"hw3.data.{one.__name__}")
    yield function(splits.make_splits, "hw3.splits.make_splits")
