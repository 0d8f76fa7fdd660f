"""The homework's words as bounds of claims: each word means the same in every task.

What it says in numbers it says of its own scale, and only there it is judged. Whether a model
overfits, is better than another, or restores its level, can be asked at any scale.
"""

from dataclasses import replace
from typing import TypedDict

from study.spec.claim import Claim, Scale
from study.spec.front import Front

SCALE = Scale(30, 256, ("course", "kaggle", "medmnist"), "chest X-rays")
ABOUT = 0.01  # accuracy; half of the distance between 95 and 97 %, which the homework tells apart
NEARLY_EQUAL = 0.01  # accuracy; one image in a hundred is where a reader would call it the same
ALL = 0.995  # accuracy; what a figure shows as 100 %
VERY_LOW = 0.05  # nats; the right answer is given 95 %, in the geometric mean
# nats, of the loss gap; between them nobody would say either. What is cured overfits no more.
OVERFITS, OVERFITS_NOT = 0.1, 0.05
MUCH_FASTER = 0.5  # of the other's time
# What accuracy costs: beside each search's best its cheapest is confirmed, whose loss nobody would
# call worse.
CHEAP = Front("multiply_adds", within=0.02)


class Level(TypedDict):
    """The scale of a claim, see `study.spec.claim.Claim`."""

    scale: Scale


AT_SCALE: Level = {"scale": SCALE}


class Bounds(TypedDict):
    """The region of a claim, see `study.spec.claim.Claim`."""

    above: float
    below: float


def about(value: float, within: float = ABOUT) -> Bounds:
    """At most `within` from the value, both ways: "about", "near", "close to"."""
    return {"above": round(value - within, 6), "below": round(value + within, 6)}


def said(*claims: Claim, quote: str, source: str) -> tuple[Claim, ...]:
    """The claims with the sentence of the homework that they are read from."""
    return tuple(replace(claim, quote=quote, source=source) for claim in claims)
