"""The homework's words as bounds of claims: each word means the same in every task."""

from dataclasses import replace
from typing import TypedDict

from study.spec.study import Claim

ABOUT = 0.02  # accuracy; which 400 images are drawn moves it by 1.7 points, 19 times in 20
NEARLY_EQUAL = 0.01  # accuracy; one image in a hundred is where a reader would call it the same
ALL = 0.995  # accuracy; what a figure shows as 100 %
VERY_LOW = 0.05  # nats; the right answer is given 95 %, in the geometric mean
OVERFITS, OVERFITS_NOT = 0.1, 0.05  # nats, of the loss gap; between them nobody would say either
MUCH_FASTER = 0.5  # of the other's time


class Bounds(TypedDict):
    """The region of a claim, see `study.spec.study.Claim`."""

    above: float
    below: float


def about(value: float, within: float = ABOUT) -> Bounds:
    """At most `within` from the value, both ways: "about", "near", "close to"."""
    return {"above": round(value - within, 6), "below": round(value + within, 6)}


def said(*claims: Claim, quote: str, source: str) -> tuple[Claim, ...]:
    """The claims with the sentence of the homework that they are read from."""
    return tuple(replace(claim, quote=quote, source=source) for claim in claims)
