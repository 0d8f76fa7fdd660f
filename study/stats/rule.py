"""What a p-value is held against: the level, shared between a study's claims and a test's sides."""

from dataclasses import dataclass

ALPHA = 0.05


@dataclass(frozen=True)
class Rule:
    """How the claims of a study are decided, all of them at one level together.

    Attributes:
        n_claims: number of claims of the study, over which Holm's method corrects.
        alpha: chance of one or more wrong verdicts among them.
        sides: 1 for a test that can only support a claim, 2 for one that can also refute it.
    """

    n_claims: int = 1
    alpha: float = ALPHA
    sides: int = 2

    @property
    def tail(self) -> float:
        """The one-sided p that decides a claim whatever the others say: Holm's strictest step."""
        return self.alpha / max(self.n_claims, 1) / self.sides
