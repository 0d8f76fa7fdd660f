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
        ratio: number of validation images over that of training images where every seed has a
            split of its own, see `study.stats.replication`; 0 where all have the same.
    """

    n_claims: int = 1
    alpha: float = ALPHA
    sides: int = 2
    ratio: float = 0.0

    @property
    def tail(self) -> float:
        """The one-sided p that decides a claim whatever the others say: Holm's strictest step."""
        return self.alpha / max(self.n_claims, 1) / self.sides
