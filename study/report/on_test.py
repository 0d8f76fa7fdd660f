"""What the test part says against the validation part: an order that turns, levels that fall."""

from collections.abc import Iterator

import numpy as np

from study.judge.images import image_scores, patient_interval
from study.report.found import Finding, Found
from study.report.sources import candidate_source
from study.spec.claim import Claim
from study.table.columns import all_columns
from study.table.formatting import column_name, format_value
from study.table.seeds import confirmed_finals


def turned_orders(found: Found) -> Iterator[Finding]:
    """Comparisons on the validation part whose order is the other one on the test part."""
    told = set()
    for verdict in found.verdicts:
        claim = verdict.claim
        test = claim.metric.replace("val_", "test_", 1)
        if claim.versus is None or claim.ratio or test not in all_columns() or test == claim.metric:
            continue
        pair = frozenset(claim.candidates), claim.metric
        differences = {
            metric: _differences(found, claim, metric) for metric in (claim.metric, test)
        }
        signs = {_majority(each) for each in differences.values()}
        if signs == {-1, 1} and pair not in told:
            told.add(pair)
            shown = [
                f"{_difference(metric, float(each.mean()))} on the {part} part"
                for (metric, each), part in zip(
                    differences.items(), ("validation", "test"), strict=True
                )
            ]
            one, other = (found.labels[name] for name in claim.candidates)
            yield Finding(
                f"The order turns on the test part: {column_name(claim.metric)} of {one} "
                f"minus that of {other} is {shown[0]}, and {shown[1]}.",
                tuple(map(candidate_source, claim.candidates)),
            )


def _differences(found: Found, claim: Claim, metric: str) -> np.ndarray:
    """One per seed that has both, (n,)."""
    finals = confirmed_finals(found.table)
    one, other = (
        finals.loc[finals["candidate"] == name].set_index("seed")[metric].astype(float)
        for name in claim.candidates
    )
    return (one - other).dropna().to_numpy(float)


def _majority(differences: np.ndarray) -> int:
    """The sign that more than half of the differences have; 0 where none has."""
    if not differences.size:
        return 0
    above, below = np.mean(differences > 0), np.mean(differences < 0)
    return int(above > 0.5) - int(below > 0.5)


def fallen_levels(found: Found) -> Iterator[Finding]:
    """Levels of the validation accuracy that the test part does not bear out, in one sentence."""
    falls = list(_falls(found))
    beyond = "by more than other seeds and patients explain"
    if len(falls) == 1:
        ((name, validation, test),) = falls
        yield Finding(
            f"{found.labels[name]} falls from {_share(validation)} on the validation part to "
            f"{_share(test)} on the test part, {beyond}.",
            (candidate_source(name),),
        )
    elif falls:
        each = "; ".join(
            f"{found.labels[name]} {_share(val)} to {_share(test)}" for name, val, test in falls
        )
        which = "All" if len(falls) == len(found.labels) else f"{len(falls)}"
        yield Finding(
            f"{which} candidates fall from the validation to the test part, {beyond}: {each}.",
            tuple(candidate_source(name) for name, _, _ in falls),
        )


def _falls(found: Found) -> Iterator[tuple[str, float, float]]:
    """Name, mean validation and mean test accuracy of each candidate whose first lies outside of
    the second's interval over new seeds and patients."""
    finals = confirmed_finals(found.table)
    for name in found.labels:
        rows = finals.loc[finals["candidate"] == name].dropna(subset=["test_accuracy"])
        if rows.empty:
            continue
        validation, test = (float(rows[f"{part}_accuracy"].mean()) for part in ("val", "test"))
        level = Claim(name, name, "test_accuracy", above=0.0)
        scores = image_scores(level, level.metric, [rows])
        interval = patient_interval(scores, level.metric, found.terms.patients)
        if interval is not None and validation > interval[1]:
            yield name, validation, test


def _share(value: float) -> str:
    return format_value("val_accuracy", value)


def _difference(metric: str, value: float) -> str:
    return format_value(metric, value, difference=True)
