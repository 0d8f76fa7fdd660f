"""Which trials of a search a decision about one of them may look at."""

import sys
from dataclasses import dataclass

ALL = sys.maxsize


@dataclass(frozen=True)
class Horizon:
    """What is proposed as a trial, and whether it is stopped, follows from trials before it.

    As a rule those are all that have ended by then, which depends on how fast each of them was. A
    reproducible search looks at those whose numbers are at least `lag` less than the trial's, which
    must have ended before it begins: whatever else has ended by then changes nothing.

    Attributes:
        lag: how much less; 0 for all that have ended. So many trials of a search can be under way
            at a time.
    """

    lag: int = 0

    def of(self, number: int) -> int:
        """The trial of that number sees those of smaller numbers than this."""
        return number - self.lag + 1 if self.lag else ALL


REPRODUCIBLE = Horizon(lag=8)
EVERYTHING = Horizon()
