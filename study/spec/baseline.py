"""What is named before the run: a configuration, or one whose size is solved for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from study.spec.field_types import type_mistakes


@dataclass(frozen=True)
class Match:
    """Equal scale: the hyper-parameters `sizes` get the one value that meets a baseline's cost.

    Attributes:
        baseline: the name of the baseline whose cost is to be met.
        measure: one of `hw3.cost.MEASURES`.
        sizes: the hyper-parameters to solve for, all set to the same whole number.
    """

    baseline: str
    measure: str
    sizes: tuple[str, ...]


@dataclass(frozen=True)
class Baseline:
    """A configuration that is named before the run; always confirmed.

    Attributes:
        name: unique in the study; claims refer to it.
        label: what figures and reports call it.
        family: a key of `hw3.models.FAMILIES`.
        config: hyper-parameters that differ from the defaults: the family's own, or the recipe's
            (`hw3.engine.TUNABLE`), such as `learning_rate`.
        match: where given, one size is solved for so that the cost meets another baseline's.
    """

    name: str
    label: str
    family: str
    config: Mapping[str, Any] = field(default_factory=dict)
    match: Match | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the baseline, a sentence each."""
        if self.match is not None:
            yield from (f"match: {mistake}" for mistake in type_mistakes(self.match))
