"""What the studies have shown: pure functions from outcomes to the rows of the tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from study.judge import Outcome
from study.stats.looks import Looks
from study.stats.power import decision_chances
from study.stats.replication import share_interval
from study.stats.rule import ALPHA, Rule


@dataclass(frozen=True)
class Result:
    """What became of one study.

    Attributes:
        outcomes: all that its runs said, in the order of runs and of claims.
        seeds: greatest number of seeds that a claim was judged on.
        trainings: in its results folder at the end.
    """

    outcomes: Sequence[Outcome]
    seeds: int
    trainings: int


def standard_error(rate: float, n: int) -> float:
    """Of a share of n; where it is 0 or 1, as if half a study were otherwise."""
    inside = min(max(rate, 0.5 / n), 1 - 0.5 / n)
    return math.sqrt(inside * (1 - inside) / n)


def false_row(results: Sequence[Result], wrong: Sequence[Outcome]) -> dict[str, Any]:
    """How many studies said something false, each counted once, and by what.

    `exceeds` says whether the whole exact 95 % interval lies above 5 %.
    """
    n, counted = len(results), {}
    for outcome in ("supported", "refuted"):
        counted[outcome] = sum(outcome in one.outcomes for one in results)
    false = sum(any(o in wrong for o in one.outcomes) for one in results)
    low, high = share_interval(false, n)
    return {
        "studies": n,
        "false": false,
        "rate": false / n,
        "error": standard_error(false / n, n),
        "low": low,
        "high": high,
        "exceeds": low > ALPHA,
        **counted,
        "not judged": sum("not judged" in one.outcomes for one in results),
        "seeds": float(np.mean([one.seeds for one in results])),
        "trainings": float(np.mean([one.trainings for one in results])),
    }


def promise(differences: np.ndarray, looks: Looks) -> dict[str, float]:
    """What the plan says about a claim that these differences lie below zero: its power at the
    share of trainings in which it holds, with the standard error that the share's has as its
    consequence, and at the effect in standard deviations, were they normal.

    Args:
        differences: of other trainings than are judged, (n,).
    """
    n, rule = differences.size, Rule()
    share = float(np.mean(differences < 0))
    effect = float(-differences.mean() / differences.std(ddof=1))
    error = standard_error(share, n)
    shares = [max(0.0, share - error), min(1.0, share + error)]
    ends = [decision_chances(looks, rule, one, gives_up=True)[0] for one in shares]
    return {
        "effect": effect,
        "effect error": math.sqrt((1 + effect**2 / 2) / n),
        "share": share,
        "share error": error,
        "promised": decision_chances(looks, rule, share, gives_up=True)[0],
        "promised error": (ends[1] - ends[0]) / 2,
        "promised if normal": decision_chances(looks, rule, float(ndtr(effect)), gives_up=True)[0],
    }


def found_row(results: Sequence[Result], sought: Outcome, promised: Mapping[str, float]) -> dict:
    """How many studies found the planted effect, beside what was promised; `z` is the difference
    in standard errors of both."""
    n = len(results)
    found = sum(sought in one.outcomes for one in results) / n
    error = standard_error(found, n)
    both = math.hypot(error, promised["promised error"])
    return {
        **promised,
        "found": found,
        "found error": error,
        "z": (found - promised["promised"]) / both,
    }


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """A Markdown table; every row has the first one's columns."""
    names = list(rows[0])
    lines = [
        names,
        ["---", *["--:"] * (len(names) - 1)],
        *([row[n] for n in names] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
