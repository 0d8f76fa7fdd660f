"""Dimensions of a search space, each as an Optuna distribution, a grid and words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# Optuna takes a second to import; a task file that only states a space does not need it.


@dataclass(frozen=True)
class Float:
    """A real number from low to high, both included; uniform, or log-uniform where `log`."""

    low: float
    high: float
    log: bool = False

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the dimension, a sentence each."""
        return _bound_mistakes(self)

    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    def describe(self) -> str:
        return f"{self.low:g} to {self.high:g}{', log scale' if self.log else ''}"

    def identity(self) -> str:
        """As in the seeds of searches: a change of these words would train every search anew."""
        return self.describe()

    def grid(self, points: int) -> list[float]:
        """`points` values from low to high, evenly spaced on the dimension's own scale."""
        return _spaced(self, points)


@dataclass(frozen=True)
class Int:
    """A whole number from low to high, both included; uniform, or log-uniform where `log`."""

    low: int
    high: int
    log: bool = False

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the dimension, a sentence each."""
        return _bound_mistakes(self)

    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    def describe(self) -> str:
        return f"{self.low} to {self.high}{', log scale' if self.log else ''}"

    def identity(self) -> str:
        """As in the seeds of searches: a change of these words would train every search anew."""
        return f"whole, {self.describe()}"

    def grid(self, points: int) -> list[int]:
        """At most `points` values from low to high, evenly spaced on the dimension's own scale."""
        return sorted({round(value) for value in _spaced(self, points)})


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: tuple[Any, ...]

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the dimension, a sentence each."""
        if not self.values or max(map(self.values.count, self.values)) > 1:
            yield f"a choice needs at least one value and none twice; got {self.values}"

    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def describe(self) -> str:
        return "one of " + ", ".join(str(value) for value in self.values)

    def identity(self) -> str:
        """As in the seeds of searches: a change of these words would train every search anew."""
        return self.describe()

    def grid(self, points: int) -> list[Any]:
        """All values, whatever `points` asks for."""
        del points
        return list(self.values)


Dimension = Float | Int | Choice


def _bound_mistakes(dimension: Float | Int) -> Iterator[str]:
    if not dimension.low < dimension.high:
        yield f"low must be less than high; got {dimension.low} and {dimension.high}"
    if dimension.log and dimension.low <= 0:
        yield f"a log scale needs a low above 0; got {dimension.low}"


def _spaced(dimension: Float | Int, points: int) -> list[float]:
    if points < 2:
        raise ValueError(f"a grid needs at least 2 values; got {points}")
    low, high = dimension.low, dimension.high
    shares = [step / (points - 1) for step in range(points)]
    if dimension.log:
        values = [low * (high / low) ** share for share in shares]
    else:
        values = [low + (high - low) * share for share in shares]
    return [min(max(value, low), high) for value in values]  # rounding must not leave the range
