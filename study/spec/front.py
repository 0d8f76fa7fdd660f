"""The second objective of a search: what its models cost."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

WORDS = {"multiply_adds": "multiply-adds", "activation_bytes": "bytes of activations"}


@dataclass(frozen=True)
class Front:
    """Searches for the best score at each cost, the Pareto front, and confirms a second choice: the
    cheapest configuration that is nearly as good as the best.

    Attributes:
        cost: one of `hw3.cost.MEASURES`, less is better.
        within: how much worse than the best trial's the objective of the cheapest one may be, in
            the objective's units: nats of a loss, 0.01 for a percentage point of accuracy.
    """

    cost: str
    within: float

    def describe(self) -> str:
        """In words, after "the cheapest"."""
        return f"by {WORDS.get(self.cost, self.cost)}, within {self.within:g} of the best"

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it, a sentence each."""
        if not 0 < self.within < math.inf:
            yield f"within must be greater than 0 and finite; got {self.within}"
