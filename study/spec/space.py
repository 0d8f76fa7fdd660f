"""Dimensions of a search space, each as an Optuna distribution, a grid and words."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

# Optuna takes a second to import; a task file that only states a space does not need it.

EDGE = 0.05  # share of a range that is its edge


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

    def suggest(self, trial: "Trial", name: str) -> float:
        """Optuna's proposal."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether the value is one of the dimension's."""
        return _is_number(value) and self.low <= value <= self.high

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

    def suggest(self, trial: "Trial", name: str) -> int:
        """Optuna's proposal."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether the value is one of the dimension's."""
        return _is_number(value) and value == int(value) and self.low <= value <= self.high

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
    """One of several values: numbers, text, True and False."""

    values: tuple[Any, ...]

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the dimension, a sentence each."""
        if not self.values or max(map(self.values.count, self.values)) > 1:
            yield f"a choice needs at least one value and none twice; got {self.values}"
        if not all(isinstance(value, str | Real) for value in self.values):
            yield f"a choice is between numbers, text, True and False; got {self.values}"

    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def suggest(self, trial: "Trial", name: str) -> Any:
        """Optuna's proposal."""
        return trial.suggest_categorical(name, self.values)

    def contains(self, value: Any) -> bool:
        """Whether the value is one of the dimension's."""
        return any(_is_same(value, one) for one in self.values)

    def describe(self) -> str:
        return "one of " + ", ".join(str(value) for value in self.values)

    def identity(self) -> str:
        """As in the seeds of searches: a change of these words would train every search anew."""
        return self.describe()

    def grid(self, points: int) -> list[Any]:
        """All values, whatever `points` asks for."""
        del points
        return list(self.values)


@dataclass(frozen=True)
class If:
    """A dimension that is searched only where another one has certain values; elsewhere its
    hyper-parameter is what it is without a search.

        {
            "optimiser": Choice(("adam", "sgd")),
            "momentum": If("optimiser", equals="sgd", then=Float(0.5, 0.99)),
        }

    Attributes:
        other: name of the other, which stands before this one in the space. Where it is itself not
            searched, neither is this one.
        then: what is searched where the condition holds.
        equals: the other's value, or one of them in a tuple.
        above: a number that the other's value must be greater than. One of the two is given.
    """

    other: str
    then: Float | Int | Choice
    equals: Any = None
    above: float | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the dimension, a sentence each."""
        if (self.equals is None) == (self.above is None):
            yield "a condition needs either equals or above"
        if not isinstance(self.then, Float | Int | Choice):
            yield f"then must be Float, Int or Choice; got {self.then!r}"
        else:
            yield from self.then.mistakes()

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether this is searched at a point of the space."""
        return self.other in params and self.allows(params[self.other])

    def allows(self, value: Any) -> bool:
        """Whether the condition holds where the other one has this value."""
        if self.above is not None:
            return _is_number(value) and value > self.above
        values = self.equals if isinstance(self.equals, tuple) else (self.equals,)
        return any(_is_same(value, one) for one in values)

    def distribution(self) -> "BaseDistribution":
        return self.then.distribution()

    def suggest(self, trial: "Trial", name: str) -> Any:
        """Optuna's proposal."""
        return self.then.suggest(trial, name)

    def contains(self, value: Any) -> bool:
        """Whether the value is one of the dimension's."""
        return self.then.contains(value)

    def describe(self) -> str:
        values = self.equals if isinstance(self.equals, tuple) else (self.equals,)
        condition = "is " + " or ".join(map(str, values))
        if self.above is not None:
            condition = f"is above {self.above:g}"
        return f"{self.then.describe()}, where {self.other} {condition}"

    def identity(self) -> str:
        """As in the seeds of searches: a change of these words would train every search anew."""
        condition = f"above {self.above!r}" if self.above is not None else f"is {self.equals!r}"
        return f"{self.then.identity()} if {self.other} {condition}"

    def grid(self, points: int) -> list[Any]:
        """That of `then`."""
        return self.then.grid(points)

    def allowed(self, other: "Dimension") -> list[Any]:
        """Values of the other dimension where the condition holds, some of them; empty where it
        holds nowhere."""
        values = self.equals if isinstance(self.equals, tuple) else (self.equals,)
        known = [*other.grid(2), *(value for value in values if other.contains(value))]
        return [value for value in known if self.allows(value)]


Dimension = Float | Int | Choice | If


def is_searched(dimension: Dimension, params: Mapping[str, Any]) -> bool:
    """Whether the dimension is searched at a point of the space, of which those before it are
    known."""
    return not isinstance(dimension, If) or dimension.holds(params)


def is_at_edge(dimension: Dimension, value: Any) -> bool:
    """Whether a value lies in the first or last EDGE of the range of a dimension of numbers, on its
    own scale: what is best may lie outside. Below 0 there is nothing, as a rule, so that a range
    from 0 has no such beginning."""
    within = dimension.then if isinstance(dimension, If) else dimension
    if isinstance(within, Choice) or not _is_number(value):
        return False
    low, high = within.low, within.high
    if within.log:
        low, value, high = map(math.log, (low, value, high))
    share = (value - low) / (high - low)
    return share > 1 - EDGE or (share < EDGE and within.low != 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_same(one: Any, other: Any) -> bool:
    """Equal, and True is no number."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


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
